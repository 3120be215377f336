"""Targets of user data: class labels or numbers, decided by one rule for every kind of file.

A target is treated as classes if it holds words or at most 50 different whole numbers, unless ``task`` says otherwise.
"""

from pathlib import Path

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.dataset import DataError
from dropout_lab.data.ranges import EXACT

MOST_CLASSES = 50
NUMBERS = "biuf"  # numpy's kinds of numbers


def target_of(path: Path, y: np.ndarray, task: str) -> Arrays:
    """The targets y float64 [N], or class numbers y int64 [N] and the names of the classes.

    Args:
        path: the file, for messages.
        y: numbers or words [N].
        task: ``classification``, ``regression`` or ``auto``.

    Raises:
        DataError: they do not suit the task, or are not finite.
    """
    words = y.dtype.kind not in NUMBERS
    if not words and not np.isfinite(y).all():
        raise DataError(f"{path}: the target of row {int(np.argmin(np.isfinite(y)))} is not finite")
    whole = not words and bool((y == np.round(y)).all())
    if task == "auto":
        task = "classification" if words or (whole and len(np.unique(y)) <= MOST_CLASSES) else "regression"
    if task == "regression":
        if words:
            raise DataError(f"{path}: the target is words, such as {str(y[0])!r}; a regression needs numbers")
        if y.dtype.kind in "iu" and len(np.unique(y.astype(np.float64))) < len(np.unique(y)):
            raise DataError(f"{path}: the target has whole numbers beyond 2^53 that float64 does not tell apart")
        return {"y": y.astype(np.float64)}
    if y.dtype.kind == "b" or (whole and y.dtype.kind == "f" and np.abs(y).max() <= EXACT):
        y = y.astype(np.int64)  # so that a class is called 1 and not 1.0
    values, numbers = np.unique(y, return_inverse=True)
    if len(values) < 2:
        raise DataError(f"{path}: the target is {values[0]} everywhere; a classification needs two classes")
    return {"y": numbers.astype(np.int64), "classes": np.array([str(value) for value in values])}
