"""The command ``dropout-lab table``."""

from dropout_lab.cli.terminal import say


def table(words: list[str]) -> int:
    """Rebuild the table of a sweep folder from its files."""
    from dropout_lab.presentation.table import command

    return command(words, say)
