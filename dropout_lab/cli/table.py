"""The command ``dropout-lab table``."""

from dropout_lab.cli.terminal import say
from dropout_lab.cli.usage import PROGRAM
from dropout_lab.errors import ConfigError, list_allowed


def table(words: list[str]) -> int:
    """Rebuild the table of a sweep folder from its files."""
    from dropout_lab.presentation.sweep import FORMATS, rebuild_table

    if words in (["--help"], ["-h"]):
        say(f"{PROGRAM} table [out=DIR] [format={'|'.join(FORMATS)}]\nThe table of all that DIR holds.")
        return 0
    given = {"out": "results/sweep", "format": FORMATS[0]}
    for key, equals, value in (word.partition("=") for word in words):
        if not equals or key not in given:
            raise ConfigError(f"table {key}{equals}{value}: takes out=DIR and format={'|'.join(FORMATS)}")
        given[key] = value
    if given["format"] not in FORMATS:
        raise ConfigError.of("format", given["format"], list_allowed(given["format"], FORMATS))
    say(rebuild_table(given["out"], given["format"]))
    return 0
