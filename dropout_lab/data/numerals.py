"""Numbers as they are written in cells of a table."""

import re
from collections.abc import Sequence

import numpy as np

MISSING = {"", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "?", "-", "."}  # in small letters
SHOWN = 40  # characters of a cell in a message
LARGEST = 1e37  # differences and sums of such numbers are finite in float32
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WITH_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_GROUPED_BY_POINT = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)
_FORMATTED = re.compile(
    r"[-+\u2212\u2013]?\s?[$€£]?\s?([0-9]{1,3}([.,'\u2019\s][0-9]{3})+([.,][0-9]+)?|[0-9]+([.,][0-9]+)?)\s?[%$€£]?"
)
_MEASURE = re.compile(r"[-+]?[0-9]+([.,][0-9]+)*(\s(?P<word>[^\W\d_]+[²³23]?(/[^\W\d_]+)?)|(?P<sign>[^\W\d_]+))")
# Units that are recognized without a space before them; others may be endings, as of 4th, or names, as 3D.
_UNITS = set(
    "kg g mg lb lbs oz t m cm mm km ft mi mph s ms sec min h hr hrs l ml w kw kwh v hz khz mhz ghz "
    "kb mb gb tb hp cc px c f k eur usd gbp".split()
)
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)


def number_of(cell: str, decimal: str = ".") -> float | None:
    """The number that a cell without white space at its ends holds; None if it holds none.

    Args:
        decimal: the decimal sign, ``.`` or ``,``.
    """
    if decimal == ",":
        cell = "" if "." in cell else cell.replace(",", ".")
    return float(cell) if _NUMBER.fullmatch(cell) else None


def numbers_of(cells: Sequence[str], decimal: str) -> np.ndarray | None:
    """The numbers of many cells, float64; None if a cell holds none. Ten times as fast as one cell at a time."""
    text = "\0".join(cells)
    # Python reads more than a table should hold: underscores, digits of other scripts, the word nan.
    if "_" in text or not text.isascii() or (decimal == "," and "." in text):
        return None
    try:
        values = np.array([float(cell) for cell in (text.replace(",", ".").split("\0") if decimal == "," else cells)])
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def has_decimal_comma(cell: str) -> bool:
    """Whether a cell is a number with a comma in it, which may also separate thousands."""
    return bool(_WITH_COMMA.fullmatch(cell))


def is_ambiguous(cell: str) -> bool:
    """Whether the comma of a cell such as ``1,234`` may be a decimal sign or separate thousands."""
    return bool(_GROUPED.fullmatch(cell))


def is_ambiguous_point(cell: str) -> bool:
    """Whether the point of a cell such as ``1.234`` may be a decimal sign or separate thousands."""
    return bool(_GROUPED_BY_POINT.fullmatch(cell))


def is_missing(cell: str) -> bool:
    """Whether a cell is empty or one of the usual words for that."""
    return cell.lower() in MISSING


def is_infinite(cell: str) -> bool:
    """Whether a cell holds the word for infinity."""
    return bool(_INFINITE.fullmatch(cell))


def shortened(cell: str) -> str:
    """A cell as a message shows it."""
    return repr(cell if len(cell) <= SHOWN else f"{cell[:SHOWN]}...")


def is_formatted(cell: str) -> bool:
    """Whether a cell is a number for people, with separators of thousands, a unit of money or a sign of per cent."""
    return bool(_FORMATTED.fullmatch(cell))


def unit_of(cell: str) -> str:
    """The unit of a cell such as ``63 kg`` in small letters; nothing if the cell is no number with a unit."""
    match = _MEASURE.fullmatch(cell)
    if not match:
        return ""
    word, sign = match["word"], (match["sign"] or "").lower()
    return word.lower() if word else sign if sign in _UNITS else ""
