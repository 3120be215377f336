"""User tables in text files: features are converted to an array of numbers, the target to classes or numbers."""

from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.labels import missing_targets, targets_of
from dropout_lab.data.numerals import SHOWN
from dropout_lab.data.table_columns import MOST_LEVELS, Numbers, Words, dropping, read_cells
from dropout_lab.data.table_format import DETECTED, FormatOptions, format_of
from dropout_lab.data.table_header import is_unnamed
from dropout_lab.data.table_rows import TableFormat
from dropout_lab.errors import DataError, did_you_mean

SUFFIXES = (".csv", ".tsv", ".txt", ".data")
LISTED = 12  # number of names in a message
NOTED = 6  # number of columns in a note

Columns = dict[str, Numbers | Words]
Masks = dict[str, np.ndarray]


class TableOptions(NamedTuple):
    """The columns to read from a table.

    Args:
        target: the column to predict.
        task: ``classification``, ``regression`` or ``auto``.
        columns: the features; all columns but the target if empty.
        drop: columns to leave out.
        missing: ``refuse``, ``drop`` to leave out rows with missing cells, or ``mean`` or ``median`` to return missing
            feature cells as NaN, which are filled per trial.
    """

    target: str
    task: str = "auto"
    columns: Sequence[str] = ()
    drop: Sequence[str] = ()
    missing: str = "refuse"


def is_table(path: Path) -> bool:
    """Return whether the file name is that of a table in text form, possibly compressed."""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith(SUFFIXES)


def read_table(path: Path, options: TableOptions, given: FormatOptions = DETECTED) -> Arrays:
    """Decode a table to x float64 [N, F], y, the names of the classes, the source column of each feature, and notes.

    Raises:
        DataError: the file is not a table, a column is missing, or a cell is neither a number nor a word.
    """
    form = format_of(path, given, [options.target, *options.columns, *options.drop])
    check_column(path, form, "target", options.target)
    names = _features(path, form, options)
    lines, cells, kept = read_cells(path, form, names, [options.target])

    def place(name: str) -> Callable[[int], str]:
        return lambda row: f"{path}: line {lines[row]}, column {name!r}"

    empty = [name for name in names if is_unnamed(name) and cells[name].is_empty()]
    columns = {name: cells[name].resolved(name, place(name)) for name in names if name not in empty}
    indices = list(takewhile(lambda name: is_unnamed(name) and columns[name].is_index(), columns))
    columns = {name: column for name, column in columns.items() if name not in indices}
    if not columns:
        raise DataError(f"{path}: must have a feature in addition to the target {options.target!r}")
    _refuse_levels(path, columns)
    y = [cell.strip() for cell in kept[options.target]]
    masks = {name: column.missing for name, column in columns.items()}
    needed = {options.target: missing_targets(y, options.task, form.decimal)}
    rows = rows_to_keep(options.missing, masks, needed, place)
    columns = {name: column.select(rows) for name, column in columns.items()}
    targets = targets_of([y[row] for row in rows], options.task, form.decimal, lambda r: place(options.target)(rows[r]))
    notes = [f"column {name!r}, which is empty, is excluded" for name in empty]
    notes += [f"column {name!r}, which counts the rows, is excluded" for name in indices]
    notes += _notes(columns, options.missing, len(y) - len(rows))
    width = {name: column.width for name, column in columns.items()}
    return {
        "x": np.concatenate([column.features() for column in columns.values()], axis=1),
        **targets,
        "columns": np.array([name for name, count in width.items() for _ in range(count)]),
        "notes": np.array([*form.notes, *notes, *targets["notes"]], str),
    }


def check_column(path: Path, form: TableFormat, key: str, name: str) -> None:
    """Raise DataError if a table lacks the column given as ``data.KEY``."""
    if name in form.names:
        return
    more = ", ..." if len(form.names) > LISTED else ""
    known = f"its columns are {', '.join(known[:SHOWN] for known in form.names[:LISTED])}{more}"
    if not name:
        raise DataError(f"{path}: requires data.{key}=COLUMN; {known}")
    header = "" if form.header else "; set data.header=true if the first line contains names"
    raise DataError(f"data.{key}={name}: no such column in {path}; {did_you_mean(name, form.names, known)}{header}")


def rows_to_keep(
    missing: str, features: Masks, needed: Masks, place: Callable[[str], Callable[[int], str]]
) -> np.ndarray:
    """Return the rows to read.

    Args:
        missing: as for :class:`TableOptions`.
        features: masks of the missing cells of each feature, bool [N].
        needed: the same for columns whose cells cannot be filled, such as the target.
        place: returns the location of a cell in the file by its column and row, for messages.

    Raises:
        DataError: cells are missing, and ``missing`` does not allow it.
    """
    masks = needed if missing in ("mean", "median") else features | needed
    lacking = np.any(list(masks.values()), axis=0)
    row = int(np.argmax(lacking))
    if missing == "drop" and not lacking.all():
        return np.flatnonzero(~lacking)
    if not lacking.any():
        return np.arange(len(lacking))
    name = next(name for name, mask in masks.items() if mask[row])
    count = int(lacking.sum())
    rows = f"{count} row{'s have' if count > 1 else ' has'} missing cells"
    if missing == "drop":
        remedy = "every row has missing cells; data.drop=[COLUMN] excludes a column"
    elif missing == "refuse" and features and not any(mask.any() for mask in needed.values()):
        remedy = f"{rows}; set data.missing=mean, median or drop"
    else:
        remedy = f"{rows}; data.missing=drop removes them"
    raise DataError(f"{place(name)(row)}: is empty; {remedy}")


def dropped_rows(count: int) -> list[str]:
    """Return the note on rows that are left out, if there are any."""
    return [f"{count} row{'s' if count > 1 else ''} with missing cells removed"] if count else []


def _features(path: Path, form: TableFormat, options: TableOptions) -> list[str]:
    for key, names in (("columns", options.columns), ("drop", options.drop)):
        for name in names:
            check_column(path, form, key, name)
            if name == options.target:
                raise DataError(f"data.{key}=[{','.join(names)}]: {name!r} is the target")
    chosen = [name for name in form.names if not options.columns or name in options.columns]
    return [name for name in chosen if name not in (options.target, *options.drop)]


def _refuse_levels(path: Path, columns: Columns) -> None:
    many = {n: len(c.levels) for n, c in columns.items() if isinstance(c, Words) and len(c.levels) > MOST_LEVELS}
    if many:
        counts = ", ".join(f"{name!r} contains {count} distinct words" for name, count in many.items())
        raise DataError(
            f"{path}: column {counts}; at most {MOST_LEVELS} can become indicators; {dropping(list(many))} "
            f"excludes {'them' if len(many) > 1 else 'it'}"
        )


def _notes(columns: Columns, missing: str, dropped: int) -> list[str]:
    notes = []
    words = [column for column in columns.values() if isinstance(column, Words)]
    if words:
        count, made = f"{len(words)} column{'s' if len(words) > 1 else ''}", sum(column.width for column in words)
        notes.append(f"{count} of words became {made} indicator{'s' if made > 1 else ''}")
    mixed = [name for name, column in columns.items() if isinstance(column, Words) and column.mixed]
    if mixed:
        notes.append(f"numbers in {_listed(mixed)} are read as words, like other cells of these columns")
    lacking = {name: int(column.missing.sum()) for name, column in columns.items() if column.missing.any()}
    if lacking:
        total = sum(lacking.values())
        cells = f"{total} missing cell{'s' if total > 1 else ''}"
        by_column = _listed([f"{name} {count}" for name, count in lacking.items()])
        notes.append(f"{cells} filled with the {missing} of the training split: {by_column}")
    notes += dropped_rows(dropped)
    similar = [name for name, column in columns.items() if isinstance(column, Words) and column.has_similar()]
    if similar:
        notes.append(f"words that differ only in capitals or white space are separate words in {_listed(similar)}")
    numbers = [name for name, column in columns.items() if column.counts(is_unnamed(name))]
    if numbers:
        reason = "look like row numbers" if len(numbers) > 1 else "looks like a row number"
        notes.append(f"{_listed(numbers)} {reason}, which {dropping(numbers[:1])} excludes")
    return notes


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NOTED} more" if len(names) > NOTED else ""
    return ", ".join(names[:NOTED]) + more
