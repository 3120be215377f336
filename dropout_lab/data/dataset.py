"""One record for every data set, whatever its source."""

from dataclasses import dataclass, replace
from math import prod
from typing import Literal

import numpy as np

from dropout_lab.errors import DataError

Task = Literal["classification", "regression", "language"]


# eq=False: a data set is itself and no other, and so can be a key of a cache.
@dataclass(frozen=True, eq=False)
class Dataset:
    """A whole data set, in memory or mapped from disk.

    Args:
        name: as in ``data=``.
        task: ``classification``, ``regression``, or ``language``: to continue a running text.
        x: examples [N, F] for tables, [N, T, F] for series or [N, C, H, W] for images; float32,
            float16 to save room, uint8 that stands for value / 255, or float64 for user tables and series, which are
            centred before they become float32. Of texts, numbers of tokens, int32 [N, T], -1 where there is none; a
            running text is one row of them, [N].
        y: class numbers, int64 [N], or targets, float32 or float64 [N], or [N, K] of K targets at once, which may be
            uint8 like x; x itself of a running text.
        classes: names of the classes; empty for regression.
        test: rows of the official test part; None if the set has none and it is to be drawn.
        splits: rows of the test part of each published split, where there are several; ``test`` is that of the first.
        val: rows of the official validation part; None if the set has none and it is to be drawn.
        tokens: the different tokens of texts, all parts together.
        vocabulary: how many of them a model is to know at the most; 0 for other data than texts.
        truth: the targets without their noise, float32 [N], where a synthetic set knows them.
        notes: what the reader of user data detected, converted or left out, one phrase each.
        columns: of a table, the name of the column that each feature comes from; the indicators of a column of words
            share its name. Features may be NaN where a cell is missing.
    """

    name: str
    task: Task
    x: np.ndarray
    y: np.ndarray
    classes: tuple[str, ...] = ()
    test: np.ndarray | None = None
    truth: np.ndarray | None = None
    val: np.ndarray | None = None
    tokens: tuple[str, ...] = ()
    vocabulary: int = 0
    splits: tuple[np.ndarray, ...] = ()
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(self.x.shape[1:])

    @property
    def outputs(self) -> int:
        """Outputs a model needs: one a class, one a token that may come next, or one a target."""
        if self.task == "language":
            return self.symbols
        return len(self.classes) or prod(self.y.shape[1:])

    @property
    def symbols(self) -> int:
        """Different symbols that a model of texts reads: the tokens it knows, any other, and none; 0 without texts."""
        return self.vocabulary + 2 if self.vocabulary else 0


def reconstruction_of(dataset: Dataset) -> Dataset:
    """The set whose targets are its own examples, as an autoencoder learns it: a regression of F targets.

    Raises:
        DataError: it is text.
    """
    if dataset.tokens:
        raise DataError(f"data.reconstruct=true: is for numbers, and data={dataset.name} is text")
    return replace(dataset, task="regression", y=dataset.x.reshape(len(dataset.x), -1), classes=(), truth=None)
