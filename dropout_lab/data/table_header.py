"""Detection of the header in the first record of a table, and the column names."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from dropout_lab.data.numerals import has_decimal_comma, is_missing, number_of
from dropout_lab.errors import DataError

_UNNAMED = re.compile(r"Unnamed: \d+(\.\d+)*")  # as pandas writes the name of a column without one


class Origin(NamedTuple):
    """Where a record begins: the number of its line, and whether its first cell is in double quotes."""

    line: int
    quoted: bool


def has_header(rows: Sequence[Sequence[str]], names: Collection[str]) -> bool:
    """Return whether the first record contains names: it has words above numbers, or words that occur nowhere below.

    Args:
        rows: stripped cells of the first records.
        names: the names of columns that the user has given; a record that holds one of them is the header.
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
    """Return whether the first record has a name given by the user that is not the number of a column."""
    return any(cell in names and not (cell.isdecimal() and int(cell) <= len(first)) for cell in first)


def names_of(
    path: Path, rows: Sequence[Sequence[str]], header: bool, width: int, origins: Sequence[Origin]
) -> tuple[str, ...]:
    """Return the names of all columns; without a header they are their numbers from 1.

    Args:
        rows: stripped cells of the first records.
        width: cells of most records.
        origins: where each record begins.

    Raises:
        DataError: two columns have the same name, or the rows have one cell more than the header without row names.
    """
    if not header:
        return tuple(str(i + 1) for i in range(width))
    first = list(rows[0])
    if len(first) == width - 1:
        # A separator at the end of each line but the first, or row names without a header, as R writes them.
        body = [i for i in range(1, len(rows)) if len(rows[i]) == width]
        if all(not rows[i][-1] for i in body):
            first = [*first, ""]
        elif _are_row_names([rows[i] for i in body], all(origins[i].quoted for i in body)):
            first = ["", *first]
        else:
            raise DataError(
                f"{path}: line {origins[body[0]].line} has {width} cells, but the header has {width - 1} "
                f"name{'' if width == 2 else 's'}; put cells that contain the separator or a decimal comma into "
                "double quotes, name every column, or set data.separator"
            )
    elif len(first) == width + 1 and not first[-1]:
        del first[-1]
    names = [_cleaned(name) or f"Unnamed: {i}" for i, name in enumerate(first)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{path}: the header has more than one column {twice[0]!r}; column names must be unique")
    return tuple(names)


def _are_row_names(rows: Sequence[Sequence[str]], quoted: bool) -> bool:
    """Whether the first cells of rows with one cell more than the header are names of the rows, as R writes them.

    They differ from row to row. Without quotes they count the rows, or they are words before a column of numbers: a
    second column of words may be the rest of a text that holds the separator.
    """
    cells = [row[0] for row in rows]
    if len(set(cells)) < len(cells) or "" in cells:
        return False
    if quoted or any(cells == [str(start + i) for i in range(len(cells))] for start in (0, 1)):
        return True
    return not any(map(_is_number, cells)) and all(_is_number(row[1]) or is_missing(row[1]) for row in rows)


def _cleaned(name: str) -> str:
    """A name without signs that cannot be seen or typed, such as ends of lines within a cell."""
    return "".join(c for c in " ".join(name.split()) if c.isprintable())


def is_unnamed(name: str) -> bool:
    """Whether a column has no name in the header."""
    return bool(_UNNAMED.fullmatch(name))


def _vote(top: str, cells: Sequence[str]) -> str:
    values = [cell for cell in cells if not is_missing(cell)]
    if is_missing(top) or not values or not all(map(_is_number, values)):
        return "neither"
    return "data" if _is_number(top) else "names"


def _is_range(first: Sequence[str]) -> bool:
    """Whether the record is ``,0,1,2`` or ``0,1,2,3``, as pandas names the columns of an array."""
    named = list(first[1:] if first[0] == "" else first)
    return named == [str(i) for i in range(len(named))] and (first[0] == "" or len(named) > 3)


def _is_number(cell: str) -> bool:
    return number_of(cell) is not None or has_decimal_comma(cell)
