"""Conversion of texts to numbers: tokens, and arrays of indices into the list of all distinct tokens.

The vocabulary of a model is not chosen here: it is built per trial from the training split.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.dataset import Dataset
from dropout_lab.errors import DataError
from dropout_lab.metrics import Task

NOTHING = -1  # padding before or after a text
_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[^\w\s]|_")


class TextOptions(NamedTuple):
    """The conversion of texts to arrays.

    Args:
        tokens, length, pad: as for :func:`tokenize` and :func:`pad_rows`.
    """

    tokens: str
    length: int
    pad: str

    def __str__(self) -> str:
        return " ".join(map(str, self))


class Corpus(NamedTuple):
    """Texts, each with a class or a number.

    Args:
        texts: N texts.
        y: N classes or numbers.
        classes: names of the classes; empty for numbers.
        test: rows of the official test set; None if there is none.
        val: rows of the official validation set; None if there is none.
    """

    texts: Sequence[str]
    y: np.ndarray
    classes: tuple[str, ...] = ()
    test: np.ndarray | None = None
    val: np.ndarray | None = None


def tokenize(text: str, kind: str) -> list[str]:
    """Return the tokens of a text.

    Args:
        text: the text.
        kind: ``words``: lower-case words, and other characters one by one; ``spaces``: the strings between white space,
            unchanged; ``characters``: every character.
    """
    if kind == "words":
        return _WORDS.findall(text.lower())
    return list(text) if kind == "characters" else text.split()


def number_tokens(sequences: Iterable[Sequence[str]]) -> tuple[list[np.ndarray], tuple[str, ...]]:
    """Return each token as its index in the list of distinct tokens, and the list, in order of first occurrence."""
    known: dict[str, int] = {}
    rows = [np.array([known.setdefault(token, len(known)) for token in s], dtype=np.int32) for s in sequences]
    return rows, tuple(known)


def pad_rows(rows: Sequence[np.ndarray], length: int, pad: str) -> np.ndarray:
    """Return token numbers [N, T]; T is the length of the longest row, at most ``length``, and longer rows are cut.

    Args:
        rows: token numbers of each text.
        length: the largest T.
        pad: ``front`` or ``back``, the side on which shorter texts are padded with :data:`NOTHING`.
    """
    width = min(length, max(len(row) for row in rows))
    x = np.full((len(rows), width), NOTHING, dtype=np.int32)
    for line, row in zip(x, rows, strict=True):
        kept = row[:width]
        line[width - len(kept) if pad == "front" else 0 :][: len(kept)] = kept
    return x


def encode_corpus(corpus: Corpus, how: TextOptions, place: Callable[[int], str]) -> Arrays:
    """Encode texts, each with a class or a number, as arrays.

    Args:
        corpus: the texts.
        how: the conversion.
        place: returns the location of a text by its row, for messages.

    Returns:
        x [N, T], y [N], the tokens and, where present, the names of the classes and the rows of the test and validation
        set. Tokens that occur only in truncated parts are left out.

    Raises:
        DataError: a text has no token.
    """
    rows, known = number_tokens(_tokens(corpus.texts, how, place))
    arrays = {"x": pad_rows(rows, how.length, how.pad), "y": corpus.y, **pack_tokens(known)}
    if corpus.classes:
        arrays["classes"] = np.array(corpus.classes)
    fixed = {"test": corpus.test, "val": corpus.val}
    return arrays | {split: rows for split, rows in fixed.items() if rows is not None}


def to_labelled_dataset(name: str, arrays: Arrays, vocabulary: int) -> Dataset:
    """Convert the arrays of :func:`encode_corpus` to a data set.

    Args:
        name: the name of the data set.
        arrays: the arrays.
        vocabulary: the largest number of tokens that a model knows.
    """
    known, classes = unpack_tokens(arrays), tuple(map(str, arrays.get("classes", ())))
    task: Task = "classification" if classes else "regression"
    x, y, test = arrays["x"], arrays["y"], arrays.get("test")
    size, notes = min(vocabulary, len(known)), tuple(map(str, arrays.get("notes", ())))
    return Dataset(name, task, x, y, classes, test, val=arrays.get("val"), tokens=known, vocabulary=size, notes=notes)


def encode_stream(name: str, parts: Sequence[Sequence[str]]) -> Arrays:
    """Encode a running text as arrays.

    Args:
        name: the name of the data set, for messages.
        parts: tokens of the training, validation and test split.

    Returns:
        x [N], the three splits one after the other; the end of each split; and the tokens.

    Raises:
        DataError: a split has fewer than two tokens, so that there is no token to predict.
    """
    if not all(len(part) > 1 for part in parts):
        raise DataError(f"data={name}: one split of the text is empty")
    rows, known = number_tokens(parts)
    return {"x": np.concatenate(rows), "parts": np.cumsum([len(row) for row in rows]), **pack_tokens(known)}


def to_stream_dataset(name: str, arrays: Arrays, vocabulary: int) -> Dataset:
    """Convert the arrays of :func:`encode_stream` to a data set, a running text for next-token prediction.

    Args:
        name: the name of the data set.
        arrays: the arrays.
        vocabulary: the largest number of tokens that a model knows.
    """
    known, x = unpack_tokens(arrays), arrays["x"]
    val, test = (np.arange(a, b) for a, b in pairwise(arrays["parts"]))
    return Dataset(name, "language", x, x, (), test, val=val, tokens=known, vocabulary=min(vocabulary, len(known)))


def pack_tokens(tokens: Sequence[str]) -> Arrays:
    """Return tokens as one array of bytes and one of ends; an array of strings would use the longest width for each."""
    words = [token.encode() for token in tokens]
    return {
        "tokens": np.frombuffer(b"".join(words), dtype=np.uint8),
        "ends": np.cumsum([len(word) for word in words], dtype=np.int64),
    }


def unpack_tokens(arrays: Arrays) -> tuple[str, ...]:
    """Return the tokens packed by :func:`pack_tokens`."""
    content, ends = arrays["tokens"].tobytes(), arrays["ends"].tolist()
    return tuple(content[a:b].decode() for a, b in pairwise([0, *ends]))


def split_lines(text: str) -> list[str]:
    """Return the lines of a file, without the empty one after the last line break.

    Other characters that Unicode counts as line breaks are kept, because they occur inside sentences.
    """
    lines = text.split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def _tokens(texts: Sequence[str], how: TextOptions, place: Callable[[int], str]) -> Iterator[list[str]]:
    for row, text in enumerate(texts):
        tokens = tokenize(text, how.tokens)
        if not tokens:
            raise DataError(f"{place(row)} is empty; each text requires at least one token")
        yield tokens[: how.length]
