"""One metric against another, with the Pareto front where both have a better direction."""

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report.figures.data import PlotData
from dropout_lab.report.figures.labels import spread_note
from dropout_lab.report.figures.metric_text import describe_metric
from dropout_lab.report.figures.spec import PlotSpec, legend_title, split_panels
from dropout_lab.report.figures.style import (
    MUTED,
    draw_legend,
    label_axes,
    panel_grid,
    series_style,
    shorten,
    thin_ticks,
    write_heading,
)
from dropout_lab.stats.intervals import Interval

Place = tuple[Interval, Interval]


def draw_scatter(data: PlotData, spec: PlotSpec) -> Figure:
    """Draw the mean of each arm with the intervals of both metrics, and a line through the arms that none dominates."""
    panels = split_panels(data, spec)
    figure, axes = panel_grid(len(panels), spec.size, sharex=True, sharey=True)
    x, y = (describe_metric(name, data.summary.trials) for name in (spec.x, spec.y))
    handles: dict[str, Artist] = {}
    front = False
    for panel, (title, series) in zip(axes, panels, strict=True):
        places: list[Place] = []
        for i, (name, points) in enumerate(series.items()):
            for point in points:
                across, up = data.interval(point.label, spec.x), data.interval(point.label, spec.y)
                if across is not None and up is not None:
                    places.append((across, up))
                    handles[name] = _draw(panel, across, up, (x.scale, y.scale), i, spec)
        if x.higher is not None and y.higher is not None:
            front |= _draw_front(panel, places, (x.scale, y.scale), (x.higher, y.higher))
        panel.set_title(shorten(title))
        if spec.limits:
            panel.set_ylim(spec.limits)
    thin_ticks(axes, spec.size)
    label_axes(figure, axes, spec.size, x.label, y.label)
    if len(handles) > 1:
        draw_legend(figure, spec.size, list(handles.values()), list(handles), legend_title(spec))
    if spec.title:
        note = spread_note(data, spec.y) + ("; dashed: Pareto front" if front else "")
        write_heading(figure, spec.size, spec.title, note)
    return figure


def _draw(panel: Axes, x: Interval, y: Interval, scales: tuple[float, float], i: int, spec: PlotSpec) -> Artist:
    style = series_style(i)
    bar = {"color": style["color"], "linewidth": 0.8 * spec.size.line, "alpha": 0.6}
    panel.plot([x.low * scales[0], x.high * scales[0]], [y.mean * scales[1]] * 2, **bar)
    panel.plot([x.mean * scales[0]] * 2, [y.low * scales[1], y.high * scales[1]], **bar)
    (mark,) = panel.plot([x.mean * scales[0]], [y.mean * scales[1]], **{**style, "linestyle": "none"})
    return mark


def pareto_front(points: Sequence[tuple[float, float]], higher: tuple[bool, bool]) -> list[tuple[float, float]]:
    """Return the points that no other point beats in both coordinates, sorted by the first.

    Args:
        points: pairs of values.
        higher: for each coordinate, whether a higher value is better.
    """
    signs = [1 if up else -1 for up in higher]
    better = [(p[0] * signs[0], p[1] * signs[1]) for p in points]
    kept = [
        point
        for point, mine in zip(points, better, strict=True)
        if not any(other != mine and other[0] >= mine[0] and other[1] >= mine[1] for other in better)
    ]
    return sorted(set(kept))


def _draw_front(panel: Axes, places: list[Place], scales: tuple[float, float], higher: tuple[bool, bool]) -> bool:
    means = [(x.mean * scales[0], y.mean * scales[1]) for x, y in places]
    front = pareto_front(means, higher)
    if len(front) < 2 or len(means) < 3:
        return False
    panel.plot([x for x, _ in front], [y for _, y in front], color=MUTED, linewidth=0.9, linestyle="--", zorder=0)
    return True
