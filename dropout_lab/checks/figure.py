"""Figure that a check measures, with the interval in which it must lie."""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True)
class Figure:
    """A measured number and its allowed interval, which may be unbounded on one side.

    Args:
        name: what was measured.
        value: the number.
        low, high: bounds of the allowed interval, which belong to it.
    """

    name: str
    value: float
    low: float
    high: float

    @property
    def allowed(self) -> bool:
        """Whether the value lies in its interval; NaN does not."""
        return self.low <= self.value <= self.high

    @property
    def tightness(self) -> float:
        """Distance of an allowed value from the middle of its interval as a fraction of half the width.

        It is 1 at a bound, and 0 for a value that is prescribed exactly. With an upper bound alone, it is the value as
        a fraction of the bound; with a lower bound alone, it is the bound as a fraction of the value.
        """
        if self.low == -inf:
            return self.value / self.high
        if self.high == inf:
            return self.low / self.value
        half = (self.high - self.low) / 2
        return abs(self.value - self.low - half) / half if half else 0.0

    def __str__(self) -> str:
        bounds = f"{self.low:.6g}" if self.low == self.high else f"{self.low:.6g} to {self.high:.6g}"
        bounds = f"at most {self.high:.6g}" if self.low == -inf else bounds
        bounds = f"at least {self.low:.6g}" if self.high == inf else bounds
        return f"{self.name}: {self.value:.6g} (allowed: {bounds})"


def error_figure(name: str, error: float, tolerance: float) -> Figure:
    """Return the figure of an error, which must be at most ``tolerance``."""
    return Figure(name, error, -inf, tolerance)


class SkippedCheck(Exception):
    """A check that this machine cannot run; ``str()`` is the reason."""
