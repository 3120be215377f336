"""Targets of user data: class labels or numbers, by the same rule for every file format.

A target is treated as classes if it holds words or at most 50 distinct whole numbers, unless ``task`` is given.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.numerals import (
    LARGEST,
    has_decimal_comma,
    is_formatted,
    is_missing,
    number_of,
    shortened,
    unit_of,
)
from dropout_lab.data.ranges import EXACT
from dropout_lab.errors import DataError

MOST_CLASSES = 50
NUMBERS = "biuf"  # numpy's kinds of numbers
MOST_NOTED = 3  # number of groups of labels in a note
_WHOLE = re.compile(r"[+-]?\d{1,1000}", re.ASCII)  # Python refuses to convert integers of thousands of digits


def encode_target(path: Path, y: np.ndarray, task: str) -> Arrays:
    """Return the targets y float64 [N], or class numbers y int64 [N] and the names of the classes.

    Args:
        path: the file, for messages.
        y: numbers or words [N].
        task: ``classification``, ``regression`` or ``auto``.

    Raises:
        DataError: the targets do not suit the task, or are not finite.
    """
    words = y.dtype.kind not in NUMBERS
    if not words and not np.isfinite(y).all():
        raise DataError(f"{path}: the target of row {int(np.argmin(np.isfinite(y)))} is not finite")
    whole = not words and bool((y == np.round(y)).all())
    if task == "auto":
        task = "classification" if words or (whole and len(np.unique(y)) <= MOST_CLASSES) else "regression"
    if task == "regression":
        if words:
            raise DataError(f"{path}: the target consists of words, such as {str(y[0])!r}; regression requires numbers")
        if y.dtype.kind in "iu" and len(np.unique(y.astype(np.float64))) < len(np.unique(y)):
            raise DataError(f"{path}: the target has whole numbers beyond 2^53 that float64 cannot distinguish")
        return {"y": y.astype(np.float64)}
    if y.dtype.kind == "b" or (whole and y.dtype.kind == "f" and np.abs(y).max() <= EXACT):
        y = y.astype(np.int64)  # so that a class is named 1 and not 1.0
    values, numbers = np.unique(y, return_inverse=True)
    if len(values) < 2:
        raise DataError(
            f"{path}: the target is {values[0]} for every example; classification requires at least two classes"
        )
    return {"y": numbers.astype(np.int64), "classes": np.array([str(value) for value in values])}


def targets_of(cells: Sequence[str], task: str, decimal: str, place: Callable[[int], str]) -> Arrays:
    """Return the targets in the cells of a table, with notes; labels are equal if they are spelled the same.

    Args:
        cells: stripped cells, none of them empty, [N].
        task: ``classification``, ``regression`` or ``auto``.
        decimal: the decimal sign.
        place: returns the location of a cell in the file by its row, for messages.

    Raises:
        DataError: the cells do not suit the task.
    """
    values = {cell: _value(cell, decimal) for cell in dict.fromkeys(cells)}
    words = [cell for cell, value in values.items() if value is None]
    if task != "classification":
        _refuse_formatted(cells, words, place)
    numbers = {value for value in values.values() if value is not None}
    if task == "auto" and len(numbers) <= MOST_CLASSES and all(value == value // 1 for value in numbers):
        task = "classification"
    if task == "classification":
        return _classes(cells, values, place)
    if words:
        row = cells.index(words[0])
        remedy = "regression requires numbers"
        if task == "auto":
            remedy = "other targets are numbers; set data.task=classification to use one class per label"
        raise DataError(f"{place(row)}: {shortened(words[0])} is not a number; {remedy}")
    y = np.array([values[cell] for cell in cells], np.float64)
    huge = np.abs(y) > LARGEST
    if huge.any():
        row = int(np.argmax(huge))
        raise DataError(f"{place(row)}: {shortened(cells[row])} is too large; numbers must be within {LARGEST:.1e}")
    return {"y": y, "notes": np.array([], str)}


def missing_targets(cells: Sequence[str], task: str, decimal: str) -> np.ndarray:
    """Return where targets are missing, bool [N]: empty cells, and the usual words for that if all others are numbers.

    Args:
        cells: stripped [N].
        task: as for :func:`targets_of`; for ``classification`` such words are labels.
        decimal: the decimal sign.
    """
    labels = set(cells) - {""}
    words = set() if task == "classification" else {label for label in labels if is_missing(label)}
    if labels == words or any(_value(label, decimal) is None for label in labels - words):
        words = set()
    return np.array([not cell or cell in words for cell in cells], bool)


def _refuse_formatted(cells: Sequence[str], words: Sequence[str], place: Callable[[int], str]) -> None:
    """Raise DataError if all labels that are no plain numbers are numbers with separators, signs or the same unit."""
    written = [word for word in words if not is_missing(word)]
    units = {unit_of(word) for word in written if not is_formatted(word)}
    if not written or "" in units or len(units) > 1:
        return
    comma = ", or set data.decimal=comma if it is a decimal sign" if has_decimal_comma(written[0]) else ""
    raise DataError(
        f"{place(cells.index(written[0]))}: {shortened(written[0])} is not a plain number; write numbers "
        f"without thousands separators, units and percent signs{comma}; set data.task=classification to use one "
        "class per label"
    )


def _value(cell: str, decimal: str) -> int | float | None:
    """Return the numeric value of a label, exact for whole numbers; None for words."""
    if _WHOLE.fullmatch(cell):
        return int(cell)
    value = number_of(cell, decimal)
    return value if value is None or not value.is_integer() else int(value)


def _classes(cells: Sequence[str], values: dict[str, int | float | None], place: Callable[[int], str]) -> Arrays:
    """Return class numbers, in numeric order if all labels are numbers, otherwise in alphabetical order."""
    labels = sorted(values)
    if None not in values.values():
        labels.sort(key=lambda label: values[label] or 0)
    if len(labels) < 2:
        column = re.sub(r": line \d+", "", place(0))
        raise DataError(
            f"{column}: is {shortened(labels[0])} for every example; classification requires at least two classes"
        )
    rank = {label: i for i, label in enumerate(labels)}
    words = [label for label in labels if values[label] is None]
    equal = _alike([label for label in labels if values[label] is not None], lambda label: values[label])
    notes = [f"{equal} are equal numbers but separate classes"] if equal else []
    similar = _alike(words, appearance)
    notes += [f"{similar} differ only in capitals or white space and are separate classes"] if similar else []
    y = np.array([rank[cell] for cell in cells], np.int64)
    return {"y": y, "classes": np.array(labels), "notes": np.array(notes, str)}


def appearance(label: str) -> str:
    """Return the form in which labels are compared that are easily mistaken for each other."""
    printable = "".join(c for c in unicodedata.normalize("NFKC", label) if c.isprintable())
    return "".join(printable.casefold().split())


def _alike(labels: Sequence[str], key: Callable[[str], object]) -> str:
    """Return the labels with the same key, in words; an empty string if all keys differ."""
    groups: dict[object, list[str]] = {}
    for label in labels:
        groups.setdefault(key(label), []).append(label)
    shared = [" and ".join(map(shortened, group)) for group in groups.values() if len(group) > 1]
    more = f" and {len(shared) - MOST_NOTED} more" if len(shared) > MOST_NOTED else ""
    return f"labels {', '.join(shared[:MOST_NOTED])}{more}" if shared else ""
