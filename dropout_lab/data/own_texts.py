"""Texts of the user's own: a folder of ``.txt`` files for each class, or a ``.csv`` with a column of texts."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.corpora import text_of
from dropout_lab.data.dataset import DataError
from dropout_lab.data.folders import ClassFolders, read_class_folders
from dropout_lab.data.labels import target_of
from dropout_lab.data.text import Corpus, How, encoded
from dropout_lab.data.text_encoding import decode_text

SUFFIX = ".txt"
LONGEST = 1 << 30  # characters of a cell; Python's own limit is a page or two


def texts_of(folder: Path) -> ClassFolders:
    """List the texts by split and class."""
    return read_class_folders(folder, {SUFFIX}, "text")


def read_folder(folder: Path, how: How) -> Arrays:
    """Encode a folder of texts.

    Returns:
        the arrays of :func:`dropout_lab.data.text.encoded`, and notes on the encodings of the files.

    Raises:
        DataError: a text is empty, or in no known encoding.
    """
    listing = texts_of(folder)
    paths = [path for path, _ in listing.files]
    decoded = [decode_text(_read_bytes(path), path) for path in paths]
    fixed = {split: listing.rows(split) for split in ("test", "val")}
    corpus = Corpus(
        [text for text, _ in decoded],
        np.array([label for _, label in listing.files]),
        tuple(listing.classes),
        **{split: np.array(rows) for split, rows in fixed.items() if rows is not None},
    )
    others = Counter(encoding for _, encoding in decoded if encoding != "UTF-8")
    notes = [f"{n:,} file{'' if n == 1 else 's'} read as {encoding}" for encoding, n in sorted(others.items())]
    return encoded(corpus, how, lambda row: f"{paths[row]}:") | {"notes": np.array(notes, dtype=str)}


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def read_column(path: Path, text: str, target: str, task: str, how: How) -> Arrays:
    """Encode a column of texts with a column of targets.

    Args:
        text, target: names of the columns.
        task: ``classification``, ``regression`` or ``auto``.

    Raises:
        DataError: no such column, or a line that lacks something.
    """
    rows, lines = _rows(path)
    names = rows.pop(0) if rows else []
    for key, name in (("text", text), ("target", target)):
        if name not in names:
            said = f"data.{key}={name}: no such column in {path}" if name else f"{path}: needs data.{key}=COLUMN"
            raise DataError(f"{said}; it has {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}")
    if text == target:
        raise DataError(f"data.target={target}: is the column of the texts; another one must be predicted")
    if not rows:
        raise DataError(f"{path}: has no line below that of the names")
    del lines[0]
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(names):
            raise DataError(f"{path}: line {line} has {len(row)} cells instead of {len(names)}")
        if not row[names.index(target)].strip():
            raise DataError(f"{path}: line {line}, column {target!r}: is empty")
    found = target_of(path, _typed([row[names.index(target)].strip() for row in rows]), task)
    corpus = Corpus([row[names.index(text)] for row in rows], found["y"], tuple(map(str, found.get("classes", ()))))
    return encoded(corpus, how, lambda row: f"{path}: line {lines[row]}, column {text!r}:")


def _rows(path: Path) -> tuple[list[list[str]], list[int]]:
    """The cells of a ``.csv``, and the line that each of its rows begins with; a cell may have lines of its own."""
    rows, lines, begun = [], [], 1
    before = csv.field_size_limit(LONGEST)
    reader = csv.reader(io.StringIO(text_of(path, "utf-8-sig"), newline=""), strict=True)
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(begun)
            begun = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}: line {begun} cannot be read as CSV ({error})") from None
    finally:
        csv.field_size_limit(before)
    return rows, lines


def _typed(values: Sequence[str]) -> np.ndarray:
    """Numbers, if all are numbers; else words."""
    try:
        return np.array([float(value) for value in values])
    except ValueError:
        return np.array(values)
