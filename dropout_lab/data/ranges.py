"""Checks of the numbers in user data: finite, and representable and distinguishable in float32."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dropout_lab.data.numerals import LARGEST
from dropout_lab.errors import DataError

ROWS = 4096  # rows processed at a time, so that large arrays are not copied as a whole

SMALLEST_SPAN = 1e-30  # smaller differences would become 0 in float32
EXACT = 2**53  # whole numbers up to this are exact in float64
EXACT_FLOAT32 = 2**24


@dataclass(frozen=True)
class Spread:
    """The smallest and largest of some numbers, and whether all are whole."""

    low: float
    high: float
    whole: bool

    def __or__(self, other: "Spread") -> "Spread":
        return Spread(min(self.low, other.low), max(self.high, other.high), self.whole and other.whole)


def measure_spread(values: np.ndarray) -> Spread:
    """Return the spread of finite numbers [N, ...]."""
    lows, highs, whole = [], [], True
    for _, part in _chunks(values):
        lows.append(float(part.min()))
        highs.append(float(part.max()))
        whole = whole and (values.dtype.kind != "f" or bool((part == np.round(part)).all()))
    return Spread(min(lows), max(highs), whole)


def check_finite(path: Path, name: str, values: np.ndarray) -> None:
    """Check that numbers [N, ...] are finite and not too large for float32 arithmetic.

    Raises:
        DataError: an element is invalid; the message names the first one by its index.
    """
    if values.dtype.kind != "f":
        return
    for start, part in _chunks(values):
        fits = np.abs(part) <= np.float64(LARGEST)  # False for nan as well
        if fits.all():
            continue
        row, *place = (int(i) for i in np.unravel_index(int(np.argmin(fits)), part.shape))
        index, value = ", ".join(map(str, (start + row, *place))), part[(row, *place)]
        problem = (
            f"must be within {LARGEST:g} of 0, because networks compute in float32; divide the values by a constant"
        )
        if not np.isfinite(value):
            problem = "must be finite; fill it or remove the row"
        raise DataError(f"{path}: {name}[{index}] is {value}; values {problem}")


def check_spans(path: Path, name: str, values: np.ndarray) -> None:
    """Check that the values of each feature [..., F] that differ are distinguishable in float32.

    Raises:
        DataError: the values of a feature are too close; the message names the first one.
    """
    axes = tuple(range(values.ndim - 1))
    span = values.max(axes).astype(float) - values.min(axes).astype(float)
    for feature in np.flatnonzero((span > 0) & (span < SMALLEST_SPAN))[:1]:
        problem = f"spans {span[feature]:g}, less than float32 can resolve; multiply it by a constant"
        raise DataError(f"{path}: {_feature(name, feature, values.shape[-1])} {problem}")


def widen(path: Path, name: str, values: np.ndarray) -> np.ndarray:
    """Return numbers [..., F] as float32 if that is exact, else as float64, in native byte order.

    Raises:
        DataError: distinct whole numbers of a feature would become equal in float64.
    """
    if values.dtype.kind == "f":
        return np.ascontiguousarray(values, np.float32 if values.dtype.itemsize <= 4 else np.float64)
    if values.dtype.kind == "b":
        return np.ascontiguousarray(values, np.float32)
    low, high = int(values.min()), int(values.max())
    wide = np.ascontiguousarray(values, np.float32 if max(-low, high) <= EXACT_FLOAT32 else np.float64)
    if max(-low, high) > EXACT:
        check_distinct(path, name, values.reshape(-1, values.shape[-1]))
    return wide


def check_distinct(path: Path, name: str, values: np.ndarray) -> None:
    """Check that the distinct whole numbers of each feature [N, F] stay distinct in float64.

    Raises:
        DataError: numbers of a feature become equal; the message names the first one.
    """
    for feature, column in enumerate(values.T):
        distinct = np.unique(column)
        if len(np.unique(distinct.astype(np.float64))) < len(distinct):
            where = _feature(name, feature, values.shape[1])
            problem = f"has whole numbers beyond 2^53, such as {distinct[-1]}, that float64 cannot distinguish"
            raise DataError(f"{path}: {where} {problem}; subtract a constant from them")


def _feature(name: str, feature: int, count: int) -> str:
    return f"feature {feature} of {name}" if count > 1 else name


def _chunks(values: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, len(values), ROWS):
        yield start, values[start : start + ROWS]
