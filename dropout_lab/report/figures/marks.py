"""Marks that figures share: means with their intervals, and the limits of an axis."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from dropout_lab.report.figures.style import COLOURS
from dropout_lab.stats.intervals import Bounds, Interval

MARGIN = 0.02  # margin beyond the bounds of the score, as a fraction of the axis


def bars(intervals: Sequence[Interval], scale: float = 1.0) -> np.ndarray:
    """Return the distances of the interval ends below and above their means, [2, n], for ``errorbar``.

    A missing interval gives nan, for which ``errorbar`` draws no bar.
    """
    return scale * np.array([[f.mean - f.low for f in intervals], [f.high - f.mean for f in intervals]], dtype=float)


def limits(view: tuple[float, float], bounds: Bounds) -> tuple[float, float]:
    """Return the limits of an axis, clipped to the bounds of the score plus a small margin."""
    margin = MARGIN * (view[1] - view[0])
    return max(view[0], bounds[0] - margin), min(view[1], bounds[1] + margin)


def draw_interval(panel: Axes, interval: Interval, y: float, scale: float = 1.0, label: str | None = None) -> None:
    """Draw a mean with its interval on a horizontal line, or with its values if there are too few for an interval."""
    if not math.isnan(interval.low):
        ends = [interval.low * scale, interval.high * scale]
        panel.plot(ends, [y, y], color=COLOURS[0], linewidth=2, alpha=0.5)
    if len(interval.values) > 1:
        values = [value * scale for value in interval.values]
        panel.plot(values, [y] * len(values), "|", color=COLOURS[0], markersize=7)
    panel.plot([interval.mean * scale], [y], "o", color=COLOURS[0], markersize=5, label=label)


def draw_series(panel: Axes, points: Sequence[tuple[float, Interval]], scale: float = 1.0, **look: Any) -> None:
    """Draw means with their intervals along an axis, joined by a line.

    The values are drawn where there are too few for an interval.

    Args:
        panel: axes to draw on.
        points: position on the x axis and interval of each point.
        scale: factor from the stored value to the drawn unit.
        look: options of :meth:`matplotlib.axes.Axes.errorbar`; ``color`` is required.
    """
    xs, means = np.array([x for x, _ in points]), np.array([f.mean * scale for _, f in points])
    intervals = [f for _, f in points]
    # Error bars instead of a band, because nothing was measured between the points.
    look = {"markersize": 4.5, "linewidth": 1.3, "capsize": 3, **look}
    panel.errorbar(xs, means, bars(intervals, scale), **look)
    values = [(x, value * scale) for x, f in points if len(f.values) > 1 for value in f.values]
    if values:
        panel.plot([x for x, _ in values], [y for _, y in values], "_", color=look["color"], markersize=7)
