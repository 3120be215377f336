"""The columns of a table: cells are converted to numbers, or to words that become indicators."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dropout_lab.data.labels import appearance
from dropout_lab.data.numerals import (
    LARGEST,
    has_decimal_comma,
    is_formatted,
    is_infinite,
    is_missing,
    number_of,
    numbers_of,
    shortened,
)
from dropout_lab.data.table_rows import TableFormat, blocks
from dropout_lab.errors import DataError

MOST_LEVELS = 50  # largest number of distinct words that become indicators
FEWEST_WORDS = 0.05  # fraction of the cells of a numeric column; fewer words are taken for typing errors
NUMBER = -1


@dataclass(frozen=True)
class Numbers:
    """A column of numbers, float64 [N], NaN where a cell is missing."""

    values: np.ndarray

    @property
    def missing(self) -> np.ndarray:
        empty: np.ndarray = np.isnan(self.values)
        return empty

    @property
    def width(self) -> int:
        """The number of features of the column."""
        return 1

    def features(self) -> np.ndarray:
        """Return the features [N, 1]."""
        return self.values[:, None]

    def select(self, rows: np.ndarray) -> "Numbers":
        """Return the column restricted to the given rows."""
        return Numbers(self.values[rows])

    def counts(self, unnamed: bool) -> bool:
        """Return whether the column numbers the rows, up or down; without a name it may also be in another order."""
        if self.missing.any() or (self.values != np.round(self.values)).any() or len(self.values) < 2:
            return False
        steps = np.diff(self.values)
        consecutive = abs(steps[0]) == 1 and (steps == steps[0]).all()
        return bool(consecutive or (unnamed and len(np.unique(self.values)) == len(self.values)))

    def is_index(self) -> bool:
        """Return whether the column numbers the rows from 0 or 1."""
        return self.values[0] in (0, 1) and bool((np.diff(self.values) == 1).all())


@dataclass(frozen=True)
class Words:
    """A column of words.

    Args:
        codes: numbers of the levels, int64 [N], -1 where a cell is missing.
        levels: the distinct words, sorted.
        mixed: whether some of them are numbers.
    """

    codes: np.ndarray
    levels: tuple[str, ...]
    mixed: bool = False

    @property
    def missing(self) -> np.ndarray:
        return self.codes < 0

    @property
    def width(self) -> int:
        """The number of features of the column."""
        return len(self.levels)

    def features(self) -> np.ndarray:
        """Return one indicator per level [N, L], NaN where the cell is missing."""
        indicators = np.eye(len(self.levels) + 1)[:, : len(self.levels)]
        indicators[-1] = np.nan
        rows: np.ndarray = indicators[self.codes]
        return rows

    def select(self, rows: np.ndarray) -> "Words":
        """Return the column restricted to the given rows, with the levels that still occur."""
        used, codes = np.unique(self.codes[rows], return_inverse=True)
        lacking = int(used[0] == -1)
        return Words(codes - lacking, tuple(self.levels[i] for i in used[lacking:]), self.mixed)

    def has_similar(self) -> bool:
        """Return whether some words look alike."""
        return len(set(map(appearance, self.levels))) < len(self.levels)

    def counts(self, unnamed: bool) -> bool:
        """Return False: words do not number the rows."""
        return False

    def is_index(self) -> bool:
        """Return False: words are not an index."""
        return False


class Cells:
    """The cells of one column, collected in blocks; cells that are not numbers are stored as codes of words."""

    def __init__(self, decimal: str):
        self._decimal = decimal
        self._values: list[np.ndarray] = []
        self._codes: list[np.ndarray] = []
        self._texts: dict[str, int] = {}

    def add(self, cells: Sequence[str]) -> None:
        """Add the cells of the next rows."""
        values = numbers_of(cells, self._decimal)
        codes = np.full(len(cells), NUMBER)
        if values is None:
            values = np.full(len(cells), np.nan)
            for row, cell in enumerate(map(str.strip, cells)):
                number = number_of(cell, self._decimal)
                if number is None:
                    codes[row] = self._texts.setdefault(cell, len(self._texts))
                else:
                    values[row] = number
        self._values.append(values)
        self._codes.append(codes)

    def is_empty(self) -> bool:
        """Return whether all cells are empty."""
        return all((codes != NUMBER).all() for codes in self._codes) and set(self._texts) <= {""}

    def resolved(self, name: str, place: Callable[[int], str]) -> Numbers | Words:
        """Decide whether the column holds numbers or words, and return it.

        Args:
            name: the name of the column.
            place: returns the location of a cell in the file by its row, for messages.

        Raises:
            DataError: a cell is neither a number nor a word, or the column is empty.
        """
        values, codes, texts = np.concatenate(self._values), np.concatenate(self._codes), list(self._texts)
        words = np.array([not is_missing(text) for text in texts], bool)
        numeric = codes == NUMBER
        if not words.any():
            _refuse_empty(numeric, name, place)
            _refuse_huge(values, place)
            return Numbers(values)
        empty = np.array([not text for text in texts], bool)
        wrong = ~numeric & words[codes]
        missing = ~numeric & empty[codes]
        strange = [text for text in texts if not is_missing(text)]
        row = int(np.argmax(wrong))
        cell = texts[codes[row]]
        if all(map(is_formatted, strange)) or (numeric.any() and any(map(is_infinite, strange))):
            raise DataError(f"{place(row)}: {shortened(cell)} is not a finite number{_hint(cell, self._decimal)}")
        converted = Words(*_levels(values, codes, texts, missing), mixed=bool(numeric.any()))
        few = wrong.sum() < FEWEST_WORDS * (~missing).sum()
        if converted.mixed and (few or len(converted.levels) > min(MOST_LEVELS, (~missing).sum() / 2)):
            raise DataError(
                f"{place(row)}: {shortened(cell)} is not a finite number like the other cells of the column; "
                f"{dropping([name])} excludes the column"
            )
        return converted


def read_cells(
    path: Path, form: TableFormat, features: Sequence[str], texts: Sequence[str]
) -> tuple[np.ndarray, dict[str, Cells], dict[str, list[str]]]:
    """Read some columns of a table.

    Args:
        path: the file.
        form: the format of the table.
        features: names of the columns to convert.
        texts: names of the columns to return unchanged.

    Returns:
        line numbers int64 [N], the converted columns and the unchanged columns, by name.

    Raises:
        DataError: a record cannot be read, or there are no records.
    """
    places = {name: i for i, name in enumerate(form.names)}
    lines: list[np.ndarray] = []
    columns = {name: Cells(form.decimal) for name in features}
    kept: dict[str, list[str]] = {name: [] for name in texts}
    for block in blocks(path, form):
        cells = list(zip(*(row for _, row in block), strict=True))
        lines.append(np.array([line for line, _ in block]))
        for name, column in columns.items():
            column.add(cells[places[name]])
        for name, each in kept.items():
            each += cells[places[name]]
    if not lines:
        raise DataError(f"{path}: has no line after the header")
    return np.concatenate(lines), columns, kept


def dropping(names: Sequence[str]) -> str:
    """Return the setting that leaves out the given columns, as a user would type it."""
    plain = re.compile(r"[^\W\d][\w ./-]*", re.ASCII)
    typed = (name if plain.fullmatch(name) else json.dumps(name, ensure_ascii=False) for name in names)
    return f"data.drop=[{','.join(typed)}]"


def _levels(
    values: np.ndarray, codes: np.ndarray, texts: Sequence[str], missing: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the codes [N] into the sorted levels, and the levels. Numbers among words are levels by their value."""
    numbers, which = np.unique(values[codes == NUMBER], return_inverse=True)
    names = [*texts, *(f"{value:.15g}" for value in numbers)]
    merged = codes.copy()
    merged[codes == NUMBER] = len(texts) + which
    used, merged = np.unique(merged[~missing], return_inverse=True)
    order = sorted(range(len(used)), key=lambda i: names[used[i]])
    ranks = np.empty(len(used), np.int64)
    ranks[order] = np.arange(len(used))
    level_codes = np.full(len(codes), -1)
    level_codes[~missing] = ranks[merged]
    return level_codes, tuple(names[used[i]] for i in order)


def _refuse_empty(numeric: np.ndarray, name: str, place: Callable[[int], str]) -> None:
    if not numeric.any():
        raise DataError(f"{place(0)}: the column is empty; {dropping([name])} excludes it")


def _refuse_huge(values: np.ndarray, place: Callable[[int], str]) -> None:
    huge = np.abs(values) > LARGEST
    if huge.any():
        row = int(np.argmax(huge))
        raise DataError(f"{place(row)}: {values[row]:.6g} is too large; numbers must be within {LARGEST:.1e}")


def _hint(cell: str, decimal: str) -> str:
    if decimal == "," and number_of(cell) is not None:
        return (
            "; it contains a point, but the decimal sign of the file is a comma; use one decimal sign in the "
            "whole file and set data.decimal=point or data.decimal=comma"
        )
    if has_decimal_comma(cell):
        return "; write it without thousands separators, or set data.decimal=comma if it is a decimal sign"
    return "; write numbers without thousands separators, units and percent signs" if is_formatted(cell) else ""
