"""Vocabulary of a trial: the most frequent tokens of its training split."""

import numpy as np

from dropout_lab.data import Dataset
from dropout_lab.models.embedding import OTHER, PAD


def token_symbols(dataset: Dataset, train: np.ndarray) -> np.ndarray:
    """Return the symbol of each token for one trial, indexed by token number; the last entry (number -1) is padding.

    Tokens that do not occur in the training split, or are too rare for the size of the vocabulary, share one symbol.
    Among equally frequent tokens those with lower numbers take precedence.

    Args:
        dataset: the whole dataset.
        train: training rows of the trial.

    Returns:
        int64 [tokens + 1].
    """
    tokens = dataset.x[train]
    counts = np.bincount(tokens[tokens >= 0], minlength=len(dataset.tokens))
    known = np.argsort(-counts, kind="stable")[: dataset.vocabulary]
    known = known[counts[known] > 0]
    table = np.full(len(dataset.tokens) + 1, OTHER, dtype=np.int64)
    table[known] = np.arange(len(known)) + OTHER + 1
    table[-1] = PAD
    return table
