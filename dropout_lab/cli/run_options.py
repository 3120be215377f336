"""Flags of commands that train about output and exit status: ``--quiet``, ``--json`` and ``--fail-on``."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dropout_lab.cli.terminal import say, whisper
from dropout_lab.errors import ConfigError, list_allowed

COMMANDS = ("sweep", "train", "search", "reproduce")  # take these flags
CAUSES = ("diverged", "failed", "contradicted")
DEFAULT_CAUSES = frozenset({"diverged", "failed"})


@dataclass(frozen=True)
class RunOptions:
    """Options of a command that trains.

    Args:
        quiet: whether to print no messages and no progress.
        json: whether to print one JSON object instead of lines.
        fail_on: what gives exit status 1.
    """

    quiet: bool = False
    json: bool = False
    fail_on: frozenset[str] = DEFAULT_CAUSES

    def say(self, line: str) -> None:
        """Print a message: on standard output, with ``--json`` on standard error, with ``--quiet`` not at all."""
        if not self.quiet:
            (whisper if self.json else say)(line)

    def print_result(self, lines: Sequence[str], table: str, report: Mapping[str, Any]) -> None:
        """Print the result of a finished command.

        Args:
            lines: the result as text.
            table: path of the table.
            report: the result as a JSON object.
        """
        if self.json:
            say(json.dumps(report))
        else:
            say(table if self.quiet else "\n".join(lines))


def split_run_options(words: Sequence[str], causes: Collection[str]) -> tuple[list[str], RunOptions]:
    """Separate the options from the other words of a command.

    Args:
        words: the words of a command.
        causes: the causes that the command can fail on.

    Raises:
        ConfigError: the value of ``--fail-on`` is missing or not allowed.
    """
    rest, fail_on, following = [], DEFAULT_CAUSES, iter(words)
    for word in following:
        flag, equals, value = word.partition("=")
        if flag in ("--quiet", "--json") and equals:
            raise ConfigError(f"{flag} takes no value")
        if flag == "--fail-on":
            fail_on = _read_causes(value if equals else next(following, ""), causes)
        elif flag not in ("--quiet", "--json"):
            rest.append(word)
    return rest, RunOptions("--quiet" in words, "--json" in words, fail_on)


def report_problem(words: Sequence[str], status: int, problem: str) -> None:
    """Print the JSON object of a command that ended without a result, if the command asks for one.

    Args:
        words: the whole command.
        status: its exit status.
        problem: one line that says why there is no result.
    """
    if words[:1] and words[0] in COMMANDS and "--json" in words:
        say(json.dumps({"exit_status": status, "error": " ".join(problem.split())}))


def _read_causes(text: str, allowed: Collection[str]) -> frozenset[str]:
    if text == "none":
        return frozenset()
    names = text.split(",")
    for name in names:
        if name in CAUSES and name not in allowed:
            here = ", ".join(allowed)
            raise ConfigError(f"--fail-on {name}: only `dropout-lab reproduce` judges claims; must be {here} or none")
        if name not in allowed:
            raise ConfigError(f"--fail-on {name}".rstrip() + f": {list_allowed(name, [*allowed, 'none'])}")
    return frozenset(names)
