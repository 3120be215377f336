"""Tables of text: aligned for the terminal, and Markdown."""

from collections.abc import Sequence


def plain(titles: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1, width: int = 80) -> str:
    """Aligned columns, the first ``left`` to the left; where all are too wide, those get a line of their own."""
    sizes = [max(len(line[i]) for line in [titles, *rows]) for i in range(len(titles))]
    wide = sum(sizes) + 2 * (len(sizes) - 1) > width
    lines = []
    for line in [titles, *rows]:
        head = "  ".join(cell.ljust(size) for cell, size in zip(line[:left], sizes[:left], strict=True))
        cells = "  ".join(cell.rjust(size) for cell, size in zip(line[left:], sizes[left:], strict=True))
        lines += [head.rstrip(), "  " + cells] if wide else [f"{head}  {cells}".rstrip()]
    return "\n".join(lines)


def markdown(titles: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A Markdown table whose first ``left`` columns are text; a bar inside a cell is escaped."""
    body = [list(titles), ["---"] * left + ["---:"] * (len(titles) - left), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in body) + "\n"
