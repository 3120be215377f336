"""Detection of the format of a table in a text file, from its first megabyte, as far as it is not given."""

import csv
import io
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from dropout_lab.data.numerals import has_decimal_comma, is_ambiguous, is_missing, number_of
from dropout_lab.data.table_header import has_header, holds_name, names_of
from dropout_lab.data.table_rows import SPACE, TableFormat, records
from dropout_lab.data.text_encoding import encoding_of, open_text
from dropout_lab.errors import DataError

SAMPLE = 1 << 20  # number of characters in the sample
ROWS = 1000  # number of records in the sample
# Sorted by how unlikely a character is to split every line into the same number of cells by chance.
SEPARATORS = {"tab": "\t", "semicolon": ";", "pipe": "|", "comma": ",", "space": SPACE}
EVEN = 0.9  # fraction of the records that must have the same number of cells


class FormatOptions(NamedTuple):
    """The user's settings for the format of a table; ``auto`` is detected.

    Args:
        separator: ``tab``, ``semicolon``, ``pipe``, ``comma``, ``space``, or one character.
        encoding: the name of a Python encoding.
        header: ``true`` or ``false``.
        decimal: ``point`` or ``comma``.
    """

    separator: str = "auto"
    encoding: str = "auto"
    header: str = "auto"
    decimal: str = "auto"


DETECTED = FormatOptions()


class _Parsed(NamedTuple):
    """A sample of the records under one separator: stripped cells, and the number of cells in most records."""

    separator: str
    quoted: bool
    rows: list[list[str]]
    width: int
    even: float  # fraction of the records with this width


def format_of(path: Path, options: FormatOptions, mentioned: Collection[str]) -> TableFormat:
    """Detect the format of a table.

    Args:
        path: the file.
        options: the user's settings for the format.
        mentioned: column names given by the user; the line that contains one of them is the header.

    Raises:
        DataError: the file is not text or is empty, or the meaning of its commas is ambiguous.
    """
    encoding = encoding_of(path, options.encoding)
    with open_text(path, encoding) as file:
        text = file.read(SAMPLE)
        whole = not file.read(1)
    lines = list(io.StringIO(text, newline=""))
    skipped, declared = _preamble(lines)
    given = SEPARATORS.get(options.separator, options.separator)
    given = declared if declared and given == "auto" else given
    parsed = _best(lines[skipped:] if whole else lines[skipped:-1], whole, given, mentioned)
    if not parsed.rows:
        raise DataError(f"{path}: is empty")
    comment = _names_in_comment(lines[:skipped], parsed)
    rows = [comment, *parsed.rows] if comment else parsed.rows
    header = options.header == "true"
    if options.header == "auto":
        header = bool(comment) or has_header(rows, mentioned)
    decimal = _decimal(path, parsed.separator, rows[header:], options.decimal)
    columns = names_of(path, rows, header, parsed.width)
    skipped -= bool(comment)
    form = TableFormat(parsed.separator, parsed.quoted, encoding, decimal, skipped, header, columns)
    return replace(form, notes=_notes(form, skipped - bool(declared)))


def _preamble(lines: Sequence[str]) -> tuple[int, str]:
    """Return the number of lines before the table, and the separator if one of them declares it as ``sep=;``.

    These lines are comments, and the line that Excel writes. A table whose lines all begin with ``#`` has no comments.
    """
    declared, skipped = "", 0
    for skipped, line in enumerate(lines):
        begin = line.strip("\r\n")
        if skipped == 0 and len(begin) == 5 and begin.lower().startswith("sep="):
            declared = begin[4]
        elif begin.strip() and not begin.lstrip().startswith("#"):
            return skipped, declared
    return 0, ""


def _best(lines: Sequence[str], whole: bool, given: str, names: Collection[str]) -> _Parsed:
    """Parse the sample with each separator and return the most likely result.

    Most records must have the same number of cells. Among these candidates, one whose first record contains a column
    name given by the user is preferred, and then the one with the largest fraction of numeric cells.
    """
    candidates = [_parse(lines, whole, s) for s in (SEPARATORS.values() if given == "auto" else [given])]
    even = [parsed for parsed in candidates if parsed.even >= EVEN and parsed.width > 1]
    if not even:
        comma = next((parsed for parsed in candidates if parsed.separator == ","), candidates[0])
        return max([comma, *candidates], key=lambda parsed: parsed.even if parsed.width > 1 else 0)
    return max(even, key=lambda parsed: (holds_name(parsed.rows[0], names), round(_share(parsed), 6)))


def _parse(lines: Sequence[str], whole: bool, separator: str) -> _Parsed:
    """Parse the sample, with quotes if they are balanced."""
    try:
        return _sized(separator, True, lines, True)
    except csv.Error as error:
        # A truncated sample may end within quotes.
        if not whole and "unexpected end" in str(error):
            return _sized(separator, True, lines, False)
    unquoted = _sized(separator, False, lines, False)
    if separator in "\t|" and unquoted.even == 1:
        return unquoted  # such files often have no quoting
    return _sized(separator, True, lines, False)


def _sized(separator: str, quoted: bool, lines: Sequence[str], strict: bool) -> _Parsed:
    found = records(lines, separator, quoted, strict)
    rows = [[cell.strip() for cell in cells] for _, cells in islice(found, ROWS)]
    found.close()
    widths = Counter(len(row) for row in rows[1:] or rows)
    width, _ = widths.most_common(1)[0] if widths else (0, 0)
    even = sum(len(row) == width for row in rows) / max(1, len(rows))
    # The first record may have one cell fewer or more, but a first record in one piece is evidence against the
    # separator.
    divided = not rows or len(rows[0]) > 1 or len(rows) == 1
    return _Parsed(separator, quoted, rows, width, even if divided else even / 2)


def _share(parsed: _Parsed) -> float:
    """Return the fraction of cells that are numbers."""
    cells = [cell for row in parsed.rows for cell in row if cell]
    comma = parsed.separator != ","
    numbers = sum(number_of(cell) is not None or (comma and has_decimal_comma(cell)) for cell in cells)
    return numbers / max(1, len(cells))


def _names_in_comment(skipped: Sequence[str], parsed: _Parsed) -> list[str]:
    """Return the column names in the last comment, or an empty list.

    The comment holds names if it has as many words as the first record has cells, and that record has a number.
    """
    if not skipped or not skipped[-1].lstrip().startswith("#"):
        return []
    line = skipped[-1].lstrip().lstrip("#")
    cells = [[cell.strip() for cell in row] for _, row in records([line], parsed.separator, strict=False)]
    first = parsed.rows[0]
    suits = cells and len(cells[0]) == len(first) > 1 and all(number_of(cell) is None for cell in cells[0])
    return cells[0] if suits and any(number_of(cell) is not None for cell in first) else []


def _decimal(path: Path, separator: str, rows: Sequence[Sequence[str]], given: str) -> str:
    """Return the decimal sign: a comma if numeric columns have commas and none has points.

    Raises:
        DataError: all commas may also be thousands separators.
    """
    if given != "auto" or separator == ",":
        return "," if given == "comma" else "."
    commas: list[str] = []
    for i in range(max(map(len, rows), default=0)):
        cells = [row[i] for row in rows if i < len(row) and not is_missing(row[i])]
        here = [cell for cell in cells if has_decimal_comma(cell)]
        plain = [cell for cell in cells if number_of(cell) is not None]
        if len(here) + len(plain) < len(cells):
            continue
        if any("." in cell for cell in plain):
            return "."
        commas += here
    if commas and all(map(is_ambiguous, commas)):
        raise DataError(
            f"{path}: {commas[0]!r} may be a decimal number or one with separators of thousands; "
            "data.decimal=comma or data.decimal=point says which"
        )
    return "," if commas else "."


def _notes(form: TableFormat, comments: int) -> tuple[str, ...]:
    names = {value: name for name, value in SEPARATORS.items()} | {SPACE: "white space"}
    separator = names.get(form.separator, repr(form.separator))
    found = {
        f"separator {separator}": form.separator != ",",
        "quotes are taken as text": not form.quoted,
        "decimal comma": form.decimal == ",",
        f"encoding {form.encoding}": form.encoding not in ("utf-8", "ascii"),
        f"no header, columns are named 1 to {len(form.names)}": not form.header,
        f"{comments} line{'s' if comments > 1 else ''} of comments skipped": comments > 0,
    }
    return tuple(note for note, present in found.items() if present)
