"""Means of the arms against a setting that is a number, joined by lines."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report.figures.data import GridPoint, PlotData, as_number
from dropout_lab.report.figures.labels import axis_title, metric_bounds, spread_note
from dropout_lab.report.figures.marks import bars, limits
from dropout_lab.report.figures.metric_text import describe_metric
from dropout_lab.report.figures.spec import PlotSpec, legend_title, split_panels
from dropout_lab.report.figures.style import draw_legend, label_axes, panel_grid, series_style, shorten, write_heading
from dropout_lab.stats.intervals import Interval

DODGE = 0.012  # distance of neighbouring series, as a fraction of the axis
MOST_TICKS = 7  # with more values, the ticks are at round numbers
WIDE = 50  # from this ratio of the largest to the smallest value on, the axis is logarithmic


def draw_lines(data: PlotData, spec: PlotSpec) -> Figure:
    """Draw one line per series, with bars that span the intervals."""
    panels = split_panels(data, spec)
    figure, axes = panel_grid(len(panels), spec.size, sharex=True, sharey=True)
    shown = describe_metric(spec.y, data.summary.trials)
    values = sorted({as_number(point.cells[spec.x]) or 0.0 for point in data.points})
    log = values[0] > 0 and values[-1] / values[0] >= WIDE
    handles: dict[str, Artist] = {}
    for panel, (title, series) in zip(axes, panels, strict=True):
        places = _dodge(values, len(series), log)
        for i, (name, points) in enumerate(series.items()):
            points_along = _along(data, spec, points)
            if points_along:
                xs = [places(x, i) for x, _ in points_along]
                handles[name] = _draw(panel, xs, [each for _, each in points_along], shown.scale, i, spec)
        panel.set_title(shorten(title))
        panel.set_xscale("log" if log else "linear")
        if log or len(values) <= MOST_TICKS:
            panel.set_xticks(values, [f"{value:g}" for value in values])
            panel.minorticks_off()
    for panel in axes:
        panel.set_ylim(spec.limits or limits(panel.get_ylim(), metric_bounds(data, spec.y)))
    label_axes(figure, axes, spec.size, axis_title(spec.x), shown.label)
    if len(handles) > 1:
        draw_legend(figure, spec.size, list(handles.values()), list(handles), legend_title(spec))
    if spec.title:
        write_heading(figure, spec.size, spec.title, spread_note(data, spec.y))
    return figure


def _along(data: PlotData, spec: PlotSpec, points: Sequence[GridPoint]) -> list[tuple[float, Interval]]:
    series = [(as_number(point.cells[spec.x]) or 0.0, data.interval(point.label, spec.y)) for point in points]
    return sorted([(x, interval) for x, interval in series if interval is not None], key=lambda each: each[0])


def _dodge(values: Sequence[float], count: int, log: bool):  # type: ignore[no-untyped-def]
    """Return the function that moves the points of each series a little, so that bars do not hide each other."""
    span = values[-1] / values[0] if log else values[-1] - values[0]

    def place(x: float, i: int) -> float:
        shift = DODGE * (i - (count - 1) / 2)
        return float(x * span**shift) if log else x + shift * span

    return place


def _draw(panel: Axes, xs: Sequence[float], series: Sequence[Interval], scale: float, i: int, spec: PlotSpec) -> Artist:
    style = series_style(i)
    means = np.array([each.mean * scale for each in series])
    cap = 0.55 * spec.size.marker
    container = panel.errorbar(xs, means, bars(series, scale), capsize=cap, elinewidth=0.8 * spec.size.line, **style)
    values = [(x, value * scale) for x, each in zip(xs, series, strict=True) for value in each.values]
    if values:  # too few for an interval
        ticks = {"color": style["color"], "markersize": 1.6 * spec.size.marker}
        panel.plot([x for x, _ in values], [y for _, y in values], "_", **ticks)
    return container.lines[0]
