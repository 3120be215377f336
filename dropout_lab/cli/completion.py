"""Shell completion: command names and data sets are completed here, settings by Hydra."""

import os
from collections.abc import Collection, Sequence

from dropout_lab.errors import ConfigError

SHELLS = ("bash", "zsh", "fish")
# Commands without settings, and the words that they take.
WITH_FLAGS = {"status": ("out=", "--json"), "check": ("out=", "--json")}


def is_completion_request(words: Sequence[str]) -> bool:
    """Return whether the words request a completion, or its installation."""
    return any(word in ("-sc", "--shell-completion") for word in words)


def complete(words: Sequence[str], commands: Collection[str]) -> list[str] | None:
    """Return the completions of the typed command line, or None if Hydra must complete it.

    Args:
        words: the arguments of the completion request.
        commands: the allowed first words.

    Raises:
        ConfigError: the words are not one of Hydra's completion requests.
    """
    action, _, shell = words[-1].partition("=")
    if action not in ("install", "uninstall", "query") or shell not in SHELLS:
        raise ConfigError("-sc needs install=SHELL or uninstall=SHELL, for bash, zsh or fish")
    if not any(word.startswith("query=") for word in words):
        return None
    flags = complete_flags(os.environ.get("COMP_LINE", ""))
    if flags is not None:
        return flags
    line = " ".join(word for word in os.environ.get("COMP_LINE", "").split(" ") if not word.startswith("-"))
    typed = line.split()[1:]
    done = typed if line.endswith(" ") else typed[:-1]
    begun = typed[-1] if len(typed) > len(done) else ""
    if not done:
        return [name for name in commands if name.startswith(begun)]
    if done[0] not in commands:
        return []
    if done[0] == "list":
        from dropout_lab.cli.listing import SUBJECTS

        return [name for name in SUBJECTS if name.startswith(begun)]
    if done[0] == "data":
        from dropout_lab.cli.data import complete_names

        return list(complete_names(done[1:], begun))
    os.environ["COMP_LINE"] = line.replace(f" {done[0]}", " --multirun" if done[0] == "sweep" else "", 1)
    return None


def complete_flags(line: str) -> list[str] | None:
    """Return the completions of a line whose command is one of :data:`WITH_FLAGS`; None for other lines."""
    typed = line.split()[1:]
    if not typed or typed[0] not in WITH_FLAGS or (len(typed) == 1 and not line.endswith(" ")):
        return None
    begun = "" if line.endswith(" ") else typed[-1]
    return [word for word in WITH_FLAGS[typed[0]] if word.startswith(begun)]
