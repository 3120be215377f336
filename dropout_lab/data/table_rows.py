"""The parser of tables in text files: records of cells, each with its line number."""

import csv
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from dropout_lab.data.text_encoding import open_text
from dropout_lab.errors import DataError

LONGEST = 1 << 30  # characters of a cell; Python's default limit is 131,072
BLOCK = 4096  # number of records kept in memory as cells
SPACE = " "  # stands for any run of white space


@dataclass(frozen=True)
class TableFormat:
    """The format of a table.

    Args:
        separator: one character; a space stands for any run of white space.
        quoted: whether double quotes enclose cells.
        encoding: the result of :func:`dropout_lab.data.text_encoding.encoding_of`.
        decimal: the decimal sign, ``.`` or ``,``.
        skipped: number of lines before the first record.
        header: whether the first record holds the names of the columns.
        names: the names of all columns.
        notes: differences from UTF-8, commas, points and a header, one phrase each.
    """

    separator: str
    quoted: bool
    encoding: str
    decimal: str
    skipped: int
    header: bool
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


Record = tuple[int, list[str]]


def records(
    lines: Iterable[str], separator: str, quoted: bool = True, strict: bool = True, skipped: int = 0
) -> Generator[Record, None, None]:
    """Yield the records of a table, each with the number of its first line; blank lines are left out.

    Args:
        lines: the lines, without the skipped ones.
        separator, quoted: as for :class:`TableFormat`.
        strict: whether quotes must be balanced.
        skipped: number of lines before the first record.

    Raises:
        csv.Error: a record cannot be parsed; ``str()`` begins with the number of the line.
    """
    if separator == SPACE:
        lines = (re.sub(r"\s+", SPACE, line.strip()) + "\n" for line in lines)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=separator, quoting=quoting, skipinitialspace=True, strict=strict)
    begun = skipped + 1
    try:
        while (cells := _next(reader)) is not None:
            if len(cells) > 1 or (cells and cells[0].strip()):
                yield begun, cells
            begun = skipped + reader.line_num + 1
    except csv.Error as error:
        raise csv.Error(f"line {begun} cannot be read ({error})") from None


def _next(reader: Iterator[list[str]]) -> list[str] | None:
    """Return the next record, None at the end, however long its cells are.

    The limit is one of the process. It is restored after each record, because a generator may never be finished.
    """
    before = csv.field_size_limit(LONGEST)
    try:
        return next(reader, None)
    finally:
        csv.field_size_limit(before)


def blocks(path: Path, form: TableFormat) -> Iterator[list[Record]]:
    """Yield the records below the header in blocks; trailing records whose cells are all empty are left out.

    Raises:
        DataError: a record cannot be read, or has another number of cells than there are columns.
    """
    width, empty, block = len(form.names), [], []
    with open_text(path, form.encoding) as file:
        all_records = records(islice(file, form.skipped, None), form.separator, form.quoted, skipped=form.skipped)
        try:
            for line, cells in islice(all_records, int(form.header), None):
                if not any(cell and not cell.isspace() for cell in cells):
                    empty.append((line, cells))
                    continue
                for begun, row in (*empty, (line, cells)):
                    if len(row) != width:
                        raise DataError(f"{path}: line {begun} has {_counted(len(row))} instead of {width}")
                    block.append((begun, row))
                empty = []
                if len(block) >= BLOCK:
                    yield block
                    block = []
        except csv.Error as error:
            raise DataError(f"{path}: {error}") from None
    if block:
        yield block


def _counted(cells: int) -> str:
    return f"{cells} cell{'' if cells == 1 else 's'}"
