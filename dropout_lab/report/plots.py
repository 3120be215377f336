"""The picture of a sweep: score and gap of each arm, against the rate where the rate was swept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib import rc_context  # and no pyplot: a notebook keeps its own backend and figures
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report.comparison import ALIKE, BEST, TOO_FEW
from dropout_lab.report.summary import SCORES, Summary, column

# Distinguishable for colour-blind readers (Okabe and Ito 2008), and by shape in grey.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = "osD^vPX"
MARKS = {BEST: "* best", ALIKE: "= not told apart from it", TOO_FEW: "? too few seeds to tell"}
MOST_LINES = 10  # more cannot be told apart; the arms then stand below each other
STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "font.size": 9,
}


def draw(summary: Summary, title: str) -> Figure:
    """One panel for each shown metric.

    Args:
        summary: arms and trials.
        title: what was trained.
    """
    with rc_context(STYLE):
        rates = {label: _rate(cells) for label, cells in summary.settings.items()}
        lines = len(summary.settings) / max(len(set(rates.values())), 1)
        along = len(set(rates.values())) > 1 and None not in rates.values() and lines <= MOST_LINES
        return _along_rate(summary, rates, title) if along else _by_arm(summary, title)


def save(figure: Figure, folder: Path, name: str) -> Path:
    """Write ``name.png`` and ``name.svg``, each whole or not at all; returns the PNG's path."""
    formats: dict[str, dict[str, Any]] = {"svg": {"metadata": {"Date": None}}, "png": {"dpi": 150}}
    for kind, options in formats.items():
        new = folder / f".{name}.new.{kind}"
        with rc_context({"svg.hashsalt": name}):
            figure.savefig(new, **options)
        new.replace(folder / f"{name}.{kind}")
    return folder / f"{name}.png"


def _rate(cells: Mapping[str, str]) -> float | None:
    try:
        return float(cells.get("rate", ""))
    except ValueError:
        return None


def _along_rate(summary: Summary, rates: Mapping[str, float | None], title: str) -> Figure:
    series: dict[str, list[str]] = {}
    for label, cells in summary.settings.items():
        series.setdefault(" ".join(v for k, v in cells.items() if k != "rate"), []).append(label)
    figure, panels = _figure(summary, height=3.4)
    for panel, metric in zip(panels, summary.shown, strict=True):
        shown = column(metric, summary.trials)
        for i, (name, labels) in enumerate(series.items()):
            labels = sorted(labels, key=lambda label: rates[label] or 0)
            found = [(rates[label], summary.interval(label, metric)) for label in labels]
            points = [(x, f) for x, f in found if f is not None and x is not None]
            xs, means = [x for x, _ in points], [f.mean * shown.scale for _, f in points]
            halves = [(f.high - f.mean) * shown.scale for _, f in points]
            turn = i // len(COLOURS)  # no two series look alike
            look: Any = {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[(i + turn) % len(MARKERS)]}
            # Bars and no band: nothing was measured between the rates.
            panel.errorbar(xs, means, halves, label=name or None, markersize=4.5, linewidth=1.3, capsize=3, **look)
        panel.set(xlabel="rate (drop probability)", ylabel=shown.title)
    if len(series) > 1:
        figure.set_figwidth(figure.get_figwidth() + 0.3 + 0.075 * max(map(len, series)))
        figure.legend(*panels[0].get_legend_handles_labels(), frameon=False, loc="outside right upper")
    return _titled(figure, summary, title)


def _by_arm(summary: Summary, title: str) -> Figure:
    labels = list(summary.arms)
    figure, panels = _figure(summary, height=1.3 + 0.28 * len(labels), sharey=True)
    for panel, metric in zip(panels, summary.shown, strict=True):
        shown = column(metric, summary.trials)
        for y, label in enumerate(labels):
            found = summary.interval(label, metric)
            if found is not None:
                mean, low, high = (value * shown.scale for value in found[:3])
                panel.plot([low, high], [y, y], color=COLOURS[0], linewidth=2, alpha=0.5)
                panel.plot([mean], [y], "o", color=COLOURS[0], markersize=5)
        panel.set(xlabel=shown.title, ylim=(len(labels) - 0.5, -0.5))
        if metric in SCORES and len(summary.contexts) == 1 and len(labels) > 1:
            base = summary.interval(summary.comparison.contests[0].baseline, metric)
            if base is not None:
                panel.axvline(base.mean * shown.scale, color=COLOURS[-1], linewidth=0.8, linestyle=":", zorder=0)
    panels[0].set_yticks(range(len(labels)), [f"{label} {summary.comparison.mark(label)}".strip() for label in labels])
    return _titled(figure, summary, title, named=True)


def _figure(summary: Summary, height: float, sharey: bool = False) -> tuple[Figure, list[Axes]]:
    panels = len(summary.shown)
    figure = Figure(figsize=(4.1 * panels, height), layout="constrained")
    return figure, list(figure.subplots(1, panels, squeeze=False, sharey=sharey)[0])


def _titled(figure: Figure, summary: Summary, title: str, named: bool = False) -> Figure:
    counts = sorted({int((summary.of(label)["status"] == "ok").sum()) for label in summary.arms})
    n = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"
    spread = f"mean and 95 % interval over seeds, {n}" if counts[-1] > 1 else "one seed"
    marks = {summary.comparison.mark(label) for label in summary.arms}
    told = ", ".join(text for mark, text in MARKS.items() if mark in marks)
    figure.suptitle(f"{title}: {spread}" + (f"\n{told}" if told and named else ""), fontsize=10)
    return figure
