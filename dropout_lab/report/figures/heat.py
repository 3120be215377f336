"""Heat map of a metric over two settings, with the values in its cells."""

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report.figures.data import GridPoint, PlotData
from dropout_lab.report.figures.labels import axis_title, spread_note
from dropout_lab.report.figures.metric_text import describe_metric
from dropout_lab.report.figures.spec import PlotSpec
from dropout_lab.report.figures.style import FigureSize, label_axes, panel_grid, shorten, write_heading

MAP = "cividis"  # the same to colour-blind readers, and its lightness rises evenly, so it works in grey
DARK = 0.5  # below this fraction of the range, the numbers are white


def draw_heat(data: PlotData, spec: PlotSpec) -> Figure:
    """Draw one panel per value of ``col``, all with the same colours."""
    row = spec.hue[0]
    values = list(dict.fromkeys(point.cells.get(spec.col, "") for point in data.points)) if spec.col else [""]
    xs, ys = (list(dict.fromkeys(point.cells[name] for point in data.points)) for name in (spec.x, row))
    shown = describe_metric(spec.y, data.summary.trials)
    tables = []
    for value in values:
        mine = [point for point in data.points if not spec.col or point.cells.get(spec.col) == value]
        tables.append(_table(data, spec, mine, xs, ys) * shown.scale)
    size, inches = _cell_width(spec.size, len(values), len(xs))
    height = size.font / 72 * (2.3 * len(ys) + 7)
    figure, axes = panel_grid(len(values), size, height, sharex=True, sharey=True)
    low, high = spec.limits or (np.nanmin(tables), np.nanmax(tables))
    high = high if high > low else low + 1e-9
    for panel, value, table in zip(axes, values, tables, strict=True):
        image = panel.pcolormesh(
            np.ma.masked_invalid(table), cmap=MAP, vmin=low, vmax=high, edgecolors="face", linewidth=0.2
        )
        _write_values(panel, table, (low, high), shown.digits, inches, size.font)
        panel.grid(visible=False)
        panel.spines[:].set_visible(False)
        panel.tick_params(length=0)
        panel.set_title(shorten(f"{spec.col} = {value}") if spec.col else "")
        panel.set_xticks(np.arange(len(xs)) + 0.5, [shorten(x, 14) for x in xs], rotation=0 if _short(xs) else 40)
    axes[0].set_yticks(np.arange(len(ys)) + 0.5, [shorten(y, 24) for y in ys])
    axes[0].set_ylim(len(ys), 0)
    figure.colorbar(image, ax=axes, label=shown.label, pad=0.02, aspect=16)
    label_axes(figure, axes, size, axis_title(spec.x), axis_title(row))
    if spec.title:
        note = spread_note(data, spec.y).replace("mean and 95% interval,", "means over")
        write_heading(figure, size, spec.title, note)
    return figure


def _cell_width(size: FigureSize, panels: int, cells: int) -> tuple[FigureSize, float]:
    """Return the size with the panels below each other where cells would be too narrow, and the width of a cell."""
    across = min(panels, size.most)
    room = size.width - 13 * size.font / 72  # names of the rows and the colour bar
    if room / across / cells < 4 * size.font / 72:
        size, across = replace(size, most=1), 1
    return size, room / across / cells


def _short(names: list[str]) -> bool:
    return max(map(len, names)) * len(names) < 40


def _table(data: PlotData, spec: PlotSpec, points: list[GridPoint], xs: list[str], ys: list[str]) -> np.ndarray:
    """Return the means [len(ys), len(xs)]; nan where nothing was measured."""
    table = np.full((len(ys), len(xs)), np.nan)
    for point in points:
        interval = data.interval(point.label, spec.y)
        if interval is not None:
            table[ys.index(point.cells[spec.hue[0]]), xs.index(point.cells[spec.x])] = interval.mean
    return table


def _write_values(
    panel: Axes, table: np.ndarray, view: tuple[float, float], digits: int, inches: float, font: float
) -> None:
    """Write the mean into each cell, with as many decimal places as fit."""
    room = int(0.75 * inches * 72 / (0.62 * (font - 1)))
    for (i, j), value in np.ndenumerate(table):
        if np.isnan(value):
            continue
        text = next((t for d in range(digits, -1, -1) if len(t := f"{value:.{d}f}") <= room), "")
        dark = value - view[0] < DARK * (view[1] - view[0])
        # Not quite the colours of paper and ink, which a dark page replaces.
        colour = "#fffffe" if dark else "#000001"
        panel.text(j + 0.5, i + 0.5, text, ha="center", va="center", color=colour, fontsize=font - 1)
