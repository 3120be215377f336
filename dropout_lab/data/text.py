"""From texts to numbers: tokens, and arrays of numbers into the list of all that occur.

Which of them a model knows is not settled here: a trial's vocabulary is built on its own training part.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dropout_lab.data.dataset import DataError, Dataset, Task

NOTHING = -1  # where a text has ended, or has not begun
_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[^\w\s]")


class How(NamedTuple):
    """How texts become arrays.

    Args:
        tokens, length, pad: as for :func:`tokens_of` and :func:`padded`.
        vocabulary: most tokens that a model is to know.
    """

    tokens: str
    length: int
    pad: str
    vocabulary: int


def tokens_of(text: str, kind: str) -> list[str]:
    """The tokens of a text.

    Args:
        kind: ``words``: lower-cased words and single other signs; ``spaces``: what stands between white space, as it
            is; ``characters``: every character.
    """
    if kind == "words":
        return _WORDS.findall(text.lower())
    return list(text) if kind == "characters" else text.split()


def numbered(sequences: Iterable[Sequence[str]]) -> tuple[list[np.ndarray], tuple[str, ...]]:
    """Each token as its number in the list of different tokens, which are in the order of their first occurrence."""
    known: dict[str, int] = {}
    rows = [np.array([known.setdefault(token, len(known)) for token in s], dtype=np.int32) for s in sequences]
    return rows, tuple(known)


def padded(rows: Sequence[np.ndarray], length: int, pad: str) -> np.ndarray:
    """Token numbers [N, T] with T the longest of the rows, ``length`` at the most; what is longer loses its end.

    Args:
        pad: ``front`` or ``back``, where shorter texts are filled with :data:`NOTHING`.
    """
    width = min(length, max(len(row) for row in rows))
    x = np.full((len(rows), width), NOTHING, dtype=np.int32)
    for line, row in zip(x, rows, strict=True):
        kept = row[:width]
        line[width - len(kept) if pad == "front" else 0 :][: len(kept)] = kept
    return x


def labelled(
    name: str,
    texts: Sequence[str],
    y: np.ndarray,
    task: Task,
    classes: tuple[str, ...],
    test: np.ndarray | None,
    how: How,
) -> Dataset:
    """Texts with a class or a number each.

    Args:
        texts, y: N of each.

    Raises:
        DataError: a text without a token.
    """
    rows, known = numbered(_tokens(name, texts, how.tokens))
    x = padded(rows, how.length, how.pad)
    return Dataset(name, task, x, y, classes, test, tokens=known, vocabulary=min(how.vocabulary, len(known)))


def stream(name: str, parts: Sequence[Sequence[str]], vocabulary: int) -> Dataset:
    """A running text to be continued, token by token: training, validation and test part, one after the other.

    Args:
        parts: tokens of the three parts.
        vocabulary: most tokens that a model is to know.

    Raises:
        DataError: a part without a token.
    """
    if not all(len(part) > 1 for part in parts):
        raise DataError(f"data={name}: a part of the text is empty")
    rows, known = numbered(parts)
    x = np.concatenate(rows)
    ends = np.cumsum([len(row) for row in rows])
    val, test = (np.arange(a, b) for a, b in pairwise(ends))
    return Dataset(name, "language", x, x, (), test, val=val, tokens=known, vocabulary=min(vocabulary, len(known)))


def lines_of(text: str) -> list[str]:
    """The lines of a file, without the empty one after its last end; other signs that Unicode counts as ends of lines
    occur inside sentences."""
    lines = text.split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def _tokens(name: str, texts: Sequence[str], kind: str) -> Iterator[list[str]]:
    for number, text in enumerate(texts, start=1):
        found = tokens_of(text, kind)
        if not found:
            raise DataError(f"data={name}: text {number} is empty, it has no token")
        yield found
