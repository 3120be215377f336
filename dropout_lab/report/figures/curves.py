"""Learning curves: a metric of ``curves.csv`` against the epoch."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dropout_lab.report.figures.data import PlotData, mean_curve
from dropout_lab.report.figures.labels import metric_bounds
from dropout_lab.report.figures.marks import limits
from dropout_lab.report.figures.metric_text import MetricText, describe_metric
from dropout_lab.report.figures.spec import PlotSpec, legend_title, split_panels
from dropout_lab.report.figures.style import (
    draw_legend,
    label_axes,
    panel_grid,
    series_style,
    shorten,
    write_heading,
)

MOST_SEEDS = 10  # with more trials per arm, their faint lines are a band


def draw_curves(data: PlotData, spec: PlotSpec) -> Figure:
    """Draw the mean curve of each series in bold and the curves of its trials faintly behind it."""
    panels = split_panels(data, spec)
    figure, axes = panel_grid(len(panels), spec.size, sharex=True, sharey=True)
    shown = curve_text(spec.y, data)
    handles: dict[str, Artist] = {}
    for panel, (title, series) in zip(axes, panels, strict=True):
        for i, (name, points) in enumerate(series.items()):
            for label in dict.fromkeys(point.label for point in points):
                line = _draw(panel, data, label, spec, i, shown.scale)
                handles |= {name: line} if line is not None else {}
        panel.set_title(shorten(title))
    for panel in axes:
        bounds = metric_bounds(data, spec.y) if spec.y != "rate" else (0.0, 1.0)
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        panel.set_ylim(spec.limits or limits(panel.get_ylim(), bounds))
    label_axes(figure, axes, spec.size, "epoch", shown.label)
    if len(handles) > 1:
        draw_legend(figure, spec.size, list(handles.values()), list(handles), legend_title(spec))
    if spec.title:
        note = "bold: mean over seeds; faint: single seeds; mark: epoch with the best mean"
        write_heading(figure, spec.size, spec.title, note)
    return figure


def curve_text(metric: str, data: PlotData) -> MetricText:
    """Return how a column of ``curves.csv`` is shown; its training loss is measured with dropout active."""
    shown = describe_metric(metric, data.summary.trials)
    titles = {"train_loss": "training loss, dropout active", "lr": "learning rate", "rate": "dropout rate"}
    return MetricText(titles.get(metric, shown.title), shown.unit, shown.scale, shown.digits, shown.higher)


def _draw(panel: Axes, data: PlotData, label: str, spec: PlotSpec, i: int, scale: float) -> Line2D | None:
    table = data.curves_of(label, spec.y)
    if table.empty:
        return None
    style = series_style(i)
    colour = style["color"]
    epochs, curve = mean_curve(table)
    if table.shape[1] > MOST_SEEDS:
        low, high = table.min(axis=1) * scale, table.max(axis=1) * scale
        panel.fill_between(table.index, low, high, color=colour, alpha=0.12, linewidth=0)
    elif table.shape[1] > 1:
        panel.plot(table.index, table * scale, color=colour, alpha=0.25, linewidth=0.4 * spec.size.line)
    means = np.array([each.mean for each in curve]) * scale
    (line,) = panel.plot(epochs, means, color=colour, linestyle=style["linestyle"])
    higher = describe_metric(spec.y, data.summary.trials).higher
    if higher is not None and len(means) and spec.y != "train_loss":
        best = int(means.argmax() if higher else means.argmin())
        marker = {"marker": style["marker"], "markerfacecolor": style["markerfacecolor"], "color": colour}
        panel.plot([epochs[best]], [means[best]], **marker)
        line.set(marker=style["marker"], markerfacecolor=style["markerfacecolor"], markevery=[best])
    return line
