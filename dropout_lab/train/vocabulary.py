"""Which tokens a model knows: the most frequent ones of its own training part."""

import numpy as np

from dropout_lab.data import Dataset
from dropout_lab.models.embedding import OTHER, PAD


def token_symbols(dataset: Dataset, train: np.ndarray) -> np.ndarray:
    """The symbol of each token for one trial, by the token's number; the last entry, for number -1, is no token.

    Tokens that are not in the training part, or too rare for the size of the vocabulary, become one symbol. Among
    equally frequent ones the earlier number is known.

    Args:
        train: the trial's training rows.

    Returns:
        int64 [tokens + 1].
    """
    found = dataset.x[train]
    counts = np.bincount(found[found >= 0], minlength=len(dataset.tokens))
    known = np.argsort(-counts, kind="stable")[: dataset.vocabulary]
    known = known[counts[known] > 0]
    table = np.full(len(dataset.tokens) + 1, OTHER, dtype=np.int64)
    table[known] = np.arange(len(known)) + OTHER + 1
    table[-1] = PAD
    return table
