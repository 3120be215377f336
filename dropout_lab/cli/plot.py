"""The command ``dropout-lab plot``."""

from dropout_lab.cli.terminal import say


def plot(words: list[str]) -> int:
    """Draw a figure of a sweep folder."""
    from dropout_lab.presentation.plot import command

    return command(words, say)
