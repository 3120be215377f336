"""Figures of a report page: SVG inside the page, in the colours of the page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from dropout_lab.errors import ConfigError
from dropout_lab.presentation.plot_spec import choose_figure
from dropout_lab.report.figures.data import PlotData
from dropout_lab.report.figures.draw import describe_figure, draw_figure
from dropout_lab.report.figures.style import BACKGROUND, COLOURS, FAINT, FOREGROUND, MUTED, render_figure

# Colours of the figures, and the variables of the page's style sheet that replace them.
_VARIABLES = {FOREGROUND: "--ink", BACKGROUND: "--paper", MUTED: "--muted", FAINT: "--faint"}
_VARIABLES |= {colour: f"--series-{i}" for i, colour in enumerate(COLOURS[:-1])}
WIDTHS = {"wide": "page", "narrow": "column"}  # class of the page, and size of the figure on such a screen


@dataclass(frozen=True)
class PageFigure:
    """A figure of the page.

    Args:
        wide, narrow: SVG for wide and for narrow screens.
        caption: description of the figure.
    """

    wide: str
    narrow: str
    caption: str


def page_figure(data: PlotData, key: str, options: Mapping[str, str]) -> PageFigure | None:
    """Return a figure for a page; None if it cannot be drawn from these data.

    Args:
        data: what can be shown.
        key: prefix of the ids in the SVG; each figure of a page needs another one.
        options: options of ``dropout-lab plot``.
    """
    drawn = {}
    caption = ""
    for name, size in WIDTHS.items():
        try:
            spec = choose_figure(data, {**options, "size": size, "title": "none"})
        except ConfigError:
            return None
        caption = describe_figure(data, spec)
        svg = render_figure(draw_figure(data, spec), spec.size, "svg").decode()
        drawn[name] = inline_svg(svg, f"{key}-{name}", caption)
    return PageFigure(drawn["wide"], drawn["narrow"], caption)


def inline_svg(svg: str, key: str, caption: str) -> str:
    """Return an SVG file as an element of a page: no header, unique ids, and colours and font of the page."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{key}-', body)
    body = re.sub(r'(url\(#|href="#)', rf"\g<1>{key}-", body)
    for colour, variable in _VARIABLES.items():
        body = re.sub(rf"(?<=: ){colour}\b", f"var({variable})", body, flags=re.IGNORECASE)
    body = re.sub(r"(font: (?:[\w.]+ )*[\d.]+px) [^;\"]+", r"\1 var(--sans)", body)
    body = re.sub(r'(<svg[^>]*?) width="[\d.]+pt" height="[\d.]+pt"', r"\1", body, count=1)
    return body.replace(
        "<svg ", f'<svg class="{key.rpartition("-")[2]}" role="img" aria-label="{escape(caption, quote=True)}" ', 1
    )
