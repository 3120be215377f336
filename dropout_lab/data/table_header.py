"""The header of a table: whether the first record holds the names of the columns, and the names."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from dropout_lab.data.numerals import has_decimal_comma, is_missing, number_of
from dropout_lab.errors import DataError

_UNNAMED = re.compile(r"Unnamed: \d+(\.\d+)*")  # the name that pandas writes for an unnamed column


def has_header(rows: Sequence[Sequence[str]], names: Collection[str]) -> bool:
    """Return whether the first record is a header: words above numbers, or words that do not occur below.

    Args:
        rows: stripped cells of the first records.
        names: column names given by the user; a record that contains one of them is the header.
    """
    first, body = rows[0], rows[1:]
    if not body or holds_name(first, names):
        return True
    if _is_range(first):
        return True
    columns = [[row[i] for row in body if i < len(row)] for i in range(len(first))]
    votes = Counter(_vote(top, cells) for top, cells in zip(first, columns, strict=True))
    if votes["names"] or votes["data"]:
        return votes["names"] > votes["data"]
    return not any(top and top in cells for top, cells in zip(first, columns, strict=True))


def holds_name(first: Sequence[str], names: Collection[str]) -> bool:
    """Return whether the first record contains a name given by the user that is not the number of a column."""
    return any(cell in names and not (cell.isdecimal() and int(cell) <= len(first)) for cell in first)


def names_of(path: Path, rows: Sequence[Sequence[str]], header: bool, width: int) -> tuple[str, ...]:
    """Return the names of all columns; without a header these are the numbers from 1.

    Args:
        path: the file, for messages.
        rows: stripped cells of the first records.
        header: whether the first record is the header.
        width: number of cells of most records.

    Raises:
        DataError: two columns have the same name.
    """
    if not header:
        return tuple(str(i + 1) for i in range(width))
    first = list(rows[0])
    if len(first) == width - 1:
        # Each line but the first ends with a separator, or row names have no header, as in the output of R.
        trailing = all(not row[-1] for row in rows[1:] if len(row) == width)
        first = [*first, ""] if trailing else ["", *first]
    elif len(first) == width + 1 and not first[-1]:
        del first[-1]
    names = [_cleaned(name) or f"Unnamed: {i}" for i, name in enumerate(first)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{path}: the header has more than one column {twice[0]!r}; names must differ")
    return tuple(names)


def _cleaned(name: str) -> str:
    """Return a name without invisible characters, such as line breaks within a cell."""
    return "".join(c for c in " ".join(name.split()) if c.isprintable())


def is_unnamed(name: str) -> bool:
    """Return whether a column has no name in the header."""
    return bool(_UNNAMED.fullmatch(name))


def _vote(top: str, cells: Sequence[str]) -> str:
    values = [cell for cell in cells if not is_missing(cell)]
    if is_missing(top) or not values or not all(map(_is_number, values)):
        return "neither"
    return "data" if _is_number(top) else "names"


def _is_range(first: Sequence[str]) -> bool:
    """Return whether the record is ``,0,1,2`` or ``0,1,2,3``, the column names that pandas gives to an array."""
    named = list(first[1:] if first[0] == "" else first)
    return named == [str(i) for i in range(len(named))] and (first[0] == "" or len(named) > 3)


def _is_number(cell: str) -> bool:
    return number_of(cell) is not None or has_decimal_comma(cell)
