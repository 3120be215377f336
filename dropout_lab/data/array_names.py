"""Recognition of the names of user arrays: examples or targets, and their split.

Case, underscores and the order of the words do not matter: ``X_train``, ``train_x`` and ``xTrain`` are equal.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from dropout_lab.data.description import printable
from dropout_lab.errors import DataError

ROLES = {
    "x": ("x", "data", "image", "images", "img", "imgs", "feature", "features", "input", "inputs", "sample", "samples"),
    "y": ("y", "target", "targets", "label", "labels", "output", "presentation"),
}
SPLITS = {
    "train": ("", "train", "training", "tr"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "te"),
}
LISTED = 12  # number of names in a message


def _spellings() -> Iterator[tuple[str, tuple[str, str]]]:
    for role, words in ROLES.items():
        for split, prefixes in SPLITS.items():
            for word in words:
                for prefix in prefixes:
                    yield f"{prefix}{word}", (role, split)
                    yield f"{word}{prefix}", (role, split)


SPELLINGS = dict(_spellings())


def choose_arrays(path: Path, names: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return the array names of examples and targets by role (``x`` or ``y``) and split.

    Raises:
        DataError: examples or targets are missing, or two names have the same meaning.
    """
    chosen: dict[tuple[str, str], str] = {}
    for name in names:
        meaning = SPELLINGS.get(re.sub("[^a-z0-9]", "", name.lower()))
        if meaning is None or not name.isprintable():
            continue
        if meaning in chosen:
            what = f"the {'examples' if meaning[0] == 'x' else 'targets'} of the {meaning[1]} split"
            raise DataError(f"{path}: {show([chosen[meaning], name], ' and ')} both name {what}; remove one of them")
        chosen[meaning] = name
    if ("x", "train") not in chosen or ("y", "train") not in chosen:
        raise DataError(
            f"{path}: must contain x and y, or arrays with names such as x_train and y_train, images and "
            f"labels, data and target; it contains {show(names)}"
        )
    for split in ("val", "test"):
        for role, other in (("x", "y"), ("y", "x")):
            if (role, split) in chosen and (other, split) not in chosen:
                alone = show([chosen[role, split]])
                raise DataError(f"{path}: has {alone} without {other}_{split}; add that array or remove {alone}")
    return chosen


def show(names: Sequence[str], separator: str = ", ") -> str:
    """Return names in the form of a one-line message."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return separator.join(map(printable, names[:LISTED])) + more
