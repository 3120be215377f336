"""Targets in user arrays (numbers, words or one-hot rows), converted to one column."""

from pathlib import Path

import numpy as np

from dropout_lab.data.labels import NUMBERS
from dropout_lab.data.ranges import check_distinct, check_finite, check_spans
from dropout_lab.errors import DataError

WORDS = "US"  # numpy's kinds of strings


def is_one_hot(y: np.ndarray) -> bool:
    """Return whether y has several columns, as one-hot rows do."""
    return y.ndim == 2 and y.shape[1] > 1


def column_of(path: Path, name: str, y: np.ndarray, count: int) -> np.ndarray:
    """Return targets as one column [N] of numbers or words.

    Args:
        path: the file, for messages.
        name: the name of the array, for messages.
        y: numbers or words [N] or [N, 1], or one-hot rows [N, K], which are converted to column numbers.
        count: N.

    Raises:
        DataError: y has another shape, type or length, or has missing values.
    """
    shape = "x".join(map(str, y.shape))
    if y.dtype.kind not in NUMBERS + WORDS:
        raise DataError(
            f"{path}: {name} has shape {shape} and type {y.dtype}; must be numbers or words, one per example"
        )
    if not y.ndim or len(y) != count:
        rows = f"{len(y)} rows" if y.ndim else "no rows"
        raise DataError(f"{path}: {name} has {rows} for {count} examples; each example needs one target")
    if y.ndim > 2 or 0 in y.shape:
        raise DataError(f"{path}: {name} has shape {shape}; must be [N], [N, 1] or one-hot rows [N, K]")
    check_finite(path, name, y)
    if y.dtype.kind == "f" and not is_one_hot(y):
        check_spans(path, name, y.reshape(count, 1))
    if is_one_hot(y):
        return _numbers_of_rows(path, name, y)
    y = y.reshape(count)
    return _words(path, name, y) if y.dtype.kind in WORDS else y.astype(y.dtype.newbyteorder("="))


def join_columns(path: Path, columns: dict[str, np.ndarray]) -> np.ndarray:
    """Return the targets of all splits as one column; whole numbers keep an integer type.

    Raises:
        DataError: some splits have words and others numbers, or the numbers have no common type.
    """
    words = [name for name, y in columns.items() if y.dtype.kind == "U"]
    if words and len(words) < len(columns):
        number = next(name for name in columns if name not in words)
        raise DataError(f"{path}: {words[0]} contains words and {number} numbers; save both with the same type")
    kinds = {y.dtype.kind for y in columns.values()}
    if "f" in kinds:
        for name, y in columns.items():
            if y.dtype.kind in "iu":
                check_distinct(path, name, y[:, None])
        return np.concatenate([y.astype(np.float64) for y in columns.values()])
    if np.result_type(*columns.values()).kind == "f":  # true for a mix of signed and unsigned 64-bit integers
        for name, y in columns.items():
            if y.max() > np.iinfo(np.int64).max:
                raise DataError(
                    f"{path}: {name} has values outside the range of int64, the type of the other splits; save "
                    "all splits with the same type"
                )
        return np.concatenate([y.astype(np.int64) for y in columns.values()])
    return np.concatenate(list(columns.values()))


def _numbers_of_rows(path: Path, name: str, y: np.ndarray) -> np.ndarray:
    """Return the column [N] of the 1 in each one-hot row [N, K]."""
    shape = "x".join(map(str, y.shape))
    if y.dtype.kind not in NUMBERS or not ((y == 0) | (y == 1)).all():
        raise DataError(
            f"{path}: {name} has shape {shape} and is not one-hot; save one target per example, such as {name}[:, 0]"
        )
    ones = (y == 1).sum(1)
    if (ones != 1).any():
        row = int(np.argmax(ones != 1))
        problem = "each example must have one class; several labels per example are not supported"
        raise DataError(f"{path}: row {row} of {name} has {ones[row]} ones; {problem}")
    numbers: np.ndarray = np.argmax(y, axis=1)
    return numbers


def _words(path: Path, name: str, y: np.ndarray) -> np.ndarray:
    """Return words [N] without surrounding white space."""
    if y.dtype.kind == "S":
        try:
            y = np.char.decode(y, "utf-8")
        except UnicodeDecodeError:
            raise DataError(
                f"{path}: {name} contains bytes that are not UTF-8; save it as text, with y.astype(str)"
            ) from None
    y = np.char.strip(y)
    if (y == "").any():
        raise DataError(f"{path}: {name}[{int(np.argmax(y == ''))}] is empty; each example needs a target")
    return y
