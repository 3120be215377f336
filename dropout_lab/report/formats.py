"""Text tables in three formats: aligned for the terminal, Markdown and LaTeX."""

import re
from collections.abc import Sequence

from dropout_lab.errors import printable


def format_plain(titles: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1, width: int = 80) -> str:
    """Return a table with aligned columns.

    Args:
        titles: titles of the columns.
        rows: cells as text.
        left: number of left-aligned columns; the others are right-aligned.
        width: maximum width in characters. If the table is wider, each row takes two lines: one for the first ``left``
            columns and one for the others.
    """
    titles, rows = [printable(title) for title in titles], [[printable(cell) for cell in row] for row in rows]
    sizes = [max(len(line[i]) for line in [titles, *rows]) for i in range(len(titles))]
    wide = sum(sizes) + 2 * (len(sizes) - 1) > width
    lines = []
    for line in [titles, *rows]:
        head = "  ".join(cell.ljust(size) for cell, size in zip(line[:left], sizes[:left], strict=True))
        cells = "  ".join(cell.rjust(size) for cell, size in zip(line[left:], sizes[left:], strict=True))
        lines += [head.rstrip(), ("  " + cells).rstrip()] if wide else [f"{head}  {cells}".rstrip()]
    return "\n".join(lines)


def format_markdown(titles: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return a Markdown table whose first ``left`` columns are left-aligned; the text of cells is escaped."""
    cells = [[escape_markdown(cell.strip()) for cell in line] for line in [titles, *rows]]
    return join_markdown(cells[0], cells[1:], left)


def join_markdown(titles: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return a Markdown table of cells that are Markdown already; only ``|`` is escaped in them."""
    body = [list(titles), ["---"] * left + ["---:"] * (len(titles) - left), *rows]
    lines = [" | ".join(re.sub(r"(?<!\\)\|", r"\|", cell.strip()) for cell in line) for line in body]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


# Characters that start markup in GitHub's Markdown at any position: code, formulas, emphasis, links, footnotes.
_MARKUP = re.compile(r"[\\`|$]|~(?=~)|(?<!\w)_|_(?!\w)|(?<=\S)\*|\*(?=\S)|\](?=[(\[:])|!(?=\[)|\[(?=\^)")


def escape_markdown(text: str) -> str:
    """Escape plain text for a cell of a Markdown table; a text without markup is unchanged."""
    text = re.sub(r"&(?=#?\w+;)", "&amp;", printable(" ".join(text.split())))
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)
    return _MARKUP.sub(r"\\\g<0>", text)


_TEX = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


# Characters that LaTeX does not typeset without a package: all but ASCII, accented Latin letters and some signs.
_FOREIGN = re.compile(
    r"[^\x20-\x7e\u00a1-\u0113\u0116-\u011b\u0131\u0139-\u0148\u0150-\u017e\u2013\u2014\u2018-\u201e\u2026]+"
)
UNICODE_TEXT = (
    r"\providecommand{\unicodetext}[2]{\ifdefined\XeTeXversion#2\else\ifdefined\directlua#2\else#1\fi\fi}"
    " % pdflatex has no glyphs for these characters"
)


def escape_latex(text: str) -> str:
    r"""Escape plain text for LaTeX.

    Characters that pdflatex cannot typeset become ``\unicodetext{CODES}{CHARACTERS}``, which :data:`UNICODE_TEXT`
    defines: XeLaTeX and LuaLaTeX print the characters, and pdflatex their code points.
    """
    line = "".join(c if c.isprintable() else " " for c in text)
    escaped = "".join(_TEX.get(c, c) for c in line).replace("--", "-{}-").replace("?`", "?{}`").replace("!`", "!{}`")
    escaped = re.sub(r"(?<![\w}])-(?=\d)", "$-$", escaped)  # typeset as a minus sign, not as a hyphen
    return _FOREIGN.sub(_unicode_text, escaped)


def _unicode_text(match: re.Match[str]) -> str:
    codes = " ".join(f"U+{ord(c):04X}" for c in match[0])
    return rf"\unicodetext{{{codes}}}{{{match[0]}}}"


def join_latex(cells: Sequence[str]) -> str:
    r"""Return a row of a LaTeX table; after ``\\``, a cell that begins with ``[`` or ``*`` would be an argument."""
    first, *others = cells
    first = f"{{{first[0]}}}{first[1:]}" if first[:1] in ("[", "*") else first
    return " & ".join([first, *others]) + r" \\"


def format_latex(titles: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1, foot: str = "") -> str:
    """Return a LaTeX table that needs no package; the first ``left`` columns are left-aligned, ``foot`` is below it."""
    lines = [join_latex([escape_latex(cell.strip()) for cell in line]) for line in [titles, *rows]]
    spec = "l" * left + "r" * (len(titles) - left)
    body = [rf"\begin{{tabular}}{{{spec}}}", r"\hline", lines[0], r"\hline", *lines[1:], r"\hline", r"\end{tabular}"]
    if foot:
        body += ["", r"\par\smallskip", rf"\parbox{{\linewidth}}{{\footnotesize {escape_latex(foot)}}}"]
    return with_unicode_text("\n".join(body) + "\n")


def with_unicode_text(text: str) -> str:
    r"""Return LaTeX with the definition of ``\unicodetext`` before it if it is used."""
    return f"{UNICODE_TEXT}\n{text}" if r"\unicodetext{" in text else text


def format_duration(seconds: float) -> str:
    """Return a duration as short text: ``40 s``, ``12 min``, ``3.5 h``, ``4 days``."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86400:.0f} days"
