"""The command ``dropout-lab report``."""

from dropout_lab.cli.terminal import say


def report(words: list[str]) -> int:
    """Write the page about a sweep folder, or about all studies."""
    from dropout_lab.presentation.report_page import command

    return command(words, say)
