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
    """Return a Markdown table whose first ``left`` columns are left-aligned; bars and tags are escaped."""
    body = [list(titles), ["---"] * left + ["---:"] * (len(titles) - left), *rows]
    lines = [" | ".join(escape_markdown(cell.strip()) for cell in line) for line in body]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def escape_markdown(text: str) -> str:
    """Escape the bars and the tags of HTML in a cell of a Markdown table."""
    escaped = re.sub(r"\\(?=[|\\])|\|", r"\\\g<0>", printable(text))
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", escaped)


_TEX = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def escape_latex(text: str) -> str:
    """Escape plain text for LaTeX."""
    escaped = "".join(_TEX.get(c, c) for c in printable(text)).replace("--", "-{}-")
    return re.sub(r"(?<![\w}])-(?=\d)", "$-$", escaped)  # typeset as a minus sign, not as a hyphen


def format_latex(titles: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1, foot: str = "") -> str:
    """Return a LaTeX table that needs no package; the first ``left`` columns are left-aligned, ``foot`` is below it."""
    lines = [" & ".join(escape_latex(cell.strip()) for cell in line) + r" \\" for line in [titles, *rows]]
    spec = "l" * left + "r" * (len(titles) - left)
    body = [rf"\begin{{tabular}}{{{spec}}}", r"\hline", lines[0], r"\hline", *lines[1:], r"\hline", r"\end{tabular}"]
    if foot:
        body += ["", r"\par\smallskip", rf"\parbox{{\linewidth}}{{\footnotesize {escape_latex(foot)}}}"]
    return "\n".join(body) + "\n"


def format_duration(seconds: float) -> str:
    """Return a duration as short text: ``40 s``, ``12 min``, ``3.5 h``, ``4 days``."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86400:.0f} days"
