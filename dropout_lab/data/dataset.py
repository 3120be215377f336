"""The record of a data set, common to all sources."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from dropout_lab.errors import DataError
from dropout_lab.metrics import Task


# eq=False: instances compare by identity, so that a data set can be a key of a cache.
@dataclass(frozen=True, eq=False)
class Dataset:
    """A complete data set, in memory or memory-mapped.

    Args:
        name: as in ``data=``.
        task: ``classification``, ``regression``, or ``language``: prediction of the next token of a running text.
        x: examples [N, F] for tables, [N, T, F] for series or [N, C, H, W] for images; float32, float16 to save memory,
            uint8 for pixels that stand for value / 255, or float64 for user tables and series, which are centred before
            the conversion to float32. For texts, token numbers, int32 [N, T], -1 for padding; a running text is one
            sequence of tokens, [N].
        y: class numbers, int64 [N], or targets, float32 or float64 [N], or [N, K] for K targets, which may be uint8
            like x; x itself for a running text.
        classes: names of the classes; empty for regression.
        test: rows of the official test set; None if the set has none, and it is drawn at random.
        splits: rows of the test set of each published split, if there are several; ``test`` is that of the first.
        val: rows of the official validation set; None if the set has none, and it is drawn at random.
        tokens: the distinct tokens of the texts in all splits.
        vocabulary: the largest number of tokens that a model knows; 0 for data other than texts.
        truth: the targets without noise, float32 [N], for synthetic sets.
        notes: conversions, detected formats and omissions of the reader of user data, one phrase each.
        columns: for a table, the name of the source column of each feature; the indicators of a column of words share
            its name. Features may be NaN where a cell is missing.
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
        """Number of outputs of a model: one per class, one per symbol of a language model, or one per target."""
        if self.task == "language":
            return self.symbols
        return len(self.classes) or prod(self.y.shape[1:])

    @property
    def symbols(self) -> int:
        """Number of input symbols of a text model: its vocabulary, unknown and padding; 0 without texts."""
        return self.vocabulary + 2 if self.vocabulary else 0


def reconstruction_of(dataset: Dataset) -> Dataset:
    """Return the data set with its examples as targets, as for an autoencoder: a regression with F targets.

    Raises:
        DataError: the data set is text.
    """
    if dataset.tokens:
        raise DataError(f"data.reconstruct=true: requires numbers, but data={dataset.name} is text")
    return replace(dataset, task="regression", y=dataset.x.reshape(len(dataset.x), -1), classes=(), truth=None)
