"""Scores of single seeds: one line per seed over the arms."""

from typing import Any

from matplotlib.figure import Figure

from dropout_lab.report.figures.data import PlotData
from dropout_lab.report.figures.labels import arm_row, metric_bounds
from dropout_lab.report.figures.marks import limits
from dropout_lab.report.figures.metric_text import describe_metric
from dropout_lab.report.figures.spec import PlotSpec
from dropout_lab.report.figures.style import COLOURS, MUTED, label_axes, panel_grid, thin_ticks, write_heading

MOST_ARMS = 12


def draw_seeds(data: PlotData, spec: PlotSpec) -> Figure:
    """Draw the score of each seed in each arm, with the values of a seed joined, and the mean of each arm."""
    labels = list(data.summary.arms)[:MOST_ARMS]
    size, line = spec.size, spec.size.font / 72
    figure, (panel,) = panel_grid(1, size, line * (1.7 * len(labels) + 5))
    shown = describe_metric(spec.y, data.summary.trials)
    scores: dict[str, dict[int, float]] = {
        label: dict(data.summary.finished(label, spec.y)[["seed", spec.y]].itertuples(index=False)) for label in labels
    }
    for seed in sorted({seed for interval in scores.values() for seed in interval}):
        places = [(scores[label][seed] * shown.scale, y) for y, label in enumerate(labels) if seed in scores[label]]
        xs, ys = zip(*places, strict=True)
        marks: Any = {
            "marker": ".",
            "markersize": 0.8 * size.marker,
            "markerfacecolor": COLOURS[0],
            "markeredgewidth": 0,
        }
        panel.plot(xs, ys, color=MUTED, linewidth=0.4 * size.line, alpha=0.7, **marks)
    for y, label in enumerate(labels):
        interval = data.interval(label, spec.y)
        if interval is not None:
            tall: Any = {"markersize": 2.4 * size.marker, "markeredgewidth": size.line}
            panel.plot([interval.mean * shown.scale], [y], "|", color=COLOURS[1], **tall)
    panel.set(ylim=(len(labels) - 0.5, -0.5), yticks=range(len(labels)))
    panel.set_yticklabels([arm_row(data, label, size) for label in labels])
    panel.set_xlim(spec.limits or limits(panel.get_xlim(), metric_bounds(data, spec.y)))
    panel.grid(visible=False, axis="y")
    thin_ticks([panel], size)
    label_axes(figure, [panel], size, shown.label, "")
    if spec.title:
        write_heading(figure, size, spec.title, "dots: single seeds, joined across arms; tall mark: mean of the arm")
    return figure
