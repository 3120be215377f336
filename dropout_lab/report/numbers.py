"""Formatting of numbers and intervals for the tables."""

import math
from collections.abc import Collection, Sequence

from dropout_lab.stats.intervals import LEAST, Bounds, Interval


def interval_text(interval: Interval, scale: float = 1.0, digits: int = 2, sign: str = "") -> str:
    """Return an interval as text, such as ``96.11 [95.93, 96.30]``.

    The text lists the values if there are too few for an interval, and is the mean alone if there are neither values
    nor bounds.

    Args:
        interval: the interval.
        scale: factor from the stored value to the printed unit.
        digits: number of decimal places.
        sign: ``+`` to print the sign of positive numbers as well.
    """

    def text(value: float) -> str:
        return f"{value * scale:{sign}.{digits}f}"

    if interval.n < LEAST and interval.values:
        return ", ".join(map(text, interval.values))
    if interval.n < LEAST or math.isnan(interval.low):
        return text(interval.mean)
    return f"{text(interval.mean)} [{text(interval.low)}, {text(interval.high)}]"


def _transformation(bounds: Collection[Bounds]) -> str:
    """Return the phrase that names the scale on which the intervals of scores with these bounds are computed."""
    logit = any(math.isfinite(low) and math.isfinite(high) for low, high in bounds)
    log = any(math.isfinite(low) != math.isfinite(high) for low, high in bounds)
    scales = " or ".join([*(["logit"] if logit else []), *(["log"] if log else [])])
    several = " where the score has bounds" if len(set(bounds)) > 1 else ""
    return f", {scales} scale{several}" if scales else ""


def spread_text(counts: Sequence[int], bounds: Collection[Bounds], over: str) -> str:
    """Return the phrase that says whether the cells of a table are values or means with intervals.

    Args:
        counts: number of values of each cell.
        bounds: bounds of each shown score.
        over: plural noun for the replicates, such as ``seeds``.
    """
    if max(counts, default=0) < 2:
        return f"One {over.removesuffix('s')} per arm, hence no spread"
    if max(counts) < LEAST:
        return f"The values of {max(counts)} {over}, too few for an interval"
    mixed = f" (fewer than {LEAST}: their values)" if 1 < min(counts) < LEAST else ""
    return f"Mean [95 % t-interval over n {over}{_transformation(bounds)}]{mixed}"
