"""A one-line description of user data, which lets the user check what was read before training starts."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dropout_lab.data.dataset import Dataset

MOST_CLASSES = 12  # number of classes that are listed with their counts
LONGEST = 40  # number of characters of a name


def describe(dataset: Dataset, path: str, splits: Mapping[str, np.ndarray]) -> str:
    """Return the description of one user data set.

    Args:
        dataset: the data set as it was read.
        path: the file or folder; the last part of the path names the data.
        splits: row numbers by split, for one trial.

    Returns:
        for example ``data: pets, 1,200 images 3x32x32 (12 files skipped: 10 .gif, 2 hidden), classes: cat 700, dog
        500; train 864, val 96, test 240``.
    """
    notes = f" ({'; '.join(dataset.notes)})" if dataset.notes else ""
    sizes = ", ".join(f"{name} {len(rows):,}" for name, rows in splits.items() if len(rows))
    line = f"data: {Path(path).name}, {_examples(dataset)}{notes}, {_target(dataset)}; {sizes}"
    return "".join(c if c.isprintable() else "?" for c in line)  # labels may contain line breaks


def _examples(dataset: Dataset) -> str:
    count, shape = len(dataset.x), "x".join(map(str, dataset.shape))
    if dataset.tokens:
        return f"{_counted(count, 'document')} of up to {shape} tokens, {len(dataset.tokens):,} of them distinct"
    if len(dataset.shape) == 1:
        return f"{_counted(count, 'row')}, {_counted(dataset.shape[0], 'feature')}"
    if len(dataset.shape) == 2:
        steps, features = dataset.shape
        return f"{_counted(count, 'series')} of {_counted(steps, 'step')} with {_counted(features, 'feature')}"
    return f"{_counted(count, 'image')} {shape}"


def printable(name: str) -> str:
    """Return a user-defined name in the form of a one-line message: short and without control characters."""
    plain = name if name.isprintable() else ascii(name)[1:-1]
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST]}..."


def _counted(count: int, noun: str) -> str:
    plural = noun if noun.endswith("s") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def _target(dataset: Dataset) -> str:
    if not dataset.classes:
        low, high = float(np.min(dataset.y)), float(np.max(dataset.y))
        return f"target from {low:.10g} to {high:.10g}"
    counts = np.bincount(dataset.y, minlength=len(dataset.classes))
    listed = [f"{printable(name)} {count:,}" for name, count in zip(dataset.classes, counts, strict=True)][
        :MOST_CLASSES
    ]
    more = len(dataset.classes) - len(listed)
    return f"classes: {', '.join(listed)}{f' and {more} more' if more else ''}"
