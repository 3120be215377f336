"""Public text sets: reviews, news, and running text for language models, read in the publishers' formats.

The files are listed in :mod:`dropout_lab.data.text_sources`. They are decoded once; see :mod:`dropout_lab.data.cache`.
"""

import csv
import io
import zlib
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from dropout_lab.data.cache import load_or_decode
from dropout_lab.data.dataset import Dataset
from dropout_lab.data.paths import data_root
from dropout_lab.data.safe_pickle import load_plain_pickle
from dropout_lab.data.text import (
    Corpus,
    TextOptions,
    encode_corpus,
    encode_stream,
    split_lines,
    to_labelled_dataset,
    to_stream_dataset,
    tokenize,
)
from dropout_lab.data.text_sources import IMDB_PARTS, NEWSGROUPS, SCALE, require_files, verify_files
from dropout_lab.errors import DataError

SIDES = ("neg", "pos")
SENTIMENTS = ("negative", "positive")
NEWS = ("World", "Sports", "Business", "Sci/Tech")
GRADES = {"3class": 3, "4class": 4}


def read_rt_polarity(root: Path) -> Corpus:
    """Read 10,662 sentences of film reviews (Pang and Lee 2005)."""
    parts = [split_lines(read_text_file(root / "rt-polarity" / f"rt-polarity.{side}", "latin-1")) for side in SIDES]
    y = np.repeat(np.arange(2), [len(part) for part in parts])
    return Corpus(parts[0] + parts[1], y.astype(np.int64), SENTIMENTS)


def read_scale_data(root: Path, label: str = "rating") -> Corpus:
    """Read 5,006 film reviews by four authors with ratings in [0, 1], or three or four grades (Pang and Lee 2005).

    Args:
        root: the root folder of the data.
        label: ``rating``, ``3class`` or ``4class``.

    Raises:
        DataError: a file is missing, or does not have one line per review.
    """
    texts: list[str] = []
    values: list[float] = []
    for author in SCALE:
        folder = root / "scale-data" / "scaledata" / author
        mine = split_lines(read_text_file(folder / f"subj.{author}", "latin-1"))
        path = folder / (f"rating.{author}" if label == "rating" else f"label.{label}.{author}")
        marks = read_text_file(path, "latin-1").split()
        if len(marks) != len(mine):
            raise DataError(f"{path}: has {len(marks)} values for {len(mine)} reviews")
        texts += mine
        values += [_mark(path, i, mark, label) for i, mark in enumerate(marks, start=1)]
    if label == "rating":
        return Corpus(texts, np.array(values, dtype=np.float32))
    return Corpus(texts, np.array(values, dtype=np.int64), tuple(map(str, range(GRADES[label]))))


def _mark(path: Path, line: int, text: str, label: str) -> float:
    """Return one rating or grade."""
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"{path}: line {line} contains {text!r}, which is not a number") from None
    if label == "rating" and not 0 <= value <= 1:
        raise DataError(f"{path}: line {line} contains {text}, which is not a rating from 0 to 1")
    if label != "rating" and value not in range(GRADES[label]):
        raise DataError(f"{path}: line {line} contains {text}, which is not a grade from 0 to {GRADES[label] - 1}")
    return value


def read_imdb(root: Path) -> Corpus:
    """Read 50,000 film reviews, half of them the test set (Maas et al. 2011), one file each in ``aclImdb``.

    Line breaks, which are HTML tags in the files, are replaced by spaces.
    """
    files = require_files("imdb", root)
    texts = [read_text_file(path).replace("<br />", " ") for path in files]
    quarter = len(files) // len(IMDB_PARTS)
    y = np.tile(np.repeat(np.arange(2), quarter), 2).astype(np.int64)
    return Corpus(texts, y, SENTIMENTS, np.arange(2 * quarter, 4 * quarter))


def read_ag_news(root: Path) -> Corpus:
    """Read 127,600 news headlines with their first sentence, 7,600 of them the test set (Zhang et al. 2015).

    Backslashes, which stand for line breaks in the files, are replaced by spaces.
    """
    texts: list[str] = []
    y: list[int] = []
    sizes = []
    for part in ("train", "test"):
        path = root / "ag_news" / f"{part}.csv"
        rows = csv.reader(io.StringIO(read_text_file(path), newline=""))
        try:
            for row in rows:
                if len(row) != 3 or row[0] not in ("1", "2", "3", "4"):
                    raise DataError(
                        f"{path}: line {rows.line_num} must contain a class from 1 to 4, a title and a text"
                    )
                texts.append(f"{row[1]} {row[2]}".replace("\\", " "))
                y.append(int(row[0]) - 1)
        except csv.Error as error:
            raise DataError(f"{path}: line {rows.line_num} cannot be read as CSV ({error})") from None
        sizes.append(len(texts))
    return Corpus(texts, np.array(y, dtype=np.int64), NEWS, np.arange(sizes[0], sizes[1]))


def read_newsgroups(root: Path) -> Corpus:
    """Read 18,846 posts to 20 newsgroups, 7,532 of them the test set, as downloaded by scikit-learn.

    Headers, footers and quotes are removed; posts that are then empty are left out.
    """
    from sklearn.datasets import fetch_20newsgroups

    _refuse_programs(root / NEWSGROUPS)
    texts, y, sizes = [], [], []
    for part in ("train", "test"):
        bunch = fetch_20newsgroups(
            data_home=str(root), subset=part, remove=("headers", "footers", "quotes"), download_if_missing=False
        )
        kept = [(text, target) for text, target in zip(bunch.data, bunch.target, strict=True) if text.split()]
        texts += [text for text, _ in kept]
        y += [int(target) for _, target in kept]
        sizes.append(len(texts))
    return Corpus(texts, np.array(y, dtype=np.int64), tuple(bunch.target_names), np.arange(sizes[0], sizes[1]))


def _refuse_programs(path: Path) -> None:
    """Check the content of a pickle before scikit-learn loads it, because scikit-learn does not restrict it."""
    try:
        content = zlib.decompress(path.read_bytes())
    except zlib.error as error:
        raise DataError(f"{path}: is damaged ({error}); delete it and download it again") from None
    held = load_plain_pickle(content, str(path))
    parts = [held.get(part) for part in ("train", "test")] if isinstance(held, dict) else [None]
    if not all(isinstance(part, dict) and {"data", "target", "target_names"} <= set(part) for part in parts):
        raise DataError(f"{path}: does not contain scikit-learn's 20 newsgroups; delete it and download it again")


def read_ptb(root: Path, tokenizer: str) -> list[list[str]]:
    """Read the Penn Treebank in Mikolov's version: 929,589, 73,760 and 82,430 words, including ends of sentences."""
    return _running([root / "ptb" / f"ptb.{part}.txt" for part in ("train", "valid", "test")], tokenizer)


def read_wikitext2(root: Path, tokenizer: str) -> list[list[str]]:
    """Read WikiText-2: 2,088,628, 217,646 and 245,569 words of good articles and line ends (Merity et al. 2016)."""
    return _running([root / "wikitext-2" / f"wiki.{part}.tokens" for part in ("train", "valid", "test")], tokenizer)


def _running(files: list[Path], tokenizer: str) -> list[list[str]]:
    texts = [read_text_file(path) for path in files]
    return [tokenize(text.replace("\n", " <eos> ") if tokenizer == "spaces" else text, tokenizer) for text in texts]


def read_tinyshakespeare(root: Path, tokenizer: str) -> list[list[str]]:
    """Read 1,115,394 characters of Shakespeare (Karpathy 2015); validation and test set are the last two twentieths."""
    tokens = tokenize(read_text_file(root / "tinyshakespeare" / "input.txt"), tokenizer)
    cuts = [0, round(0.9 * len(tokens)), round(0.95 * len(tokens)), len(tokens)]
    return [tokens[a:b] for a, b in pairwise(cuts)]


CORPORA: dict[str, Callable[[Path], Corpus]] = {
    "rt_polarity": read_rt_polarity,
    "scale_data": read_scale_data,
    "imdb": read_imdb,
    "ag_news": read_ag_news,
    "newsgroups20": read_newsgroups,
}
STREAMS: dict[str, Callable[..., list[list[str]]]] = {
    "ptb": read_ptb,
    "wikitext2": read_wikitext2,
    "tinyshakespeare": read_tinyshakespeare,
}


def read_text(
    name: str,
    root: str = "",
    tokenizer: str = "spaces",
    max_length: int = 64,
    padding: str = "front",
    vocab_size: int = 20_000,
) -> Dataset:
    """Return a text set with its classes or ratings.

    Args:
        name: the name of the data set.
        root: the root folder of the data.
        tokenizer, max_length, padding, vocab_size: as for :mod:`dropout_lab.data.text`.

    Raises:
        DataError: files are missing, damaged or differ from the published ones.
    """
    return _labelled(name, CORPORA[name], root, TextOptions(tokenizer, max_length, padding), vocab_size)


def scale_data(
    root: str = "",
    tokenizer: str = "spaces",
    max_length: int = 64,
    padding: str = "front",
    vocab_size: int = 20_000,
    label: str = "rating",
) -> Dataset:
    """Return the result of :func:`read_scale_data` as a data set."""
    read = partial(read_scale_data, label=label)
    return _labelled("scale_data", read, root, TextOptions(tokenizer, max_length, padding), vocab_size, label)


def _labelled(
    name: str, read: Callable[[Path], Corpus], root: str, how: TextOptions, vocab_size: int, detail: str = ""
) -> Dataset:
    place = data_root(root)

    def decode() -> dict[str, np.ndarray]:
        verify_files(name, place)
        return encode_corpus(read(place), how, lambda row: f"data={name}: text {row + 1}")

    arrays = load_or_decode(name, require_files(name, place), place, decode, f"{how} {detail}")
    return to_labelled_dataset(name, arrays, vocab_size)


def read_stream(name: str, root: str = "", tokenizer: str = "spaces", vocab_size: int = 20_000) -> Dataset:
    """Return a running text as a data set.

    Raises:
        DataError: files are missing, damaged or differ from the published ones.
    """
    place = data_root(root)

    def decode() -> dict[str, np.ndarray]:
        verify_files(name, place)
        return encode_stream(name, STREAMS[name](place, tokenizer))

    return to_stream_dataset(
        name, load_or_decode(name, require_files(name, place), place, decode, tokenizer), vocab_size
    )


TEXTS: dict[str, Callable[..., Dataset]] = {name: partial(read_text, name) for name in CORPORA}
TEXTS["scale_data"] = scale_data
LANGUAGE: dict[str, Callable[..., Dataset]] = {name: partial(read_stream, name) for name in STREAMS}


def read_text_file(path: Path, encoding: str = "utf-8") -> str:
    """Return the text of a file.

    Raises:
        DataError: the file is missing or has another encoding.
    """
    try:
        return path.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not {encoding.upper()} text (at byte {error.start})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
