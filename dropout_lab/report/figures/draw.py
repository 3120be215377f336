"""Drawing of a figure by its kind, and its description in words."""

from collections.abc import Callable

from matplotlib.figure import Figure

from dropout_lab.report.figures.calibration import draw_coverage, draw_reliability
from dropout_lab.report.figures.curves import curve_text, draw_curves
from dropout_lab.report.figures.data import PlotData
from dropout_lab.report.figures.dots import draw_dots
from dropout_lab.report.figures.forest import draw_forest
from dropout_lab.report.figures.heat import draw_heat
from dropout_lab.report.figures.labels import axis_title, spread_note
from dropout_lab.report.figures.lines import draw_lines
from dropout_lab.report.figures.metric_text import describe_metric
from dropout_lab.report.figures.scatter import draw_scatter
from dropout_lab.report.figures.seeds import draw_seeds
from dropout_lab.report.figures.spec import PlotSpec
from dropout_lab.report.figures.style import figure_style

DRAW: dict[str, Callable[[PlotData, PlotSpec], Figure]] = {
    "line": draw_lines,
    "dots": draw_dots,
    "curves": draw_curves,
    "heat": draw_heat,
    "scatter": draw_scatter,
    "forest": draw_forest,
    "seeds": draw_seeds,
    "reliability": draw_reliability,
    "coverage": draw_coverage,
}


def draw_figure(data: PlotData, spec: PlotSpec) -> Figure:
    """Draw a figure of a sweep."""
    with figure_style(spec.size):
        return DRAW[spec.kind](data, spec)


def describe_figure(data: PlotData, spec: PlotSpec) -> str:
    """Return a sentence that describes a figure, for its caption or as its text alternative."""
    y = describe_metric(spec.y, data.summary.trials).label
    by = f", by {', '.join(spec.hue)}" if spec.hue else ""
    panels = f", one panel per {spec.col}" if spec.col else ""
    spread = spread_note(data, spec.y) if spec.kind in ("line", "dots", "scatter") else ""
    what = {
        "line": f"{y} against {axis_title(spec.x)}{by}",
        "dots": f"{y} for each {'arm' if spec.x in ('arm', '') else spec.x}{by}",
        "curves": f"{curve_text(spec.y, data).label} against the epoch{by}; bold is the mean over seeds",
        "heat": f"{y} over {axis_title(spec.x)} and {axis_title(spec.hue[0]) if spec.hue else ''}",
        "scatter": f"{y} against {describe_metric(spec.x, data.summary.trials).label}{by}",
        "forest": "paired difference of each arm from its baseline, with the interval of its Holm-corrected test",
        "seeds": f"{y} of each seed in each arm, joined across arms",
        "reliability": "accuracy against confidence on the test set, per arm",
        "coverage": "error among the most confident test examples against their fraction, per arm",
    }[spec.kind]
    return f"{data.title}: {what}{panels}{'; ' if spread else ''}{spread}." if data.title else f"{what}{panels}."
