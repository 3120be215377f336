"""Published figures, each with its source and whether it was seen in print."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("published.csv")
# How a figure came here: from the publication itself, from somebody's copy of it, or from memory.
SEEN = ("print", "copy", "recalled")


@dataclass(frozen=True)
class PublishedValue:
    """One figure as it was published.

    Args:
        id: ``study/table/row``, which study files refer to.
        value: in ``unit``; both as printed.
        spread: as printed, of the kind that ``spread_kind`` says (a standard deviation over splits is no standard
            error); empty if none is given.
        n: runs behind it; empty if that is not stated.
        source: publication with its table or page.
        seen: of :data:`SEEN`.
    """

    id: str
    study: str
    table: str
    row: str
    data: str
    metric: str
    value: str
    unit: str
    spread: str
    spread_kind: str
    n: str
    source: str
    seen: str

    @property
    def number(self) -> float:
        return float(self.value)


@cache
def load_published() -> Mapping[str, PublishedValue]:
    """Every published figure by its id."""
    with FILE.open(newline="", encoding="utf-8") as file:
        return {row["id"]: PublishedValue(**row) for row in csv.DictReader(file)}
