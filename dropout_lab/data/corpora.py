"""Public texts: reviews, news, and running text for language models, read as their publishers lay them out.

Nothing is unpacked here that a download has not unpacked; see :mod:`dropout_lab.data.getting`.
"""

import csv
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dropout_lab.data.dataset import DataError, Dataset, Task
from dropout_lab.data.places import root_of
from dropout_lab.data.text import How, labelled, lines_of, stream, tokens_of

AUTHORS = ("Dennis+Schwartz", "James+Berardinelli", "Scott+Renshaw", "Steve+Rhodes")
SIDES = ("neg", "pos")
NEWS = ("World", "Sports", "Business", "Sci/Tech")


class Corpus(NamedTuple):
    """Texts with a class or a number each.

    Args:
        texts, y: N of each.
        classes: names of the classes; empty for numbers.
        test: rows of the official test part; None if there is none.
    """

    texts: Sequence[str]
    y: np.ndarray
    classes: tuple[str, ...] = ()
    test: np.ndarray | None = None


def read_rt_polarity(root: Path) -> Corpus:
    """10,662 sentences of film reviews (Pang and Lee 2005)."""
    parts = [lines_of(_text(root / "rt-polarity" / f"rt-polarity.{side}", "latin-1")) for side in SIDES]
    y = np.repeat(np.arange(2), [len(part) for part in parts])
    return Corpus(parts[0] + parts[1], y.astype(np.int64), ("negative", "positive"))


def read_scale_data(root: Path, label: str) -> Corpus:
    """5,006 film reviews of four authors with a rating in [0, 1], or one of three or four grades (Pang and Lee 2005).

    Args:
        label: ``rating``, ``3class`` or ``4class``.

    Raises:
        DataError: a file is missing, or has not a line for each review.
    """
    texts: list[str] = []
    values: list[float] = []
    for author in AUTHORS:
        folder = root / "scale-data" / "scaledata" / author
        mine = lines_of(_text(folder / f"subj.{author}", "latin-1"))
        path = folder / (f"rating.{author}" if label == "rating" else f"label.{label}.{author}")
        marks = _text(path, "latin-1").split()
        if len(marks) != len(mine):
            raise DataError(f"{path}: has {len(marks)} values for {len(mine)} reviews")
        texts += mine
        values += [_number(path, i, mark) for i, mark in enumerate(marks, start=1)]
    if label == "rating":
        return Corpus(texts, np.array(values, dtype=np.float32))
    return Corpus(texts, np.array(values, dtype=np.int64), tuple(map(str, range(int(max(values)) + 1))))


def read_imdb(root: Path) -> Corpus:
    """50,000 film reviews, half of them to test on (Maas et al. 2011), a file each in ``aclImdb``."""
    texts: list[str] = []
    y: list[int] = []
    sizes = []
    for part in ("train", "test"):
        for number, side in enumerate(SIDES):
            folder = root / "aclImdb" / part / side
            files = sorted(folder.glob("*.txt"))
            if not files:
                raise DataError(f"{folder}: no reviews there; {_hint('imdb')}")
            texts += [_text(file) for file in files]
            y += [number] * len(files)
        sizes.append(len(texts))
    test = np.arange(sizes[0], sizes[1])
    return Corpus(texts, np.array(y, dtype=np.int64), ("negative", "positive"), test)


def read_ag_news(root: Path) -> Corpus:
    """127,600 news headlines with their first sentence, 7,600 of them to test on (Zhang et al. 2015)."""
    texts: list[str] = []
    y: list[int] = []
    sizes = []
    for part in ("train", "test"):
        path = root / "ag_news" / f"{part}.csv"
        for line, row in enumerate(csv.reader(_text(path).splitlines()), start=1):
            if len(row) != 3 or row[0] not in ("1", "2", "3", "4"):
                raise DataError(f"{path}: line {line} must hold a class from 1 to 4, a title and a text")
            texts.append(f"{row[1]} {row[2]}".replace("\\", " "))
            y.append(int(row[0]) - 1)
        sizes.append(len(texts))
    return Corpus(texts, np.array(y, dtype=np.int64), NEWS, np.arange(sizes[0], sizes[1]))


def read_newsgroups(root: Path, fetch: bool = False) -> Corpus:
    """18,846 posts to 20 groups, 7,532 of them to test on, as scikit-learn gets them.

    Headers, footers and quotes are taken off; posts of which nothing is left are left out.
    """
    from sklearn.datasets import fetch_20newsgroups

    found = []
    for part in ("train", "test"):
        try:
            found.append(
                fetch_20newsgroups(
                    data_home=str(root),
                    subset=part,
                    remove=("headers", "footers", "quotes"),
                    download_if_missing=fetch,
                )
            )
        except OSError:
            raise DataError(f"{root}: the 20 newsgroups are not there; {_hint('newsgroups20')}") from None
    texts, y, sizes = [], [], []
    for part in found:
        kept = [(text, target) for text, target in zip(part.data, part.target, strict=True) if text.split()]
        texts += [text for text, _ in kept]
        y += [int(target) for _, target in kept]
        sizes.append(len(texts))
    return Corpus(texts, np.array(y, dtype=np.int64), tuple(found[0].target_names), np.arange(sizes[0], sizes[1]))


def read_ptb(root: Path, tokens: str) -> list[list[str]]:
    """The Penn Treebank in Mikolov's preprocessing: 929,589, 73,760 and 82,430 words with the ends of sentences."""
    texts = [_text(root / "ptb" / f"ptb.{part}.txt") for part in ("train", "valid", "test")]
    return [tokens_of(text.replace("\n", " <eos> ") if tokens == "spaces" else text, tokens) for text in texts]


def read_wikitext2(root: Path, tokens: str) -> list[list[str]]:
    """WikiText-2, some 2.1 million words of good articles (Merity et al. 2016)."""
    texts = [_text(root / "wikitext-2" / f"wiki.{part}.tokens") for part in ("train", "valid", "test")]
    return [tokens_of(text.replace("\n", " <eos> ") if tokens == "spaces" else text, tokens) for text in texts]


def read_tinyshakespeare(root: Path, tokens: str) -> list[list[str]]:
    """1,115,394 characters of Shakespeare (Karpathy 2015); the last two twentieths validate and test."""
    found = tokens_of(_text(root / "tinyshakespeare" / "input.txt"), tokens)
    cuts = [0, round(0.9 * len(found)), round(0.95 * len(found)), len(found)]
    return [found[a:b] for a, b in pairwise(cuts)]


def _labelled(name: str, read: Callable[[Path], Corpus]) -> Callable[..., Dataset]:
    def reader(
        root: str = "", tokens: str = "spaces", length: int = 64, pad: str = "front", vocabulary: int = 20_000
    ) -> Dataset:
        corpus = read(root_of(root))
        task: Task = "classification" if corpus.classes else "regression"
        how = How(tokens, length, pad, vocabulary)
        return labelled(name, corpus.texts, corpus.y, task, corpus.classes, corpus.test, how)

    return reader


def scale_data(
    root: str = "",
    tokens: str = "spaces",
    length: int = 64,
    pad: str = "front",
    vocabulary: int = 20_000,
    label: str = "rating",
) -> Dataset:
    """:func:`read_scale_data` as a data set."""
    made = _labelled("scale_data", lambda place: read_scale_data(place, label))
    return made(root, tokens, length, pad, vocabulary)


def _stream(name: str, read: Callable[[Path, str], list[list[str]]]) -> Callable[..., Dataset]:
    def reader(root: str = "", tokens: str = "spaces", vocabulary: int = 20_000) -> Dataset:
        return stream(name, read(root_of(root), tokens), vocabulary)

    return reader


TEXTS: dict[str, Callable[..., Dataset]] = {
    "rt_polarity": _labelled("rt_polarity", read_rt_polarity),
    "scale_data": scale_data,
    "imdb": _labelled("imdb", read_imdb),
    "ag_news": _labelled("ag_news", read_ag_news),
    "newsgroups20": _labelled("newsgroups20", read_newsgroups),
}
LANGUAGE: dict[str, Callable[..., Dataset]] = {
    "ptb": _stream("ptb", read_ptb),
    "wikitext2": _stream("wikitext2", read_wikitext2),
    "tinyshakespeare": _stream("tinyshakespeare", read_tinyshakespeare),
}


def _text(path: Path, encoding: str = "utf-8") -> str:
    if not path.is_file():
        raise DataError(f"{path}: is not there; {_hint()}")
    try:
        return path.read_bytes().decode(encoding)
    except UnicodeDecodeError:
        raise DataError(f"{path}: is no {encoding} text") from None


def _hint(name: str = "NAME") -> str:
    return f"`dropout-lab data get {name}`, or say data.root=FOLDER"


def _number(path: Path, line: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataError(f"{path}: line {line} holds {text!r}, which is no number") from None
