"""The entry point of the program, which dispatches the first word to its command."""

import os
import sys
from collections.abc import Callable, Sequence

from dropout_lab import __version__
from dropout_lab.cli import completion
from dropout_lab.cli.flags import fold_lines
from dropout_lab.cli.hydra_app import run_hydra
from dropout_lab.cli.plot import plot
from dropout_lab.cli.report import report
from dropout_lab.cli.run_options import report_problem
from dropout_lab.cli.table import table
from dropout_lab.cli.terminal import UNFINISHED, WRONG, blame, complain, say
from dropout_lab.cli.training import search, sweep, train
from dropout_lab.cli.usage import HELP, PROGRAM
from dropout_lab.errors import ConfigError, TimeOver, did_you_mean
from dropout_lab.process_settings import keep_freed_memory, preserve_process
from dropout_lab.signals import interruptible


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    words = list(sys.argv[1:] if argv is None else argv)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123
    keep_freed_memory()
    problem = ""
    with interruptible() as received:
        try:
            with preserve_process():
                status = _dispatch(words)
        except ConfigError as error:
            status, problem = WRONG, str(error)
        except TimeOver as over:
            status, problem = UNFINISHED, str(over)
        except KeyboardInterrupt as stopped:
            status, problem = received.status, str(stopped) or "interrupted"
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or error
            status, problem = WRONG, f"{getattr(error, 'filename', None) or 'the system'}: {reason}"
    if problem:
        complain(problem, status)
        report_problem(words, status, problem)
    sys.exit(status)


def _dispatch(words: list[str]) -> int:
    if completion.is_completion_request(words):
        completions = completion.complete(words, COMMANDS)
        run_hydra(words) if completions is None else say(" ".join(completions))
        return 0
    if not words or words[0] in ("--help", "-h", "help"):
        say(HELP.rstrip())
        return 0
    if words[0] == "--version":
        say(f"{PROGRAM} {__version__}")
        return 0
    command = COMMANDS.get(words[0])
    if command is None:
        raise ConfigError(
            f"no command {words[0]!r}; " + did_you_mean(words[0], COMMANDS, f"the commands are {', '.join(COMMANDS)}")
        )
    if words[0] in WITH_SETTINGS:
        from dropout_lab.config import current_words, deprecations_as_notes
        from dropout_lab.config.compose import remove_prefixes

        with deprecations_as_notes(lambda note: complain(note, 0)):
            return command(current_words(remove_prefixes(words[1:])))
    return command(words[1:])


def evaluate(words: list[str]) -> int:
    """Evaluate the trained networks of a sweep with other inference methods."""
    from dropout_lab.presentation.evaluation import command

    return command(words, say)


def status(words: list[str]) -> int:
    """Show the packs in training in a sweep folder."""
    from dropout_lab.cli.status import status as command

    return command(words)


def check(words: list[str]) -> int:
    """Check whether this machine computes right."""
    from dropout_lab.cli.check import check as command

    return command(words)


def list_choices_command(words: list[str]) -> int:
    """Print the available choices."""
    from dropout_lab.cli.listing import SUBJECTS, render_listing

    if words in (["--help"], ["-h"]):
        say(fold_lines(f"{PROGRAM} list [WHAT], where WHAT is one of {', '.join(SUBJECTS)}"))
        return 0
    say(render_listing(words).rstrip())
    return 0


def bench(words: list[str]) -> int:
    """Time this program against others, and measure the data of the cost tables."""
    from dropout_lab.bench import registry as subjects

    if not words or {"--help", "-h"} & set(words):
        say(subjects.help_text(PROGRAM))
    else:
        subjects.command(words, say)
    return 0


def data(words: list[str]) -> int:
    """List, download and verify public data sets."""
    from dropout_lab.cli import data as shelf

    if not words or {"--help", "-h"} & set(words):
        say(shelf.HELP)
        return 0
    return 0 if shelf.command(words, say, blame) else WRONG


def reproduce(words: list[str]) -> int:
    """Run studies of the literature, or list them."""
    from dropout_lab.cli.reproduce import command

    return command(words, say, blame)


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "sweep": sweep,
    "train": train,
    "search": search,
    "evaluate": evaluate,
    "table": table,
    "status": status,
    "reproduce": reproduce,
    "list": list_choices_command,
    "data": data,
    "check": check,
    "bench": bench,
    "plot": plot,
    "report": report,
}


# Commands whose arguments are settings.
WITH_SETTINGS = ("sweep", "train", "search", "evaluate", "reproduce")
