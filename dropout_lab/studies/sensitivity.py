"""Detectable difference and equivalence margin of a claim, as columns of claims.csv and as text."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

from dropout_lab.studies.verdicts import OPEN, ClaimVerdict

COLUMNS = ("level", "detectable_low", "detectable_high", "equivalent_within", "diverged")


def sensitivity_columns(judged: ClaimVerdict) -> dict[str, object]:
    """Return the columns :data:`COLUMNS` of a claim; the figures are empty for exact claims."""
    low, high = judged.detectable
    level = judged.level if judged.answer else math.nan
    return dict(zip(COLUMNS, (level, low, high, judged.margin, judged.diverged), strict=True))


def sensitivity_text(row: Mapping[Hashable, Any]) -> str:
    """Return what follows a verdict in parentheses.

    It is the reason of the verdict, the diverged trials, and for an inconclusive claim the smallest difference that
    would have been detected with a probability of 0.8 and the smallest margin within which there is no difference.

    Args:
        row: row of claims.csv; empty cells are "".
    """
    parts = [str(row[name]) for name in ("why", "diverged") if row.get(name)]
    low, high, margin = (row.get(name, "") for name in COLUMNS[1:4])
    if row["verdict"] == OPEN and low != "":
        parts.append(f"detectable: {_three_digits(low)} to {_three_digits(high)}")
    if row["verdict"] == OPEN and margin not in ("", math.inf):
        parts.append(f"equivalent within {_three_digits(margin)}")
    return f" ({'; '.join(parts)})" if parts else ""


def _three_digits(value: object) -> str:
    return f"{float(str(value)):.3g}"
