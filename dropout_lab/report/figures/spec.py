"""Specification of a figure: its kind, the columns on its axes, and its size."""

from collections.abc import Sequence
from dataclasses import dataclass

from dropout_lab.report.figures.data import GridPoint, PlotData
from dropout_lab.report.figures.style import SIZES, FigureSize

KINDS = ("line", "dots", "curves", "heat", "scatter", "forest", "seeds", "reliability", "coverage")


@dataclass(frozen=True)
class PlotSpec:
    """Figure of a sweep.

    Args:
        kind: one of :data:`KINDS`.
        x: setting or metric along the first axis: the x axis of a line, the rows of dots, the columns of a heat map.
        y: metric that is shown.
        hue: settings that tell the series of a panel apart; of a heat map, the setting of its rows.
        col: setting whose values have a panel each; empty for a single panel.
        size: size of the figure.
        title: title of the figure; empty for a figure without title and note.
        limits: limits of the axis of ``y`` in the shown unit; None to fit the data.
    """

    kind: str
    x: str
    y: str
    hue: Sequence[str] = ()
    col: str = ""
    size: FigureSize = SIZES["page"]
    title: str = ""
    limits: tuple[float, float] | None = None


Panels = list[tuple[str, dict[str, list[GridPoint]]]]


def split_panels(data: PlotData, spec: PlotSpec) -> Panels:
    """Return the title of each panel with its series by name.

    Every panel has all series in the same order; a series without points in a panel is an empty list there.
    """
    names = list(dict.fromkeys(_series(point, spec) for point in data.points))
    columns = list(dict.fromkeys(point.cells.get(spec.col, "") for point in data.points)) if spec.col else [""]
    panels: Panels = []
    for value in columns:
        mine = [point for point in data.points if not spec.col or point.cells.get(spec.col, "") == value]
        series = {name: [point for point in mine if _series(point, spec) == name] for name in names}
        panels.append((f"{spec.col} = {value}" if spec.col else "", series))
    return panels


def _series(point: GridPoint, spec: PlotSpec) -> str:
    return ", ".join(point.cells.get(name, "") for name in spec.hue)


def legend_title(spec: PlotSpec) -> str:
    """Return the names of the settings whose values the legend lists."""
    return ", ".join(spec.hue)
