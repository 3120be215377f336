"""Published figures, each with its source and a note on how the figure was obtained."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("published.csv")
# Origin of a figure: the publication itself, a third-party copy of it, memory, or an introductory text that prints the
# figure without data or model.
SEEN = ("print", "copy", "recalled", "quoted")


@dataclass(frozen=True)
class PublishedValue:
    """One published figure.

    Args:
        id: ``study/table/row``, the id used in study files.
        value: the figure in ``unit``, both as printed.
        spread: spread as printed; empty if none is given.
        spread_kind: kind of the spread, because a standard deviation over splits is not a standard error.
        n: number of runs behind the figure; empty if it is not stated.
        source: publication with table or page.
        seen: one of :data:`SEEN`.
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

    def standard_error(self, overlap: float = 0.0) -> float:
        """Return the standard error of the figure, from its printed spread; 0 if the kind of spread is not known.

        Args:
            overlap: number of test examples divided by the number of training examples if the n runs are different
                splits of the same data (Nadeau and Bengio 2003).
        """
        kind = self.spread_kind.partition(" ")[0]
        try:
            spread, n = float(self.spread), int(self.n)
        except ValueError:
            return 0.0
        deviation = {"sd": spread, "se": spread * math.sqrt(n)}.get(kind, 0.0)
        return deviation * math.sqrt(1 / n + overlap)


@cache
def load_published() -> Mapping[str, PublishedValue]:
    """Return all published figures by id."""
    with FILE.open(newline="", encoding="utf-8") as file:
        return {row["id"]: PublishedValue(**row) for row in csv.DictReader(file)}
