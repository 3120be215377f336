"""Format of a table in a text file, detected from its first megabyte unless it is given."""

import csv
import io
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from dropout_lab.data.numerals import has_decimal_comma, is_ambiguous, is_ambiguous_point, is_missing, number_of
from dropout_lab.data.table_header import Origin, has_header, holds_name, is_unnamed, names_of
from dropout_lab.data.table_rows import SPACE, TableFormat, records
from dropout_lab.data.text_encoding import encoding_of, open_text
from dropout_lab.errors import DataError

SAMPLE = 1 << 20  # characters that are looked at
ROWS = 1000  # records that are looked at
# In the order of how unlikely it is that a character divides every line into equally many cells by chance.
SEPARATORS = {"tab": "\t", "semicolon": ";", "pipe": "|", "comma": ",", "space": SPACE}
EVEN = 0.9  # part of the records that must have the same number of cells


class FormatOptions(NamedTuple):
    """Format options of a table; ``auto`` is detected.

    Args:
        separator: ``tab``, ``semicolon``, ``pipe``, ``comma``, ``space``, or one character.
        encoding: a name that Python knows.
        header: ``true`` or ``false``.
        decimal: ``point`` or ``comma``.
    """

    separator: str = "auto"
    encoding: str = "auto"
    header: str = "auto"
    decimal: str = "auto"


DETECTED = FormatOptions()


class _Parsed(NamedTuple):
    """A sample of the records under one separator: stripped cells, and the number of them in most records."""

    separator: str
    quoted: bool
    rows: list[list[str]]
    width: int
    even: float  # part of the records that have this width
    origins: list[Origin]  # of each record, with lines counted from the first one that is parsed


def format_of(path: Path, options: FormatOptions, mentioned: Collection[str]) -> TableFormat:
    """Detect the format of a table.

    Args:
        options: the format options that the user has given.
        mentioned: names of columns that the user has given; the line that holds one of them is the header.

    Raises:
        DataError: the file is no text or empty, or its commas may be decimal signs or not.
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
    origins = [origin._replace(line=origin.line + skipped) for origin in parsed.origins]
    origins = [Origin(skipped, False), *origins] if comment else origins
    header = options.header == "true"
    if options.header == "auto":
        header = bool(comment) or has_header(rows, mentioned)
    columns = names_of(path, rows, header, parsed.width, origins)
    decimal = _decimal(path, parsed.separator, rows[header:], origins[header:], columns, options.decimal)
    skipped -= bool(comment)
    form = TableFormat(parsed.separator, parsed.quoted, encoding, decimal, skipped, header, columns)
    row_names = header and len(rows[0]) < len(columns) and columns[1:] and is_unnamed(columns[0])
    return replace(form, notes=_notes(form, skipped - bool(declared), bool(row_names)))


def _preamble(lines: Sequence[str]) -> tuple[int, str]:
    """Return the number of lines before the table, and the separator if one of them declares it as ``sep=;``.

    These are comments, and the line that Excel writes. A table whose lines all begin with ``#`` has no comments.
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
    """Parse the sample under each separator and return the likeliest one.

    Most records must have the same number of cells. Then a name that the user has given must be one of the first
    cells, and then as many cells as possible must be numbers.
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
        # A cut sample may end within quotes.
        if not whole and "unexpected end" in str(error):
            return _sized(separator, True, lines, False)
    unquoted = _sized(separator, False, lines, False)
    if separator in "\t|" and unquoted.even == 1:
        return unquoted  # such files often do without quoting
    return _sized(separator, True, lines, False)


def _sized(separator: str, quoted: bool, lines: Sequence[str], strict: bool) -> _Parsed:
    sized_records = records(lines, separator, quoted, strict)
    first = list(islice(sized_records, ROWS))
    sized_records.close()
    rows = [[cell.strip() for cell in cells] for _, cells in first]
    origins = [Origin(line, quoted and lines[line - 1].lstrip().startswith('"')) for line, _ in first]
    widths = Counter(len(row) for row in rows[1:] or rows)
    width, _ = widths.most_common(1)[0] if widths else (0, 0)
    even = sum(len(row) == width for row in rows) / max(1, len(rows))
    # The first record may have one cell fewer or more, but one that is not divided speaks against the separator.
    divided = not rows or len(rows[0]) > 1 or len(rows) == 1
    return _Parsed(separator, quoted, rows, width, even if divided else even / 2, origins)


def _share(parsed: _Parsed) -> float:
    """Part of the cells that are numbers."""
    cells = [cell for row in parsed.rows for cell in row if cell]
    comma = parsed.separator != ","
    numbers = sum(number_of(cell) is not None or (comma and has_decimal_comma(cell)) for cell in cells)
    return numbers / max(1, len(cells))


def _names_in_comment(skipped: Sequence[str], parsed: _Parsed) -> list[str]:
    """Return the column names if the last comment contains them: one word per cell, above a number."""
    if not skipped or not skipped[-1].lstrip().startswith("#"):
        return []
    line = skipped[-1].lstrip().lstrip("#")
    cells = [[cell.strip() for cell in row] for _, row in records([line], parsed.separator, strict=False)]
    first = parsed.rows[0]
    suits = cells and len(cells[0]) == len(first) > 1 and all(number_of(cell) is None for cell in cells[0])
    return cells[0] if suits and any(number_of(cell) is not None for cell in first) else []


def _decimal(
    path: Path,
    separator: str,
    rows: Sequence[Sequence[str]],
    origins: Sequence[Origin],
    names: Sequence[str],
    given: str,
) -> str:
    """The decimal sign: a comma if columns of numbers have commas and none has points.

    Raises:
        DataError: all of the commas, or all of the points, may as well separate thousands.
    """
    if given != "auto" or separator == ",":
        return "," if given == "comma" else "."
    commas: list[str] = []
    ambiguous, points = "", False
    for i, name in enumerate(names):
        cells = [row[i] for row in rows if i < len(row) and not is_missing(row[i])]
        here = [cell for cell in cells if has_decimal_comma(cell)]
        plain = [cell for cell in cells if number_of(cell) is not None]
        if len(here) + len(plain) < len(cells):
            continue
        commas += here
        pointed = [cell for cell in plain if "." in cell]
        if not all(map(is_ambiguous_point, pointed)):
            return "."
        points = points or bool(pointed)
        if pointed and len(pointed) < len(plain) and not ambiguous:
            line = next(o.line for row, o in zip(rows, origins, strict=True) if pointed[0] in row[i : i + 1])
            ambiguous = f"{path}: line {line}, column {name!r}: {pointed[0]!r}"
    if ambiguous:
        raise DataError(
            f"{ambiguous} may be a decimal number or have a thousands separator, because the column also has "
            "whole numbers; write it without thousands separators, or set data.decimal=point to read it as a "
            "decimal number"
        )
    if commas and not points and all(map(is_ambiguous, commas)):
        raise DataError(
            f"{path}: {commas[0]!r} may be a decimal number or have thousands separators; set "
            "data.decimal=comma or data.decimal=point"
        )
    return "," if commas and not points else "."


def _notes(form: TableFormat, comments: int, row_names: bool) -> tuple[str, ...]:
    names = {value: name for name, value in SEPARATORS.items()} | {SPACE: "white space"}
    separator = names.get(form.separator, repr(form.separator))
    notes = {
        f"separator {separator}": form.separator != ",",
        "quotes are read as text": not form.quoted,
        "decimal comma": form.decimal == ",",
        f"encoding {form.encoding}": form.encoding not in ("utf-8", "ascii"),
        f"no header; columns are named 1 to {len(form.names)}": not form.header,
        "first cells, which have no name in the header, are read as row names": row_names,
        f"{comments} line{'s' if comments > 1 else ''} of comments skipped": comments > 0,
    }
    return tuple(note for note, present in notes.items() if present)
