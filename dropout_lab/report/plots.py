"""Plot of a sweep: score and gap of each arm, against the rate if the sweep varies it."""

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib import rc_context  # pyplot would change the backend and the figures of a notebook
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.errors import printable
from dropout_lab.files import write_atomically
from dropout_lab.report.comparison import ALIKE, BEST, TOO_FEW
from dropout_lab.report.figures.marks import draw_interval, draw_series, limits
from dropout_lab.report.figures.style import COLOURS, MARKERS
from dropout_lab.report.summary import TEST_SCORES, Summary, metric_column, percent_score
from dropout_lab.stats.bounds import difference_bounds
from dropout_lab.stats.intervals import LEAST, Bounds

MARKS = {BEST: "* best", ALIKE: "= inconclusive against it", TOO_FEW: "? too few seeds to tell"}
MOST_LINES = 10  # with more lines than can be distinguished, the arms are drawn below each other
STYLE: Any = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "font.size": 9,
    "lines.solid_capstyle": "butt",  # other cap styles extend a bar beyond its interval
    "text.parse_math": False,
    "svg.fonttype": "none",
}


def draw_summary(summary: Summary, title: str) -> Figure:
    """Draw one panel for each shown metric.

    Args:
        summary: arms and trials.
        title: title of the figure, such as the names of data set and model.
    """
    with rc_context(STYLE):
        points = summary.points or [(cells, label) for label, cells in summary.settings.items()]
        rates = [_rate(cells) for cells, _ in points]
        lines = len(points) / max(len(set(rates)), 1)
        along = len(set(rates)) > 1 and None not in rates and lines <= MOST_LINES
        return _along_rate(summary, points, title) if along else _by_arm(summary, title)


def save_figure(figure: Figure, folder: Path, name: str) -> Path:
    """Write ``name.png`` and ``name.svg``, each atomically, and return the path of the PNG file."""
    formats: dict[str, dict[str, Any]] = {"svg": {"metadata": {"Date": None}}, "png": {"dpi": 150}}
    for kind, options in formats.items():
        with rc_context({**STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # names in scripts that the font lacks
            write_atomically(folder / f"{name}.{kind}", partial(figure.savefig, **options))
    return folder / f"{name}.png"


def _rate(cells: Mapping[str, str]) -> float | None:
    try:
        return float(cells.get("rate", ""))
    except ValueError:
        return None


def shown_name(text: str) -> str:
    """Return a name for a picture: without control characters, and without the underscore that hides it in a legend."""
    text = printable(text)
    return f" {text}" if text.startswith("_") else text


def _along_rate(summary: Summary, arms: Sequence[tuple[Mapping[str, str], str]], title: str) -> Figure:
    series: dict[str, list[tuple[float, str]]] = {}
    for cells, label in arms:
        name = " ".join(v for k, v in cells.items() if k != "rate")
        series.setdefault(name, []).append((_rate(cells) or 0, label))
    figure, panels = _figure(summary, height=3.4)
    for panel, metric in zip(panels, summary.shown, strict=True):
        shown = metric_column(metric, summary.trials)
        for i, (name, places) in enumerate(series.items()):
            means = [(x, summary.interval(label, metric)) for x, label in sorted(places, key=lambda place: place[0])]
            turn = i // len(COLOURS)  # series with the same colour get different markers
            look: Any = {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[(i + turn) % len(MARKERS)]}
            draw_series(
                panel, [(x, f) for x, f in means if f is not None], shown.scale, label=shown_name(name) or None, **look
            )
        panel.set(xlabel="rate (drop probability)", ylabel=shown.title)
        panel.set_ylim(limits(panel.get_ylim(), _bounds(summary, metric)))
    if len(series) > 1:
        figure.set_figwidth(figure.get_figwidth() + 0.3 + 0.075 * max(map(len, series)))
        figure.legend(*panels[0].get_legend_handles_labels(), frameon=False, loc="outside right upper")
    return _titled(figure, summary, title)


def _bounds(summary: Summary, metric: str) -> Bounds:
    """Return the bounds of a metric in the unit in which it is shown."""
    scale = metric_column(metric, summary.trials).scale
    score = percent_score(summary.trials) if metric == "gap" else None
    low, high = difference_bounds(score.bounds) if score else summary.bounds_of(metric)
    return low * scale, high * scale


def _by_arm(summary: Summary, title: str) -> Figure:
    labels = list(summary.arms)
    figure, panels = _figure(summary, height=1.3 + 0.28 * len(labels), sharey=True)
    for panel, metric in zip(panels, summary.shown, strict=True):
        shown = metric_column(metric, summary.trials)
        for y, label in enumerate(labels):
            interval = summary.interval(label, metric)
            if interval is not None:
                draw_interval(panel, interval, y, shown.scale)
        panel.set_xlim(limits(panel.get_xlim(), _bounds(summary, metric)))
        panel.set(xlabel=shown.title, ylim=(len(labels) - 0.5, -0.5))
        if metric in TEST_SCORES and len(summary.contexts) == 1 and len(labels) > 1:
            base = summary.interval(summary.comparison.contests[0].baseline, metric)
            if base is not None:
                panel.axvline(base.mean * shown.scale, color=COLOURS[-1], linewidth=0.8, linestyle=":", zorder=0)
    panels[0].set_yticks(
        range(len(labels)), [shown_name(f"{label} {summary.comparison.mark(label)}".strip()) for label in labels]
    )
    return _titled(figure, summary, title, named=True)


def _figure(summary: Summary, height: float, sharey: bool = False) -> tuple[Figure, list[Axes]]:
    panels = len(summary.shown)
    figure = Figure(figsize=(4.1 * panels, height), layout="constrained")
    return figure, list(figure.subplots(1, panels, squeeze=False, sharey=sharey)[0])


def _titled(figure: Figure, summary: Summary, title: str, named: bool = False) -> Figure:
    counts = sorted({int((summary.of(label)["status"] == "ok").sum()) for label in summary.arms})
    n = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"
    spread = f"mean and 95 % interval over seeds, {n}" if counts[-1] >= LEAST else "values of two seeds and their mean"
    spread = "one seed" if counts[-1] < 2 else spread
    marks = {summary.comparison.mark(label) for label in summary.arms}
    legend = ", ".join(text for mark, text in MARKS.items() if mark in marks)
    figure.suptitle(f"{printable(title)}: {spread}" + (f"\n{legend}" if legend and named else ""), fontsize=10)
    return figure
