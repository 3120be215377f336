"""Reliability diagrams and risk-coverage curves of evaluations."""

import textwrap
from typing import Any

from matplotlib.figure import Figure

from dropout_lab.report.evaluations import group_by_arm, varying_settings
from dropout_lab.report.figures.data import PlotData
from dropout_lab.report.figures.spec import PlotSpec
from dropout_lab.report.figures.style import (
    COLOURS,
    FAINT,
    MUTED,
    draw_legend,
    label_axes,
    panel_grid,
    series_style,
    shorten,
    write_heading,
)
from dropout_lab.report.reliability import pool_bins

MOST_PANELS = 12


def draw_reliability(data: PlotData, spec: PlotSpec) -> Figure:
    """Draw the accuracy of each bin of confidence, pooled over seeds, in one panel per arm and inference method."""
    bins = data.reliability[data.reliability["binning"] == "equal_width"]
    names = varying_settings(bins)
    groups = group_by_arm(bins, names)[:MOST_PANELS]
    size = spec.size
    side = size.width / min(len(groups), size.most)
    figure, axes = panel_grid(len(groups), size, min(side + 0.3, size.panel * 1.3), sharex=True, sharey=True)
    handles: list[Any] = []
    for panel, (cells, rows) in zip(axes, groups, strict=True):
        pooled = pool_bins(rows)
        low, width = pooled["low"], pooled["high"] - pooled["low"]
        part = pooled["count"] / pooled["count"].sum()
        (line,) = panel.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle="--")
        share = panel.bar(low, part, width, align="edge", color=FAINT)
        edges: Any = {"facecolor": "none", "edgecolor": COLOURS[0], "linewidth": 0.8 * size.line}
        bars = panel.bar(low, pooled["accuracy"], width, align="edge", **edges)
        (dots,) = panel.plot(
            pooled["confidence"], pooled["accuracy"], "o", color=COLOURS[1], markersize=0.8 * size.marker
        )
        weights = rows["count"] / rows["count"].sum()
        ece = float((weights * (rows["accuracy"] - rows["confidence"]).abs()).sum())
        name = textwrap.wrap(shorten(arm_name(names, cells)), int(side * 72 / (0.6 * size.font)))
        panel.set_title("\n".join([*name, f"ECE {100 * ece:.2f}%"]), fontsize=size.font - 1)
        panel.set(xlim=(0, 1), ylim=(0, 1.02))
        handles = [line, bars, dots, share]
    label_axes(figure, axes, size, "confidence", "accuracy")
    labels = ["perfect calibration", "accuracy", "at the mean confidence", "fraction of examples"]
    draw_legend(figure, size, handles, labels)
    if spec.title:
        write_heading(figure, size, spec.title, "calibration on the test set, seeds pooled")
    return figure


def draw_coverage(data: PlotData, spec: PlotSpec) -> Figure:
    """Draw the error among the most certain examples against their fraction, one line per arm."""
    names = varying_settings(data.coverage)
    figure, (panel,) = panel_grid(1, spec.size)
    handles, labels = [], []
    for i, (cells, rows) in enumerate(group_by_arm(data.coverage, names)):
        mean = rows.groupby("coverage")["risk"].mean()
        style = series_style(i) | {"markevery": (0.08 * (i % 5) / 5, 0.2)}
        (line,) = panel.plot(100 * mean.index, 100 * mean, **style)
        handles.append(line)
        labels.append(arm_name(names, cells))
    panel.set(xlim=(0, 100))
    label_axes(figure, [panel], spec.size, "coverage, % of test examples", "error among these, %")
    panel.set_ylim(*(spec.limits or (0, None)))
    draw_legend(figure, spec.size, handles, labels)
    if spec.title:
        write_heading(figure, spec.size, spec.title, "mean over seeds; the most confident examples come first")
    return figure


def arm_name(names: list[str], cells: list[str]) -> str:
    """Return the name of an arm of an evaluation from the values of the settings in which the arms differ."""
    pairs = zip(names, cells, strict=True)
    return ", ".join(cell if name == "infer" else f"{name}={cell}" for name, cell in pairs if cell)
