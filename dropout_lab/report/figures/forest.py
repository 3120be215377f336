"""Forest plot: the paired difference of each arm to its baseline, with its interval."""

from dataclasses import replace

from matplotlib.figure import Figure

from dropout_lab.report.figures.data import PlotData
from dropout_lab.report.figures.dots import draw_row
from dropout_lab.report.figures.labels import arm_row
from dropout_lab.report.figures.metric_text import describe_metric
from dropout_lab.report.figures.spec import PlotSpec
from dropout_lab.report.figures.style import MUTED, label_axes, panel_grid, row_name, thin_ticks, write_heading

MOST_PANELS = 12


def draw_forest(data: PlotData, spec: PlotSpec) -> Figure:
    """Draw one panel per group of arms that are compared, and one row per arm other than the baseline."""
    comparison = data.summary.comparison
    groups = []
    for contest in comparison.contests[:MOST_PANELS]:
        rows = [(label, comparison.to_baseline[label]) for label in contest.values if label in comparison.to_baseline]
        if rows:
            groups.append((contest.baseline, rows))
    most = max(len(rows) for _, rows in groups)
    height = spec.size.font / 72 * (1.7 * most + 6)
    labels = {label for _, rows in groups for label, _ in rows}
    shared = {label for label in labels if all(label in dict(rows) for _, rows in groups)} == labels
    size = spec.size if shared else replace(spec.size, most=1)
    figure, axes = panel_grid(len(groups), size, height, sharex=True, sharey=shared)
    metric = data.summary.score(groups[0][0]) or spec.y
    shown = describe_metric(metric, data.summary.trials)
    for panel, (baseline, rows) in zip(axes, groups, strict=True):
        for y, (_, pair) in enumerate(rows):
            draw_row(panel, pair.difference, y, shown.scale, 0, size)
        panel.axvline(0, color=MUTED, linewidth=0.8, linestyle=":", zorder=0)
        panel.grid(visible=False, axis="y")
        panel.set(ylim=(len(rows) - 0.5, -0.5), yticks=range(len(rows)))
        panel.set_yticklabels([arm_row(data, label, size) for label, _ in rows])
        panel.set_title(row_name(f"against {baseline}", size))
        if spec.limits:
            panel.set_xlim(spec.limits)
    unit = "points" if shown.unit == "%" else shown.unit
    thin_ticks(axes, size)
    longest = max(len(arm_row(data, label, size)) for label in labels)
    label_axes(figure, axes, size, f"difference in {shown.title}" + (f", {unit}" if unit else ""), "", longest)
    if spec.title:
        n = sorted({pair.difference.n for _, rows in groups for _, pair in rows})
        count = str(n[0]) if len(n) == 1 else f"{n[0]} to {n[-1]}"
        better = {True: "; right of 0 is better", False: "; left of 0 is better", None: ""}[shown.higher]
        note = f"mean paired difference over {count} seeds, with the interval of its test after Holm{better}"
        write_heading(figure, size, spec.title, note)
    return figure
