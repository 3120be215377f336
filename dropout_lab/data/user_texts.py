"""User texts: a folder of ``.txt`` files per class, or a table with a column of texts."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.folders import ClassFolders, read_class_folders
from dropout_lab.data.labels import missing_targets, targets_of
from dropout_lab.data.table_columns import read_cells
from dropout_lab.data.table_format import DETECTED, FormatOptions, format_of
from dropout_lab.data.tables import check_column, dropped_rows, rows_to_keep
from dropout_lab.data.text import Corpus, TextOptions, encode_corpus
from dropout_lab.data.text_encoding import decode_text
from dropout_lab.errors import DataError

SUFFIX = ".txt"


def list_texts(folder: Path) -> ClassFolders:
    """List the texts by split and class."""
    return read_class_folders(folder, {SUFFIX}, "text")


def read_folder(folder: Path, how: TextOptions) -> Arrays:
    """Encode a folder of texts.

    Returns:
        the arrays of :func:`dropout_lab.data.text.encode_corpus`, and notes on the encodings of the files.

    Raises:
        DataError: a text is empty, or has an unknown encoding.
    """
    listing = list_texts(folder)
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
    return encode_corpus(corpus, how, lambda row: f"{paths[row]}:") | {"notes": np.array(notes, dtype=str)}


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def read_column(
    path: Path, text: str, target: str, task: str, missing: str, how: TextOptions, given: FormatOptions = DETECTED
) -> Arrays:
    """Encode a column of texts with a column of targets.

    Args:
        path: the file.
        text: the column of the texts.
        target: the column of the targets.
        task: ``classification``, ``regression`` or ``auto``.
        missing: ``refuse``, or ``drop`` to leave out rows without a text or a target.
        how: the conversion of texts to arrays.
        given: the user's settings for the format of the table.

    Raises:
        DataError: a column is missing, or a line lacks a text or target.
    """
    if missing in ("mean", "median"):
        raise DataError(
            f"data.missing={missing}: does not apply to texts; data.missing=drop removes rows without a text"
        )
    form = format_of(path, given, [text, target])
    check_column(path, form, "text", text)
    check_column(path, form, "target", target)
    if text == target:
        raise DataError(f"data.target={target}: is the column of the texts; the target must be another column")
    lines, _, cells = read_cells(path, form, [], [text, target])
    labels = [cell.strip() for cell in cells[target]]

    def place(name: str) -> Callable[[int], str]:
        return lambda row: f"{path}: line {lines[row]}, column {name!r}"

    empty = np.array([not cell.strip() for cell in cells[text]])
    needed = {text: empty, target: missing_targets(labels, task, form.decimal)}
    rows = rows_to_keep(missing, {}, needed, place)
    targets = targets_of([labels[row] for row in rows], task, form.decimal, lambda row: place(target)(rows[row]))
    corpus = Corpus([cells[text][row] for row in rows], targets["y"], tuple(map(str, targets.get("classes", ()))))
    notes = [*form.notes, *dropped_rows(len(labels) - len(rows)), *targets["notes"]]
    return encode_corpus(corpus, how, lambda row: f"{place(text)(rows[row])}:") | {"notes": np.array(notes, str)}
