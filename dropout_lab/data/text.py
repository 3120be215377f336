"""From texts to numbers: tokens, and arrays of numbers into the list of all that occur.

Which of them a model knows is not settled here: a trial's vocabulary is built on its own training part.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.dataset import Dataset, Task
from dropout_lab.errors import DataError

NOTHING = -1  # where a text has ended, or has not begun
_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[^\w\s]|_")


class TextOptions(NamedTuple):
    """How texts become arrays.

    Args:
        tokens, length, pad: as for :func:`tokenize` and :func:`pad_rows`.
    """

    tokens: str
    length: int
    pad: str

    def __str__(self) -> str:
        return " ".join(map(str, self))


class Corpus(NamedTuple):
    """Texts with a class or a number each.

    Args:
        texts, y: N of each.
        classes: names of the classes; empty for numbers.
        test: rows of the official test part; None if there is none.
        val: rows of the official validation part; None if there is none.
    """

    texts: Sequence[str]
    y: np.ndarray
    classes: tuple[str, ...] = ()
    test: np.ndarray | None = None
    val: np.ndarray | None = None


def tokenize(text: str, kind: str) -> list[str]:
    """The tokens of a text.

    Args:
        kind: ``words``: lower-cased words and single other signs; ``spaces``: what stands between white space, as it
            is; ``characters``: every character.
    """
    if kind == "words":
        return _WORDS.findall(text.lower())
    return list(text) if kind == "characters" else text.split()


def number_tokens(sequences: Iterable[Sequence[str]]) -> tuple[list[np.ndarray], tuple[str, ...]]:
    """Each token as its number in the list of different tokens, which are in the order of their first occurrence."""
    known: dict[str, int] = {}
    rows = [np.array([known.setdefault(token, len(known)) for token in s], dtype=np.int32) for s in sequences]
    return rows, tuple(known)


def pad_rows(rows: Sequence[np.ndarray], length: int, pad: str) -> np.ndarray:
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


def encode_corpus(corpus: Corpus, how: TextOptions, place: Callable[[int], str]) -> Arrays:
    """Texts with a class or a number each as arrays: x [N, T], y [N], the tokens and, where there are any, the names
    of the classes and the rows of the test and validation parts. Tokens that are cut off everywhere are not among them.

    Args:
        place: names the text of a row.

    Raises:
        DataError: a text without a token.
    """
    rows, known = number_tokens(_tokens(corpus.texts, how, place))
    arrays = {"x": pad_rows(rows, how.length, how.pad), "y": corpus.y, **pack_tokens(known)}
    if corpus.classes:
        arrays["classes"] = np.array(corpus.classes)
    fixed = {"test": corpus.test, "val": corpus.val}
    return arrays | {split: rows for split, rows in fixed.items() if rows is not None}


def to_labelled_dataset(name: str, arrays: Arrays, vocabulary: int) -> Dataset:
    """What :func:`encode_corpus` made, as a data set.

    Args:
        vocabulary: most tokens that a model is to know.
    """
    known, classes = unpack_tokens(arrays), tuple(map(str, arrays.get("classes", ())))
    task: Task = "classification" if classes else "regression"
    x, y, test = arrays["x"], arrays["y"], arrays.get("test")
    size, notes = min(vocabulary, len(known)), tuple(map(str, arrays.get("notes", ())))
    return Dataset(name, task, x, y, classes, test, val=arrays.get("val"), tokens=known, vocabulary=size, notes=notes)


def encode_stream(name: str, parts: Sequence[Sequence[str]]) -> Arrays:
    """A running text as arrays: x [N], its training, validation and test part one after the other, where each of them
    ends, and the tokens.

    Args:
        parts: tokens of the three parts.

    Raises:
        DataError: a part of fewer than two tokens, of which nothing can be continued.
    """
    if not all(len(part) > 1 for part in parts):
        raise DataError(f"data={name}: a part of the text is empty")
    rows, known = number_tokens(parts)
    return {"x": np.concatenate(rows), "parts": np.cumsum([len(row) for row in rows]), **pack_tokens(known)}


def to_stream_dataset(name: str, arrays: Arrays, vocabulary: int) -> Dataset:
    """What :func:`encode_stream` made, as a data set: a running text to be continued, token by token.

    Args:
        vocabulary: most tokens that a model is to know.
    """
    known, x = unpack_tokens(arrays), arrays["x"]
    val, test = (np.arange(a, b) for a, b in pairwise(arrays["parts"]))
    return Dataset(name, "language", x, x, (), test, val=val, tokens=known, vocabulary=min(vocabulary, len(known)))


def pack_tokens(tokens: Sequence[str]) -> Arrays:
    """Tokens as one array of bytes and one of ends; an array of words would make each as wide as the longest."""
    words = [token.encode() for token in tokens]
    return {
        "tokens": np.frombuffer(b"".join(words), dtype=np.uint8),
        "ends": np.cumsum([len(word) for word in words], dtype=np.int64),
    }


def unpack_tokens(arrays: Arrays) -> tuple[str, ...]:
    """The tokens again."""
    content, ends = arrays["tokens"].tobytes(), arrays["ends"].tolist()
    return tuple(content[a:b].decode() for a, b in pairwise([0, *ends]))


def split_lines(text: str) -> list[str]:
    """The lines of a file, without the empty one after its last end; other signs that Unicode counts as ends of lines
    occur inside sentences."""
    lines = text.split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def _tokens(texts: Sequence[str], how: TextOptions, place: Callable[[int], str]) -> Iterator[list[str]]:
    for row, text in enumerate(texts):
        found = tokenize(text, how.tokens)
        if not found:
            raise DataError(f"{place(row)} is empty, it has no token")
        yield found[: how.length]
