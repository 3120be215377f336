"""Batches of a pack: the dataset is on the device once, and each trial has its own splits and batch order."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from dropout_lab.config import DataConf
from dropout_lab.data import Dataset, batch_sizes
from dropout_lab.metrics import PARTS
from dropout_lab.rng import Streams, restore_positions, stream_positions
from dropout_lab.train.imputation import fill_of, incomplete
from dropout_lab.train.normalization import PIXEL, fit_centre, fit_scale
from dropout_lab.train.splits import make_splits, noisy_labels, refuse_settings
from dropout_lab.train.vocabulary import token_symbols

# Examples per forward pass over all models: large enough to hide overhead, small enough for any memory.
EVAL_EXAMPLES = 8192
# Limits input values per forward pass: if activations exceed the caches, evaluating a CNN takes twice as long.
EVAL_VALUES = 2**19
MIN_EXAMPLES = 64  # per model; smaller matrix products are inefficient


class Batches:
    """Batches for M trials at once.

    Args:
        dataset: the whole dataset.
        conf: splits and preprocessing.
        streams: random streams of the M trials, which share one base seed.
        device: device of the data.
        splits: number of the published split of each trial, if it differs from ``conf.split``.

    Raises:
        ValueError: a split would be empty, or the data do not support a setting.
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
        self._epoch_start = self._positions()
        self._device, self._conf = device, conf
        kinds = list(zip(streams, splits or [conf.split] * len(streams), strict=True))
        divided = {kind: make_splits(dataset, replace(conf, split=kind[1]), kind[0]) for kind in dict.fromkeys(kinds)}
        self.index = {
            part: torch.from_numpy(np.stack([divided[kind][part] for kind in kinds])).to(device) for part in PARTS
        }
        parts = [divided[kind]["train"] for kind in kinds]
        filled = {kind: fill_of(dataset, conf.missing, rows["train"]) for kind, rows in divided.items()}
        fills = [filled[kind] for kind in kinds]
        self._scale = fit_scale(dataset, conf.normalise, parts, fills, device, self._centre)
        self._fill = None  # values that replace missing cells, [M, F]
        if incomplete(dataset).any():
            values = (np.stack(fills) - self._centre.x).astype(np.float32)
            self._fill = torch.from_numpy(values).to(device)
        self._labels = None  # noisy labels of each trial, [M, N]
        if conf.label_noise:
            noisy = {kind: noisy_labels(dataset, conf, kind[0], parts["train"]) for kind, parts in divided.items()}
            self._labels = torch.from_numpy(np.stack([noisy[kind] for kind in kinds])).to(device)
        self._symbols = None  # symbol of each token for each trial, [M, tokens + 1]
        if dataset.tokens:
            tables = {kind: token_symbols(dataset, parts["train"]) for kind, parts in divided.items()}
            self._symbols = torch.from_numpy(np.stack([tables[kind] for kind in kinds])).to(device)

    @property
    def device(self) -> torch.device:
        """The device of the data."""
        return self._device

    @property
    def validates(self) -> bool:
        """Whether there is a validation set."""
        return self.index["val"].shape[1] > 0

    @property
    def n_train(self) -> int:
        return self.index["train"].shape[1]

    @property
    def n_test(self) -> int:
        return self.index["test"].shape[1]

    def majority_accuracies(self) -> list[float]:
        """Return the test accuracy of always predicting the most frequent training label, one per model.

        Labels are those that the trial is trained on; ties go to the first class. Only for classification.
        """
        accuracies = []
        for m, (train, test) in enumerate(zip(self.index["train"], self.index["test"], strict=True)):
            labels = self._y if self._labels is None else self._labels[m]
            majority = torch.bincount(labels[train]).argmax()
            accuracies.append((self._y[test] == majority).double().mean().item())
        return accuracies

    @property
    def target_scale(self) -> Tensor:
        """Divisor of the normalised target, [M]; it converts a root mean squared loss to the original unit."""
        models = len(self._orders)
        return torch.ones(models, device=self._device) if self._scale is None else self._scale.y_span.squeeze(1)

    def in_units(self, y: Tensor) -> Tensor:
        """Return numeric targets or predictions [M, B] in the original unit of the target, in double precision.

        Class labels are returned unchanged.
        """
        if not y.is_floating_point():
            return y
        if self._scale is None:
            return y.double()
        return y.double() * self._scale.y_span + self._scale.y_low + self._centre.y

    def fetch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return scaled inputs x [M, B, ...] (symbols for texts) and targets y of rows [M, B].

        One target has shape [M, B], K targets [M, B, K].
        """
        return self._normalised(self._examples(rows), rows)

    def batch(self, rows: Tensor, change: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """Return a training batch.

        Like :meth:`fetch`, but ``change`` is applied to the examples [M, B, ...] before they are normalised.
        """
        return self._normalised(change(self._examples(rows)), rows)

    def strange(self, x: np.ndarray) -> Tensor:
        """Return examples x [N, ...] from outside the dataset, scaled for each model, [M, N, ...]."""
        x = x if np.ndim(self._centre.x) == 0 else x - self._centre.x
        values = torch.from_numpy(np.ascontiguousarray(x)).to(self._device)
        values = values.float().div_(PIXEL) if values.dtype == torch.uint8 else values.float()
        scaled = values.unsqueeze(0)
        return scaled if self._scale is None else (scaled - self._scale.x_low) / self._scale.x_span

    def _examples(self, rows: Tensor) -> Tensor:
        # Selecting whole rows is five times as fast as indexing by element.
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
        """Return the rows of the batches of an epoch, [M, B] each, in the next random order of each trial.

        For B see :func:`batch_sizes`.
        """
        self._epoch_start = self._positions()
        orders = np.stack([order.permutation(self.n_train) for order in self._orders])
        rows = self.index["train"].gather(1, torch.from_numpy(orders).to(self._device))
        return rows.split(batch_sizes(self.n_train, batch_size), dim=1)

    def _positions(self) -> Tensor:
        return stream_positions([order.bit_generator for order in self._orders])

    def state_dict(self) -> dict[str, Tensor]:
        """Return the positions of the random streams at the start of the current epoch."""
        return {"order": self._epoch_start}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Return to the start of the epoch of :meth:`state_dict`; the next :meth:`epoch` is that epoch again."""
        restore_positions([order.bit_generator for order in self._orders], state["order"])

    def eval_batches(self, part: str) -> Iterator[Tensor]:
        """Iterate over the rows of a split in evaluation batches [M, B]."""
        rows = self.index[part]
        examples = min(EVAL_EXAMPLES, EVAL_VALUES // max(1, math.prod(self._x.shape[1:])))
        yield from rows.split(max(1, examples // len(rows), min(MIN_EXAMPLES, examples)), dim=1)

    def select(self, models: Sequence[int]) -> "Batches":
        """Return the batches of these models only; their random orders continue."""
        selected, index = copy(self), list(models)
        selected._orders = [self._orders[m] for m in index]
        selected._epoch_start = self._epoch_start[index]
        selected.index = {part: rows[index] for part, rows in self.index.items()}
        if self._scale is not None:
            selected._scale = self._scale.select(index)
        if self._fill is not None:
            selected._fill = self._fill[index]
        if self._labels is not None:
            selected._labels = self._labels[index]
        if self._symbols is not None:
            selected._symbols = self._symbols[index]
        return selected


@lru_cache(maxsize=4)
def _tensors(dataset: Dataset, normalise: str, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the dataset as tensors on the device, once for all packs of a process.

    On the CPU a memory-mapped dataset is not copied. Float64 data are centred and become float32 here.
    """
    centre, x, y = fit_centre(dataset, normalise), dataset.x, dataset.y
    x = (x - centre.x).astype(np.float32) if x.dtype == np.float64 else x
    y = (y - centre.y).astype(np.float32) if y.dtype == np.float64 else y
    return torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)
