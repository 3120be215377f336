"""The data of a pack: whole on the device, each trial with its own division and its own batch order."""

from collections.abc import Sequence
from copy import copy
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from dropout_lab.config import DataConf
from dropout_lab.data import Dataset, hold_out
from dropout_lab.streams import Streams

PARTS = ("train", "val", "test")


class Feed:
    """Batches for M trials at once.

    The test part is the official one, or is drawn from the base seed alone; only the division of the rest into
    training and validation parts varies with the trial seed. Statistics come from the training part.

    Args:
        dataset: the whole set.
        conf: fractions to hold out.
        streams: the trials' streams, M of them, of one base seed.
        device: where the data are kept.

    Raises:
        ValueError: a part would be empty.
    """

    def __init__(self, dataset: Dataset, conf: DataConf, streams: Sequence[Streams], device: torch.device):
        self._x, self._y = _tensors(dataset, device)
        self._orders = [s.generator("order") for s in streams]
        self._device = device
        different = dict.fromkeys(streams)
        divided = {s: divide(dataset, conf, s) for s in different}
        self.index = {
            part: torch.from_numpy(np.stack([divided[s][part] for s in streams])).to(device) for part in PARTS
        }
        self._scale = self._statistics(dataset) if dataset.standardise else None

    def _statistics(self, dataset: Dataset) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Mean and deviation of the features [M, 1, F] and of a regression's target [M, 1], training part only."""
        x, y = self._x[self.index["train"]].double(), self._y[self.index["train"]].double()
        mean, std = x.mean(1, keepdim=True), x.std(1, keepdim=True, unbiased=False)
        if dataset.task == "classification":
            y_mean, y_std = torch.zeros_like(y[:, :1]), torch.ones_like(y[:, :1])
        else:
            y_mean, y_std = y.mean(1, keepdim=True), y.std(1, keepdim=True, unbiased=False)
        # A constant feature stays constant instead of becoming 0/0.
        parts = (mean, torch.where(std > 0, std, 1), y_mean, torch.where(y_std > 0, y_std, 1))
        return tuple(p.float() for p in parts)  # type: ignore[return-value]

    @property
    def n_train(self) -> int:
        return self.index["train"].shape[1]

    @property
    def target_scale(self) -> Tensor:
        """Deviation of the target that losses are measured in, [M]."""
        models = len(self._orders)
        return torch.ones(models, device=self._device) if self._scale is None else self._scale[3].squeeze(1)

    def fetch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Standardised x [M, B, ...] and y [M, B] of these rows [M, B]."""
        x, y = self._x[rows], self._y[rows]
        if self._scale is None:
            return x, y
        mean, std, y_mean, y_std = self._scale
        return (x - mean).div_(std), (y - y_mean) / y_std if y.is_floating_point() else y

    def epoch(self, batch_size: int) -> Sequence[Tensor]:
        """The rows of an epoch's batches, [M, B] each and a shorter last one, in each trial's next random order."""
        orders = np.stack([order.permutation(self.n_train) for order in self._orders])
        rows = self.index["train"].gather(1, torch.from_numpy(orders).to(self._device))
        return rows.split(batch_size, dim=1)

    def select(self, models: Sequence[int]) -> "Feed":
        """The feed of these models only; their orders go on where they are."""
        kept, index = copy(self), list(models)
        kept._orders = [self._orders[m] for m in index]
        kept.index = {part: rows[index] for part, rows in self.index.items()}
        if self._scale is not None:
            kept._scale = tuple(s[index] for s in self._scale)  # type: ignore[assignment]
        return kept


def divide(dataset: Dataset, conf: DataConf, streams: Streams) -> dict[str, np.ndarray]:
    """Row numbers of the three parts for one trial.

    Raises:
        ValueError: a part would be empty.
    """
    every = np.arange(len(dataset.x))
    classes = dataset.y if dataset.task == "classification" else None
    if dataset.test is None:
        random = Streams(streams.base).generator("split")
        rest, test = hold_out(every, conf.test_fraction, random, classes)
    else:
        rest, test = np.setdiff1d(every, dataset.test), dataset.test
    labels = None if classes is None else classes[rest]
    train, val = hold_out(rest, conf.val_fraction, streams.generator("split"), labels)
    parts = {"train": train, "val": val, "test": test}
    for name, rows in parts.items():
        if not len(rows):
            raise ValueError(f"data={dataset.name} leaves no example for the {name} part")
    return parts


@lru_cache(maxsize=4)
def _tensors(dataset: Dataset, device: torch.device) -> tuple[Tensor, Tensor]:
    """The set on the device, copied once for all packs of a process."""
    return torch.from_numpy(dataset.x).to(device), torch.from_numpy(dataset.y).to(device)
