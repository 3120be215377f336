"""Style that all figures share: sizes, fonts, colours, markers, legend, and the files that they are saved to."""

import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

from matplotlib import font_manager, rc_context  # pyplot would change the backend and the figures of a notebook
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Distinguishable for colour-blind readers (Okabe and Ito 2008). Markers and lines tell the series apart in grey.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = "osD^vPX"
LINES: list[Any] = ["-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1.2, 1.2, 1.2))]
FOREGROUND = "#000000"  # of texts and axes; a page with a dark background replaces it
BACKGROUND = "#ffffff"
MUTED = "#767676"  # of explanations and reference lines
FAINT = "#d0d0d0"  # of the grid
# Families for characters that DejaVu Sans lacks; only those that are installed are used.
FALLBACK = (
    "Noto Sans CJK SC,Noto Sans CJK JP,Source Han Sans SC,WenQuanYi Zen Hei,Droid Sans Fallback,Arial Unicode MS,"
    "Hiragino Sans,Microsoft YaHei,Noto Sans Devanagari,Noto Sans Hebrew,Noto Sans Arabic,Noto Emoji"
).split(",")
NARROW = 5  # a figure of fewer inches has room for short names only
PAD = 0.05  # around panels, inches
LONGEST = 42  # characters of a name in a figure; longer names are shortened in the middle


@dataclass(frozen=True)
class FigureSize:
    """Size of a figure.

    Args:
        width: width of the figure, inches.
        panel: height of a row of panels, or of the figure if it is fixed, inches.
        most: largest number of panels in a row.
        font: size of the letters, points.
        line: width of a line, points.
        marker: size of a marker, points.
        fixed: whether the height stays the same; otherwise title and legend are added to the height of the panels.
    """

    width: float
    panel: float
    most: int
    font: float
    line: float
    marker: float
    fixed: bool = False


# A column and both columns of a two-column paper (those of article and wider), and a slide of 16:9.
SIZES = {
    "column": FigureSize(3.15, 2.2, 2, 8, 1.2, 4.0),
    "page": FigureSize(6.45, 2.7, 4, 9, 1.3, 4.5),
    "slide": FigureSize(12.0, 6.75, 3, 18, 2.4, 9.0, fixed=True),
}
FORMATS = ("pdf", "svg", "png")


@contextmanager
def figure_style(size: FigureSize) -> Iterator[None]:
    """Apply the style while a figure is drawn or saved."""
    small = size.font - 1
    settings: Any = {
        "font.family": ["DejaVu Sans", *_fallback_fonts()],
        "font.size": size.font,
        "axes.titlesize": size.font,
        "axes.labelsize": size.font,
        "xtick.labelsize": small,
        "ytick.labelsize": small,
        "legend.fontsize": small,
        "legend.title_fontsize": small,
        "legend.frameon": False,
        "text.parse_math": False,  # a name such as a$b$ is drawn as it is
        "svg.fonttype": "none",  # text stays text
        "pdf.fonttype": 42,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": FAINT,
        "grid.linewidth": 0.5,
        "axes.linewidth": 0.7,
        "lines.linewidth": size.line,
        "lines.markersize": size.marker,
        "lines.solid_capstyle": "butt",  # other cap styles extend a bar beyond its interval
        "lines.dash_capstyle": "butt",
        "figure.constrained_layout.h_pad": PAD,
        "figure.constrained_layout.w_pad": PAD,
    }
    with rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        yield


@cache
def _fallback_fonts() -> tuple[str, ...]:
    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    return tuple(name for name in FALLBACK if name in installed)


def series_style(i: int) -> dict[str, Any]:
    """Return colour, marker, line and filling of the i-th series; the first 28 differ without colour as well."""
    turn, place = divmod(i, len(COLOURS))
    colour = COLOURS[place]
    return {
        "color": colour,
        "marker": MARKERS[(place + turn) % len(MARKERS)],
        "linestyle": LINES[place % len(LINES)],
        "markerfacecolor": BACKGROUND if (place + turn) % 2 else colour,
    }


def panel_grid(panels: int, size: FigureSize, height: float | None = None, **shared: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure with this number of panels in rows of at most ``size.most``.

    Args:
        panels: number of panels.
        size: size of the figure.
        height: height of a row of panels in inches; by default that of the size.
        shared: options of :meth:`matplotlib.figure.Figure.subplots`, such as ``sharey``.
    """
    columns = min(panels, size.most)
    rows = -(-panels // columns)
    tall = size.panel if size.fixed else rows * (height or size.panel)
    figure = Figure(figsize=(size.width, tall), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False, **shared).flat)
    for spare in axes[panels:]:
        spare.set_visible(False)
    for above in axes[: panels if rows > 1 else 0]:
        above.tick_params(labelbottom=True)  # there may be no panel below the last one of a row
    return figure, axes[:panels]


def thin_ticks(axes: Sequence[Axes], size: FigureSize) -> None:
    """Let a narrow figure have fewer numbers along its x axes."""
    if size.width < NARROW:
        for panel in axes:
            panel.locator_params(axis="x", nbins=4)


def row_name(name: str, size: FigureSize) -> str:
    """Return the name of a row, shortened to leave room for the panel in a narrow figure."""
    return shorten(name, 26 if size.width < NARROW else LONGEST)


def shorten(name: str, most: int = LONGEST) -> str:
    """Return a name on one line, shortened in the middle if it is too long for a figure."""
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return (
        line if len(line) <= most else f"{line[: most // 2]}\N{HORIZONTAL ELLIPSIS}{line[len(line) - most // 2 + 1 :]}"
    )


def label_axes(figure: Figure, axes: Sequence[Axes], size: FigureSize, x: str, y: str, names: int = 0) -> None:
    """Write the title of the x axis below each column of panels, and that of the y axis left of each row.

    Args:
        figure, axes, size: the figure, its panels and its size.
        x, y: the titles.
        names: number of characters of the longest name left of a panel.
    """
    columns = min(len(axes), size.most)
    height = figure.get_figheight() / -(-len(axes) // columns) - 4 * size.font / 72
    for i, panel in enumerate(axes):
        if i + columns >= len(axes):
            room = (size.width - 0.55 * names * size.font / 72) / columns - 4 * size.font / 72
            panel.set_xlabel(_wrap(x, room, size.font))
        if i % columns:
            panel.tick_params(axis="y", which="both", left=panel.get_shared_y_axes().get_siblings(panel) == [panel])
        else:
            panel.set_ylabel(_wrap(y, height, size.font))


def _wrap(text: str, inches: float, font: float) -> str:
    return "\n".join(textwrap.wrap(text, max(12, int(inches * 72 / (0.56 * font)))))


def draw_legend(
    figure: Figure, size: FigureSize, handles: Sequence[Artist], names: Sequence[str], title: str = ""
) -> None:
    """Draw the legend below all panels, in as many columns as fit."""
    if not handles:
        return
    names = [shorten(name) for name in names]
    widest = (max(map(len, names)) + 6) * 0.58 * size.font / 72  # estimated from the mean width of a character
    columns = max(1, min(len(names), int(figure.get_figwidth() / widest)))
    # A label that begins with an underscore would be left out, so the texts are set afterwards.
    legend = figure.legend(
        handles,
        [str(i) for i in range(len(names))],
        loc="outside lower center",
        ncols=columns,
        title=shorten(title) or None,
        handlelength=2.4,
        columnspacing=1.2,
    )
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(name)
    _grow(figure, size, -(-len(names) // columns) + bool(title) + 0.5)


def write_heading(figure: Figure, size: FigureSize, title: str, note: str) -> None:
    """Write a title above the panels and, below it in grey, the meaning of the marks and bars."""
    characters = int(size.width * 72 / (0.56 * size.font))
    heads = textwrap.wrap(title, int(0.9 * characters), max_lines=2)
    notes = textwrap.wrap(note, characters)
    if not heads + notes:
        return
    _grow(figure, size, len(heads) + len(notes) + 0.3)
    place: dict[str, Any] = {"ha": "left", "va": "top", "linespacing": 1.25, "fontsize": size.font}
    # The layout keeps room for the title of the figure alone, so the note has empty lines where the title goes.
    figure.suptitle("\n".join([*[" "] * len(heads), *notes]), x=0.01, color=MUTED, **place)
    figure.text(0.01, 1 - PAD / figure.get_figheight(), "\n".join(heads), fontweight="bold", **place)


def _grow(figure: Figure, size: FigureSize, lines: float) -> None:
    """Add the height of some lines of text to a figure, so that its panels keep theirs."""
    if not size.fixed:
        figure.set_figheight(figure.get_figheight() + 1.45 * lines * size.font / 72)


def render_figure(figure: Figure, size: FigureSize, form: str, title: str = "") -> bytes:
    """Return a figure as the content of a PDF, SVG or PNG file; the same figure gives the same bytes."""
    metadata: dict[str, Any] = {"Title": title} if title else {}
    metadata |= {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}[form]
    content = BytesIO()
    with figure_style(size), rc_context({"svg.hashsalt": title or "figure"}):
        figure.savefig(content, format=form, dpi=200 if form == "png" else 72, metadata=metadata)
    return content.getvalue()
