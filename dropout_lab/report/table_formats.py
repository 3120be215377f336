"""Formats in which a :class:`ResultTable` is printed: text, Markdown, HTML and LaTeX with booktabs."""

import re
from collections.abc import Sequence
from html import escape

from dropout_lab.report.formats import (
    escape_latex,
    escape_markdown,
    format_plain,
    join_latex,
    join_markdown,
    with_unicode_text,
)
from dropout_lab.report.result_table import ResultTable

COLUMN, PAGE = 229, 345  # widths of article's columns and of its page without columns, points
SIZES = {r"\normalsize": 10.0, r"\small": 9.25, r"\footnotesize": 8.5, r"\scriptsize": 7.97}  # points an em of cmr
LONG = 24  # characters from which on a name may be broken
GAP = 3  # space on either side of a column, points
ITALIC = {"p": "$p$", "n": "$n$"}


def table_text(table: ResultTable, note: Sequence[str], width: int) -> str:
    """Return a table for the terminal; bold cells have a ``*``."""
    rows = [[_starred(c) if (i, j) in table.bold else c for j, c in enumerate(row)] for i, row in enumerate(table.rows)]
    lines = [", ".join(title for title, _, _ in table.groups)] if _single(table) else []
    titles = table.titles if _single(table) or not table.groups else _joined_titles(table)
    return "\n".join([*lines, format_plain(titles, rows, table.left, width), *(["", *note] if note else [])])


MARK = re.compile(r"(.*?)( [*=?])?")  # the marks of a comparison follow a score


def _starred(cell: str) -> str:
    match = MARK.fullmatch(cell.rstrip())
    return cell if match and match[2] else f"{cell.rstrip()} *"


def _single(table: ResultTable) -> bool:
    return len(table.groups) == 1


def _joined_titles(table: ResultTable) -> list[str]:
    """Return the titles of the columns with those of their groups in front."""
    titles = list(table.titles)
    for title, first, count in table.groups:
        titles[first : first + count] = [f"{title}: {each}" for each in titles[first : first + count]]
    return titles


def table_markdown(table: ResultTable, note: Sequence[str], caption: str = "") -> str:
    """Return a table in GitHub's Markdown."""
    rows = [[escape_markdown(cell.strip()) for cell in row] for row in table.rows]
    for i, j in table.bold:
        mean, rest = _split_mean(rows[i][j])
        rows[i][j] = f"**{mean}**{rest}"
    groups = [*table.groups] if _single(table) else []
    titles = table.titles if groups or not table.groups else _joined_titles(table)
    heads = [escape_markdown(text) for text in (caption, *(title for title, _, _ in groups)) if text]
    lines = [*(f"{head}\n" for head in heads), join_markdown([escape_markdown(t) for t in titles], rows, table.left)]
    return "\n".join([*lines, *([" ".join(note) + "\n"] if note else [])])


def table_html(table: ResultTable, note: Sequence[str], caption: str = "", label: str = "") -> str:
    """Return a table as a fragment of HTML."""
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in table.titles)
    above = ""
    if table.groups:
        blank = f'<td colspan="{table.left}"></td>' if table.left else ""
        spans = (f'<th scope="colgroup" colspan="{count}">{escape(title)}</th>' for title, _, count in table.groups)
        above = f"<tr>{blank}{''.join(spans)}</tr>\n"
    lines = []
    for i, row in enumerate(table.rows):
        cells = []
        for j, cell in enumerate(row):
            mean, rest = _split_mean(cell.strip()) if (i, j) in table.bold else ("", cell.strip())
            text = (f"<b>{escape(mean)}</b>" if mean else "") + escape(rest)
            cells.append(f'<th scope="row">{text}</th>' if j < table.left else f"<td>{text}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    marked = f' id="{escape(label)}"' if label else ""
    caption = f"<caption>{escape(caption)}</caption>\n" if caption else ""
    foot = f'<tr><td colspan="{len(table.titles)}">{escape(" ".join(note))}</td></tr>'
    foot = f"<tfoot>{foot}</tfoot>\n" if note else ""
    body = "\n".join(lines)
    head = f"<thead>\n{above}<tr>{head}</tr>\n</thead>\n"
    return f"<table{marked}>\n{caption}{head}<tbody>\n{body}\n</tbody>\n{foot}</table>\n"


def table_latex(table: ResultTable, note: Sequence[str], caption: str = "", label: str = "") -> str:
    r"""Return a table in LaTeX with the rules of the package booktabs.

    With a caption or a label it is a float: ``table`` if it fits into a column of a two-column paper, else ``table*``,
    in the largest letters that fit. Without them it is a ``tabular`` alone.
    """
    size, wide, broken = _fit(table)
    body = _tabular(table, broken)
    if not (caption or label):
        foot = [r"\par\smallskip", rf"\parbox{{\linewidth}}{{\footnotesize {escape_latex(' '.join(note))}}}"]
        return with_unicode_text("\n".join([*body, *(["", *foot] if note else [])]) + "\n")
    float_ = "table*" if wide else "table"
    lines = [rf"\begin{{{float_}}}[tbp]", r"\centering"]
    lines += [rf"\caption{{{escape_latex(caption)}}}", r"\smallskip"] if caption else []
    lines += [rf"\label{{{label}}}"] if label else []
    lines += [size, rf"\setlength{{\tabcolsep}}{{{GAP}pt}}", *body]
    if note:
        lines += ["", r"\par\smallskip", rf"\parbox{{\linewidth}}{{\footnotesize {escape_latex(' '.join(note))}}}"]
    return with_unicode_text("\n".join([*lines, rf"\end{{{float_}}}"]) + "\n")


def _tabular(table: ResultTable, broken: dict[int, float]) -> list[str]:
    """Return the lines of the tabular; columns in ``broken`` are paragraphs of this width in points."""
    kinds = ["l"] * table.left + ["r"] * (len(table.titles) - table.left)
    for j, points in broken.items():
        kinds[j] = rf">{{\raggedright\arraybackslash}}p{{{points:.0f}pt}}"
    spec = f"@{{}}{''.join(kinds)}@{{}}"
    lines = [rf"\begin{{tabular}}{{{spec}}} % needs \usepackage{{booktabs{',array' if broken else ''}}}", r"\toprule"]
    if table.groups:
        spans = [rf"\multicolumn{{{count}}}{{c}}{{{escape_latex(title)}}}" for title, _, count in table.groups]
        lines.append(" & ".join([*[""] * table.left, *spans]) + r" \\")
        lines.append("".join(rf"\cmidrule(lr){{{first + 1}-{first + count}}}" for _, first, count in table.groups))
    lines += [join_latex([ITALIC.get(title, escape_latex(title)) for title in table.titles]), r"\midrule"]
    for i, row in enumerate(table.rows):
        cells = [_breakable(cell.strip()) if j in broken else escape_latex(cell.strip()) for j, cell in enumerate(row)]
        cells = [_bold_latex(cell) if (i, j) in table.bold else cell for j, cell in enumerate(cells)]
        lines.append(join_latex(cells))
    return [*lines, r"\bottomrule", r"\end{tabular}"]


def _split_mean(cell: str) -> tuple[str, str]:
    """Return the mean in a cell, which is what is printed in bold, and the rest."""
    mean, blank, rest = cell.partition(" ")
    return mean.rstrip(","), ("," if mean.endswith(",") else "") + blank + rest


def _bold_latex(cell: str) -> str:
    mean, rest = _split_mean(cell)
    return rf"\textbf{{{mean}}}{rest}"


def _breakable(text: str) -> str:
    """Escape a long name such that it may be broken after signs, and after every few characters without one."""
    pieces = re.findall(r"[^\s_=/.,:+-]{1,10}[_=/.,:+-]*|[\s_=/.,:+-]+", text)
    return r"\allowbreak{}".join(escape_latex(piece) for piece in pieces)


def _fit(table: ResultTable) -> tuple[str, bool, dict[int, float]]:
    """Return the command of the letters' size, whether the table needs both columns, and the columns to be broken."""
    widths = [max(map(_ems, [title, *cells])) for title, *cells in zip(table.titles, *table.rows, strict=True)]
    long = [j for j in range(table.left) if max(len(row[j]) for row in table.rows) > LONG]
    gaps = 2 * GAP * (len(widths) - 1)
    for limit, wide in ((COLUMN, False), (PAGE, True)):
        for command, em in SIZES.items():
            if sum(widths) * em + gaps <= limit:
                return command, wide, {}
        em = SIZES[r"\scriptsize"]
        rest = sum(width for j, width in enumerate(widths) if j not in long) * em
        each = (limit - gaps - rest) / max(len(long), 1)
        if long and each >= 6 * em:
            return r"\scriptsize", wide, dict.fromkeys(long, each)
    return r"\scriptsize", True, {}


def fits_page(table: ResultTable) -> bool:
    """Return whether the table fits into the width of a page in the smallest letters."""
    widths = [max(map(_ems, [title, *cells])) for title, *cells in zip(table.titles, *table.rows, strict=True)]
    _, _, broken = _fit(table)
    total = sum(widths) * SIZES[r"\scriptsize"] + 2 * GAP * (len(widths) - 1)
    return bool(broken) or total <= PAGE


def _ems(text: str) -> float:
    """Return an estimate of the width of a text in Computer Modern, in em."""
    narrow, broad = ".,:;'|!()[]ijlt ", "mwMW%@"
    signs = {**dict.fromkeys(narrow, 0.3), **dict.fromkeys(broad, 0.85)}
    widths = (signs.get(c, 0.85 if ord(c) > 126 else 0.72 if c.isupper() else 0.52) for c in text)
    return sum(widths) + 0.3  # a bold mean is wider
