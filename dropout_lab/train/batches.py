"""The data of a pack: whole on the device, each trial with its own division and its own batch order."""

import math
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from dropout_lab.config import DataConf
from dropout_lab.data import Dataset, batch_sizes
from dropout_lab.rng import Streams
from dropout_lab.train.imputation import fill_of, incomplete
from dropout_lab.train.normalization import PIXEL, fit_centre, fit_scale
from dropout_lab.train.splits import PARTS, make_splits, noisy_labels, refuse_settings
from dropout_lab.train.vocabulary import token_symbols

# Examples of all models together in one forward pass; large enough to hide overhead, small enough for any memory.
EVAL_EXAMPLES = 8192
# Activations grow with the inputs; where they leave the caches, an evaluation of a CNN takes twice as long.
EVAL_VALUES = 2**19
MIN_EXAMPLES = 64  # examples of one model, for its products to be worth their while


class Batches:
    """Batches for M trials at once.

    Args:
        dataset: the whole set.
        conf: what is held out and what is done to the rest.
        streams: the trials' streams, M of them, of one base seed.
        device: where the data are kept.
        splits: which published split each trial has, where it is not that of ``conf``.

    Raises:
        ValueError: a part would be empty, or the data cannot take a setting.
    """

    def __init__(
        self,
        dataset: Dataset,
        conf: DataConf,
        streams: Sequence[Streams],
        device: torch.device,
        splits: Sequence[int] | None = None,
    ):
        refuse_settings(dataset, conf)
        self._centre = fit_centre(dataset, conf.normalise)
        self._x, self._y = _tensors(dataset, conf.normalise, device)
        self._orders = [s.generator("order") for s in streams]
        self._device, self._conf = device, conf
        kinds = list(zip(streams, splits or [conf.split] * len(streams), strict=True))
        divided = {kind: make_splits(dataset, replace(conf, split=kind[1]), kind[0]) for kind in dict.fromkeys(kinds)}
        self.index = {
            part: torch.from_numpy(np.stack([divided[kind][part] for kind in kinds])).to(device) for part in PARTS
        }
        parts = [divided[kind]["train"] for kind in kinds]
        filled = {kind: fill_of(dataset, conf.missing, each["train"]) for kind, each in divided.items()}
        fills = [filled[kind] for kind in kinds]
        self._scale = fit_scale(dataset, conf.normalise, parts, fills, device, self._centre)
        self._fill = None  # what takes the place of missing cells, for each trial, [M, F]
        if incomplete(dataset).any():
            values = (np.stack(fills) - self._centre.x).astype(np.float32)
            self._fill = torch.from_numpy(values).to(device)
        self._labels = None  # each trial's own [M, N], where they differ
        if conf.label_noise:
            noisy = {kind: noisy_labels(dataset, conf, kind[0], parts["train"]) for kind, parts in divided.items()}
            self._labels = torch.from_numpy(np.stack([noisy[kind] for kind in kinds])).to(device)
        self._symbols = None  # of each token for each trial, [M, tokens + 1]
        if dataset.tokens:
            tables = {kind: token_symbols(dataset, parts["train"]) for kind, parts in divided.items()}
            self._symbols = torch.from_numpy(np.stack([tables[kind] for kind in kinds])).to(device)

    @property
    def validates(self) -> bool:
        """Whether there is a validation part."""
        return self.index["val"].shape[1] > 0

    @property
    def n_train(self) -> int:
        return self.index["train"].shape[1]

    @property
    def n_test(self) -> int:
        return self.index["test"].shape[1]

    def majority_accuracies(self) -> list[float]:
        """The accuracy on the test part of always predicting the class that is the most frequent one among the labels
        that a trial is trained on, [M]; of equally frequent classes the first. For a task with classes."""
        found = []
        for m, (train, test) in enumerate(zip(self.index["train"], self.index["test"], strict=True)):
            labels = self._y if self._labels is None else self._labels[m]
            majority = torch.bincount(labels[train]).argmax()
            found.append((self._y[test] == majority).double().mean().item())
        return found

    @property
    def target_scale(self) -> Tensor:
        """Deviation of the target that losses are measured in, [M]."""
        models = len(self._orders)
        return torch.ones(models, device=self._device) if self._scale is None else self._scale.y_span.squeeze(1)

    def in_units(self, y: Tensor) -> Tensor:
        """Targets or predictions [M, B] of numbers in the target's own unit again, in double precision; others as they
        are."""
        if not y.is_floating_point():
            return y
        if self._scale is None:
            return y.double()
        return y.double() * self._scale.y_span + self._scale.y_low + self._centre.y

    def fetch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled x [M, B, ...], or symbols of texts, and a target y [M, B] or K [M, B, K] of these rows [M, B]."""
        return self._normalised(self._examples(rows), rows)

    def batch(self, rows: Tensor, change: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """As :meth:`fetch`, to train on: what ``change`` makes of the examples [M, B, ...] is normalised."""
        return self._normalised(change(self._examples(rows)), rows)

    def strange(self, x: np.ndarray) -> Tensor:
        """Examples [N, ...] of another set or none, as the trials' models see theirs, [M, N, ...]."""
        x = x if np.ndim(self._centre.x) == 0 else x - self._centre.x
        values = torch.from_numpy(np.ascontiguousarray(x)).to(self._device)
        values = values.float().div_(PIXEL) if values.dtype == torch.uint8 else values.float()
        scaled = values.unsqueeze(0)
        return scaled if self._scale is None else (scaled - self._scale.x_low) / self._scale.x_span

    def _examples(self, rows: Tensor) -> Tensor:
        # Whole rows at once: five times as fast as indexing element by element.
        x = self._x.index_select(0, rows.flatten()).unflatten(0, rows.shape)
        if self._symbols is not None:
            return self._symbols.gather(1, (x.long() % self._symbols.shape[1]).flatten(1)).view(x.shape)
        x = x.float().div_(PIXEL) if x.dtype == torch.uint8 else x.float()
        return x if self._fill is None else torch.where(torch.isnan(x), self._fill.unsqueeze(1), x)

    def _normalised(self, x: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        y = self._y[rows] if self._labels is None else self._labels.gather(1, rows)
        if y.dtype == torch.uint8:
            y = y.float().div_(PIXEL)
        if self._scale is None:
            return x, y
        x = (x - self._scale.x_low).div_(self._scale.x_span)
        return x, (y - self._scale.y_low) / self._scale.y_span if y.is_floating_point() else y

    def epoch(self, batch_size: int) -> Sequence[Tensor]:
        """The rows of an epoch's batches, [M, B] each, in each trial's next random order; for B see
        :func:`batch_sizes`."""
        orders = np.stack([order.permutation(self.n_train) for order in self._orders])
        rows = self.index["train"].gather(1, torch.from_numpy(orders).to(self._device))
        return rows.split(batch_sizes(self.n_train, batch_size), dim=1)

    def looks(self, part: str) -> Iterator[Tensor]:
        """The rows of a part [M, N] in portions [M, B], to be looked at without training."""
        rows = self.index[part]
        each = min(EVAL_EXAMPLES, EVAL_VALUES // max(1, math.prod(self._x.shape[1:])))
        yield from rows.split(max(1, each // len(rows), min(MIN_EXAMPLES, each)), dim=1)

    def select(self, models: Sequence[int]) -> "Batches":
        """The feed of these models only; their orders go on where they are."""
        kept, index = copy(self), list(models)
        kept._orders = [self._orders[m] for m in index]
        kept.index = {part: rows[index] for part, rows in self.index.items()}
        if self._scale is not None:
            kept._scale = self._scale.select(index)
        if self._fill is not None:
            kept._fill = self._fill[index]
        if self._labels is not None:
            kept._labels = self._labels[index]
        if self._symbols is not None:
            kept._symbols = self._symbols[index]
        return kept


@lru_cache(maxsize=4)
def _tensors(dataset: Dataset, normalise: str, device: torch.device) -> tuple[Tensor, Tensor]:
    """Put the set on the device, once for all packs of a process; a mapped one is not copied for the CPU.

    Float64 data are centred and become float32 here.
    """
    centre, x, y = fit_centre(dataset, normalise), dataset.x, dataset.y
    x = (x - centre.x).astype(np.float32) if x.dtype == np.float64 else x
    y = (y - centre.y).astype(np.float32) if y.dtype == np.float64 else y
    return torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)
