"""Means of the arms below each other, with their intervals."""

from dataclasses import replace

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report.figures.data import ARM, PlotData
from dropout_lab.report.figures.labels import axis_title, metric_bounds, spread_note
from dropout_lab.report.figures.marks import limits
from dropout_lab.report.figures.metric_text import describe_metric
from dropout_lab.report.figures.spec import PlotSpec, legend_title, split_panels
from dropout_lab.report.figures.style import (
    MUTED,
    NARROW,
    FigureSize,
    draw_legend,
    label_axes,
    panel_grid,
    row_name,
    series_style,
    shorten,
    thin_ticks,
    write_heading,
)
from dropout_lab.stats.intervals import Interval

LONG = 12
ROW = 0.75  # height of the marks of one row, as a fraction of the distance of rows


def draw_dots(data: PlotData, spec: PlotSpec) -> Figure:
    """Draw one row per value of ``x``, with the series of a row below each other, and the baseline as a dotted line."""
    panels = split_panels(data, spec)
    rows = list(dict.fromkeys(point.cells.get(spec.x, point.label) for point in data.points))
    names = list(panels[0][1])
    line = spec.size.font / 72
    height = line * (len(rows) * max(1.6, 1.15 * len(names)) + 5.5)
    if spec.size.most * LONG < max(map(len, rows)) * 2 and spec.size.width < NARROW:
        spec = replace(spec, size=replace(spec.size, most=1))  # names of rows would leave no room for two panels
    figure, axes = panel_grid(len(panels), spec.size, height, sharex=True, sharey=True)
    shown = describe_metric(spec.y, data.summary.trials)
    handles: dict[str, Artist] = {}
    for panel, (title, series) in zip(axes, panels, strict=True):
        for i, (name, points) in enumerate(series.items()):
            for point in points:
                interval = data.interval(point.label, spec.y)
                if interval is not None:
                    y = rows.index(point.cells.get(spec.x, point.label)) + ROW * _shift(i, len(names))
                    handles[name] = draw_row(panel, interval, y, shown.scale, i, spec.size)
        panel.set_title(shorten(title))
    for panel in axes:
        panel.set_xlim(spec.limits or limits(panel.get_xlim(), metric_bounds(data, spec.y)))
        panel.grid(visible=False, axis="y")
        _baseline(panel, data, spec, shown.scale)
    axes[0].set(ylim=(len(rows) - 0.5, -0.5), yticks=range(len(rows)))
    axes[0].set_yticklabels([row_name(row, spec.size) for row in rows])
    thin_ticks(axes, spec.size)
    label_axes(figure, axes, spec.size, shown.label, "" if spec.x in (ARM, "") else axis_title(spec.x))
    if len(handles) > 1:
        draw_legend(figure, spec.size, list(handles.values()), list(handles), legend_title(spec))
    if spec.title:
        dotted = "; dotted: baseline" if _has_baseline(data, spec) else ""
        write_heading(figure, spec.size, spec.title, spread_note(data, spec.y) + dotted)
    return figure


def _shift(i: int, count: int) -> float:
    """Return the position of series i within a row, between -0.5 and 0.5."""
    return (i + 0.5) / count - 0.5


def draw_row(panel: Axes, interval: Interval, y: float, scale: float, i: int, size: FigureSize) -> Artist:
    """Draw a mean with its interval, or with its values if they are too few for one, and return its mark."""
    style = series_style(i)
    ticks = {"color": style["color"], "markersize": 1.6 * size.marker}
    panel.plot([interval.low * scale, interval.high * scale], [y, y], color=style["color"], linewidth=size.line)
    if len(interval.values) > 1:
        panel.plot([value * scale for value in interval.values], [y] * len(interval.values), "|", **ticks)
    (mark,) = panel.plot([interval.mean * scale], [y], **{**style, "linestyle": "none"})
    return mark


def _has_baseline(data: PlotData, spec: PlotSpec) -> bool:
    contests = data.summary.comparison.contests
    return not spec.col and len(contests) == 1 and len(contests[0].values) > 1


def _baseline(panel: Axes, data: PlotData, spec: PlotSpec, scale: float) -> None:
    if _has_baseline(data, spec):
        base = data.interval(data.summary.comparison.contests[0].baseline, spec.y)
        if base is not None:
            panel.axvline(base.mean * scale, color=MUTED, linewidth=0.8, linestyle=":", zorder=0)
