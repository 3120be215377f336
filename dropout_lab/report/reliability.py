"""Plots of evaluations: reliability diagrams, risk-coverage curves, and scores against the size of an average."""

from typing import Any

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report.ensembles import interval_of
from dropout_lab.report.evaluations import SHOWN, group_by_arm, varying_settings
from dropout_lab.report.figures.marks import draw_series, limits
from dropout_lab.report.figures.style import COLOURS, MARKERS
from dropout_lab.report.plots import STYLE, shown_name
from dropout_lab.stats.bounds import bounds_of

MOST_PANELS = 7
COLUMNS = 4
DIGITS = 9  # decimal places to which the bounds of equal bins agree


def draw_calibration(bins: pd.DataFrame, coverage: pd.DataFrame, title: str) -> Figure:
    """Draw a reliability diagram for each arm, and one panel with the risk-coverage curves of all arms.

    At most :data:`MOST_PANELS` arms have a diagram.

    Args:
        bins: rows of ``reliability.csv``.
        coverage: rows of ``coverage.csv``.
        title: title of the figure, such as the names of data set and model.
    """
    bins = bins[bins["binning"] == "equal_width"]
    names = varying_settings(coverage)
    groups, curves = group_by_arm(bins, names), group_by_arm(coverage, names)
    shown = groups[:MOST_PANELS]
    lines = -(-(len(shown) + 1) // COLUMNS)
    columns = -(-(len(shown) + 1) // lines)
    with rc_context(STYLE):
        figure = Figure(figsize=(3.1 * columns, 3.2 * lines + 0.3), layout="constrained")
        panels = list(figure.subplots(lines, columns, squeeze=False).flat)
        for panel, (cells, rows) in zip(panels, shown, strict=False):
            ece = _diagram(panel, rows)
            panel.set_title(f"{_label(names, cells)}\nECE {100 * ece:.2f} %", fontsize=9)
        _coverage(panels[len(shown)], names, curves)
        for spare in panels[len(shown) + 1 :]:
            spare.set_visible(False)
        # The legend is outside of the diagrams, because bars can be anywhere inside of them.
        figure.legend(
            *panels[0].get_legend_handles_labels(), frameon=False, fontsize=8, loc="outside lower center", ncols=4
        )
        left = f"; the first {MOST_PANELS} of {len(groups)} arms" if len(groups) > MOST_PANELS else ""
        seeds = coverage["trial_id"].nunique()
        pooled = f", {seeds} trials" if seeds > 1 else ""
        figure.suptitle(f"{title}: calibration on the test set{pooled}{left}", fontsize=10)
        return figure


def _label(names: list[str], cells: list[str]) -> str:
    return ", ".join(
        f"{name}={cell}" if name != "infer" else cell for name, cell in zip(names, cells, strict=True) if cell
    )


def _diagram(panel: Axes, rows: pd.DataFrame) -> float:
    """Draw the accuracy, confidence and fraction of examples of each bin, pooled over all replicates.

    Returns:
        The expected calibration error.
    """
    weights = rows["count"] / rows["count"].sum()
    pooled = pool_bins(rows)
    low, high, accuracy, confidence = (pooled[name] for name in ("low", "high", "accuracy", "confidence"))
    panel.plot([0, 1], [0, 1], color="0.4", linewidth=0.8, linestyle="--", label="perfect")
    panel.bar(
        low, pooled["count"] / pooled["count"].sum(), high - low, align="edge", color="0.85", label="part of examples"
    )
    panel.bar(
        low, accuracy, high - low, align="edge", facecolor="none", edgecolor=COLOURS[0], linewidth=1.2, label="accuracy"
    )
    panel.plot(confidence, accuracy, "o", color=COLOURS[1], markersize=3.5, label="at mean confidence")
    ece = float((weights * (rows["accuracy"] - rows["confidence"]).abs()).sum())
    panel.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1.02))
    return ece


def pool_bins(rows: pd.DataFrame) -> pd.DataFrame:
    """Pool the bins of several trials: bins with the same bounds become one bin.

    Args:
        rows: rows of ``reliability.csv`` with bins of equal width, whose bounds are the same for every trial. Bins of
            equal mass have different bounds in each trial and are not pooled.

    Returns:
        ``low``, ``high``, ``count``, ``confidence`` and ``accuracy`` of each bin, in the order of the bounds.
    """
    # Bins are identified by their bounds, because older versions numbered only the bins that contain examples.
    sums = rows.assign(confidence=rows["confidence"] * rows["count"], accuracy=rows["accuracy"] * rows["count"])
    bounds = [rows[name].round(DIGITS) for name in ("low", "high")]
    pooled = sums.groupby(bounds)[["count", "confidence", "accuracy"]].sum().reset_index()
    return pooled.assign(**{name: pooled[name] / pooled["count"] for name in ("confidence", "accuracy")})


def _coverage(panel: Axes, names: list[str], curves: list[tuple[list[str], pd.DataFrame]]) -> None:
    for i, (cells, rows) in enumerate(curves[: 2 * len(COLOURS)]):
        mean = rows.groupby("coverage")["risk"].mean()
        style = "-" if i < len(COLOURS) else ":"
        panel.plot(
            100 * mean.index, 100 * mean, style, color=COLOURS[i % len(COLOURS)], label=shown_name(_label(names, cells))
        )
    panel.legend(frameon=False, fontsize=7, loc="upper left")
    panel.set(xlabel="coverage, % of test examples", ylabel="error among these, %", xlim=(0, 100))
    panel.set_ylim(bottom=0)
    panel.set_title("risk and coverage", fontsize=9)


def draw_ensembles(frame: pd.DataFrame, title: str) -> Figure:
    """Draw each score against the number of averaged passes or networks, on a logarithmic axis.

    Args:
        frame: rows of ``ensembles.csv``.
        title: title of the figure, such as the names of data set and model.
    """
    names = varying_settings(frame)
    metrics = [metric for metric in SHOWN if metric in set(frame["metric"])]
    with rc_context(STYLE):
        figure = Figure(figsize=(4.1 * len(metrics), 3.6), layout="constrained")
        panels = list(figure.subplots(1, len(metrics), squeeze=False)[0])
        for panel, metric in zip(panels, metrics, strict=True):
            for i, (cells, rows) in enumerate(group_by_arm(frame[frame["metric"] == metric], names)):
                _averages(panel, rows, SHOWN[metric].scale, COLOURS[i % len(COLOURS)], _label(names, cells))
            panel.set(xscale="log", xlabel="passes an example", ylabel=SHOWN[metric].title)
            panel.xaxis.set_major_formatter("{x:g}")
            low, high = bounds_of(metric)
            panel.set_ylim(limits(panel.get_ylim(), (low * SHOWN[metric].scale, high * SHOWN[metric].scale)))
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, frameon=False, fontsize=7, loc="outside right upper")
        figure.suptitle(f"{title}: mean and 95 % interval over networks, or groups of them", fontsize=10)
        return figure


def _averages(panel: Axes, rows: pd.DataFrame, scale: float, colour: str, label: str) -> None:
    styles: dict[str, dict[str, Any]] = {
        "mc_dropout": {"marker": MARKERS[0], "label": f"{label}: passes of one net"},
        "deep_ensemble": {"marker": MARKERS[1], "linestyle": ":", "label": f"{label}: several nets"},
    }
    for kind, style in styles.items():
        mine = rows[rows["kind"] == kind].sort_values("size")
        if len(mine):
            averages = [(float(row["size"]), interval_of(row)) for row in mine.to_dict("records")]
            draw_series(panel, averages, scale, color=colour, markersize=4, capsize=2, linewidth=1.2, **style)
    plain = rows[rows["kind"] == "single"]["mean"]
    if len(plain):
        panel.axhline(
            plain.iloc[0] * scale,
            color=colour,
            linewidth=0.9,
            linestyle="--",
            label=shown_name(f"{label}: one net, scaled"),
        )
