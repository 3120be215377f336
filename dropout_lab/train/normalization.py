"""Normalisation with statistics of the training split alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from torch import Tensor

from dropout_lab.data import Dataset

PIXEL = 255.0  # value of 1.0 in images that are stored as bytes
ROWS = 4096  # examples that are converted to float64 at a time
SERIES = 3  # number of axes of series [N, T, F] with features last; images [N, C, H, W] have channels second


@dataclass(frozen=True)
class FeatureScale:
    """Offsets and divisors per model, in shapes that broadcast with x [M, B, ...] and y [M, B].

    The offsets of float64 data are relative to their :class:`Centre`.
    """

    x_low: Tensor
    x_span: Tensor
    y_low: Tensor
    y_span: Tensor

    def select(self, models: list[int]) -> "FeatureScale":
        """Return the scale of these models only."""
        return FeatureScale(self.x_low[models], self.x_span[models], self.y_low[models], self.y_span[models])


@dataclass(frozen=True)
class Centre:
    """Constants that are subtracted in float64 before user data become float32, so that no digits are lost.

    Times in milliseconds, for example, differ in digits that float32 cannot represent. Standardization is invariant to
    the constants, so they carry no information between the splits.

    Args:
        x: one constant per feature, float64 [1, F], or [1, 1, F] for series; 0 for data that are float32 already.
        y: constant of the target.
    """

    x: np.ndarray | float = 0.0
    y: float = 0.0


def fit_centre(dataset: Dataset, kind: str) -> Centre:
    """Return the medians of float64 features and targets; zeros for float32 data or without normalisation.

    Args:
        dataset: the whole dataset.
        kind: as for :func:`fit_scale`.
    """
    if kind == "none":
        return Centre()
    axes = tuple(range(dataset.x.ndim - 1))
    x = np.nanmedian(dataset.x, axis=axes, keepdims=True) if dataset.x.dtype == np.float64 else 0.0
    return Centre(x, float(np.median(dataset.y)) if dataset.y.dtype == np.float64 else 0.0)


def fit_scale(
    dataset: Dataset,
    kind: str,
    parts: list[np.ndarray],
    fills: list[np.ndarray],
    device: torch.device,
    centre: Centre = Centre(),
) -> FeatureScale | None:
    """Compute the scale that normalises the training split of each trial.

    Tables and series are scaled per feature and images per channel; a regression target is scaled like a feature.

    Args:
        dataset: the whole dataset.
        kind: ``none``; ``zscore`` for mean 0 and standard deviation 1; ``unit`` for the interval [0, 1].
        parts: training rows of each trial; trials with the same rows share one array object.
        fills: values that replace missing cells in each trial, [F].
        device: device of the scale.
        centre: constants that have been subtracted from the data.

    Returns:
        The scale; None if ``kind`` is ``none``.
    """
    if kind == "none":
        return None
    known: dict[int, list[np.ndarray]] = {}
    for rows, fill in zip(parts, fills, strict=True):
        if id(rows) not in known:
            known[id(rows)] = _one(dataset, kind, rows, fill, centre)
    stacked = [np.stack(values).astype(np.float32) for values in zip(*(known[id(rows)] for rows in parts), strict=True)]
    return FeatureScale(*(torch.from_numpy(values).to(device) for values in stacked))


def _one(dataset: Dataset, kind: str, rows: np.ndarray, fill: np.ndarray, centre: Centre) -> list[np.ndarray]:
    """Return offset and divisor of one trial: of x [1, C, 1, 1], [1, F] or [1, 1, F], and of y [1]."""
    measure = _zscore if kind == "zscore" else _unit
    low, span = measure(dataset.x, rows, fill)
    low = low - np.ravel(centre.x)
    if dataset.task == "classification":
        y_low, y_span = np.zeros(1), np.ones(1)
    else:
        y_low, y_span = measure(dataset.y, rows)
        y_low = y_low - centre.y
    shape = (1, 1, -1) if dataset.x.ndim == SERIES else (1, -1) + (1,) * (dataset.x.ndim - 2)
    # A divisor of 1 keeps a constant feature constant instead of 0/0.
    return [low.reshape(shape), _safe(span).reshape(shape), y_low.reshape(1), _safe(y_span).reshape(1)]


def _safe(span: np.ndarray) -> np.ndarray:
    return np.where(span.astype(np.float32) > 0, span, 1)


def _zscore(values: np.ndarray, rows: np.ndarray, fill: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each feature or channel over the rows."""
    count = len(rows) * prod(values.shape[1:]) // _features(values)
    mean = np.asarray(sum(part.sum((0, 2)) for part in _chunks(values, rows, fill)) / count)
    # Two passes avoid the cancellation in mean(x^2) - mean(x)^2.
    square = sum(np.square(part - mean[:, None]).sum((0, 2)) for part in _chunks(values, rows, fill)) / count
    return mean, np.sqrt(square)


def _unit(values: np.ndarray, rows: np.ndarray, fill: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return minimum and range of each feature or channel over the rows."""
    ends = [(part.min((0, 2)), part.max((0, 2))) for part in _chunks(values, rows, fill)]
    low = np.min([least for least, _ in ends], axis=0)
    return low, np.max([most for _, most in ends], axis=0) - low


def _chunks(values: np.ndarray, rows: np.ndarray, fill: np.ndarray | None) -> Iterator[np.ndarray]:
    """Iterate over the rows as float64 [n, C, P], :data:`ROWS` at a time.

    A whole image dataset in float64 needs eight times the memory of its bytes.
    """
    pixel = PIXEL if values.dtype == np.uint8 else 1.0
    for start in range(0, len(rows), ROWS):
        part = values[rows[start : start + ROWS]].astype(np.float64) / pixel
        if fill is not None and values.dtype == np.float64:
            part = np.where(np.isnan(part), fill, part)
        yield part.swapaxes(1, 2) if part.ndim == SERIES else part.reshape(len(part), _features(values), -1)


def _features(values: np.ndarray) -> int:
    """Return the number of features or channels of values [N, ...]."""
    if values.ndim == SERIES:
        return values.shape[2]
    return values.shape[1] if values.ndim > 1 else 1
