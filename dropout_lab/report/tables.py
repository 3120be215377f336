"""Tables of text: aligned for the terminal, and Markdown."""

from collections.abc import Sequence


def plain(titles: Sequence[str], rows: Sequence[Sequence[str]], width: int = 80) -> str:
    """Aligned columns, the first to the left; a first column too long for the width is put on a line of its own."""
    sizes = [max(len(line[i]) for line in [titles, *rows]) for i in range(len(titles))]
    wide = sum(sizes) + 2 * (len(sizes) - 1) > width
    lines = []
    for line in [titles, *rows]:
        cells = [cell.rjust(size) for cell, size in zip(line[1:], sizes[1:], strict=True)]
        head = [line[0], "  " + "  ".join(cells)] if wide else ["  ".join([line[0].ljust(sizes[0]), *cells]).rstrip()]
        lines += head
    return "\n".join(lines)


def markdown(titles: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A Markdown table whose first ``left`` columns are text; a bar inside a cell is escaped."""
    body = [list(titles), ["---"] * left + ["---:"] * (len(titles) - left), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in body) + "\n"
