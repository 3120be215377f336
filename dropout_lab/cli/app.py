"""The commands, and nothing else: the first word is ours, the others are Hydra's."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress
from functools import partial
from io import StringIO
from tempfile import TemporaryDirectory

from dropout_lab import __version__
from dropout_lab.cli import completion
from dropout_lab.cli.flags import fold_lines, folders_of, page_of, split_flags
from dropout_lab.cli.usage import HELP, PROGRAM
from dropout_lab.errors import ConfigError, did_you_mean, list_allowed
from dropout_lab.process_settings import keep_freed_memory, preserve_process
from dropout_lab.signals import interruptible

WRONG = 2


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    words = list(sys.argv[1:] if argv is None else argv)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123
    keep_freed_memory()
    with interruptible() as received:
        try:
            with preserve_process():
                status = _dispatch(words)
        except ConfigError as error:
            status = _complain(str(error), WRONG)
        except KeyboardInterrupt as stopped:
            status = _complain(str(stopped) or "interrupted", received.status)
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or error
            status = _complain(f"{getattr(error, 'filename', None) or 'the system'}: {reason}", WRONG)
    sys.exit(status)


def _dispatch(words: list[str]) -> int:
    if completion.is_completion_request(words):
        found = completion.complete(words, COMMANDS)
        _hydra(words) if found is None else _say(" ".join(found))
        return 0
    if not words or words[0] in ("--help", "-h", "help"):
        _say(HELP.rstrip())
        return 0
    if words[0] == "--version":
        _say(f"{PROGRAM} {__version__}")
        return 0
    command = COMMANDS.get(words[0])
    if command is None:
        raise ConfigError(
            f"no command {words[0]!r}; " + did_you_mean(words[0], COMMANDS, f"the commands are {', '.join(COMMANDS)}")
        )
    if words[0] in WITH_SETTINGS:
        from dropout_lab.config import current_words, deprecations_as_notes

        with deprecations_as_notes(lambda note: _complain(note, 0)):
            return command(current_words(words[1:]))
    return command(words[1:])


def sweep(words: list[str]) -> int:
    """Train every combination of the axes."""
    return _run(["sweep", *words], words)


def train(typed: list[str]) -> int:
    """Train one trial: a sweep of one arm and one seed."""
    from dropout_lab.config.compose import check_override

    given = set()
    for word in split_flags(typed)[1]:
        override = check_override(word)
        if override.is_sweep_override():
            raise ConfigError(f"{word}: train takes one value a setting; `{PROGRAM} sweep` takes several")
        given.add(override.key_or_group)
    defaults = {"seeds": "seeds=1", "out": "out=results/train"}
    words = [*(word for key, word in defaults.items() if key not in given), *typed]
    return _run(["train", *typed], words, single=True)


def search(words: list[str]) -> int:
    """Try the settings of one arm and say which are best by validation."""
    from dropout_lab.config.compose import check_override

    given = {check_override(word).key_or_group for word in split_flags(words)[1]}
    if "tune" in given:
        raise ConfigError("search chooses by itself; leave out tune=")
    out = [] if "out" in given else ["out=results/search"]
    return _run(["search", *words], ["tune=true", *out, *words], search=True)


def evaluate(words: list[str]) -> int:
    """Look at what a sweep trained in other ways."""
    from dropout_lab.outputs.evaluation import command

    return command(words, _say)


def list_choices_command(words: list[str]) -> int:
    """Print what can be chosen."""
    from dropout_lab.cli.listing import SUBJECTS, render_listing

    if words in (["--help"], ["-h"]):
        _say(fold_lines(f"{PROGRAM} list [WHAT], where WHAT is one of {', '.join(SUBJECTS)}"))
        return 0
    _say(render_listing(words).rstrip())
    return 0


def bench(words: list[str]) -> int:
    """Time this program against others, and what the tables of costs are made from."""
    from dropout_lab.bench import registry as subjects

    if not words or {"--help", "-h"} & set(words):
        _say(subjects.help_text(PROGRAM))
    else:
        subjects.command(words, _say)
    return 0


def table(words: list[str]) -> int:
    """Rebuild the table of a sweep folder from its files."""
    from dropout_lab.outputs.sweep import FORMATS, rebuild_table

    if words in (["--help"], ["-h"]):
        _say(f"{PROGRAM} table [out=DIR] [format={'|'.join(FORMATS)}]\nThe table of all that DIR holds.")
        return 0
    given = {"out": "results/sweep", "format": FORMATS[0]}
    for key, equals, value in (word.partition("=") for word in words):
        if not equals or key not in given:
            raise ConfigError(f"table {key}{equals}{value}: takes out=DIR and format={'|'.join(FORMATS)}")
        given[key] = value
    if given["format"] not in FORMATS:
        raise ConfigError.of("format", given["format"], list_allowed(given["format"], FORMATS))
    _say(rebuild_table(given["out"], given["format"]))
    return 0


def data(words: list[str]) -> int:
    """List, get and check public data sets."""
    from dropout_lab.cli import data as shelf

    if not words or {"--help", "-h"} & set(words):
        _say(shelf.HELP)
        return 0
    return 0 if shelf.command(words, _say, _blame) else WRONG


def reproduce(words: list[str]) -> int:
    """Run studies of the literature, or list them."""
    from dropout_lab.cli.reproduce import command

    return command(words, _say, _blame)


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "sweep": sweep,
    "train": train,
    "search": search,
    "evaluate": evaluate,
    "table": table,
    "reproduce": reproduce,
    "list": list_choices_command,
    "data": data,
    "bench": bench,
}


# The commands whose words are settings.
WITH_SETTINGS = ("sweep", "train", "search", "evaluate", "reproduce")


def _run(typed: list[str], words: list[str], search: bool = False, single: bool = False) -> int:
    """Hand the words to Hydra, train, and present what came out."""
    from dropout_lab.config import compose

    flags, settings = split_flags(words)
    overrides = {word: compose.check_override(word) for word in settings}
    page = page_of(flags)
    if page:
        for word, override in overrides.items():
            if override.is_sweep_override():
                raise ConfigError(f"{word}: to look at the settings, give one value")
    if page and page != "job":
        _say(_page(flags, settings))
        return 0
    dry = "--dry-run" in flags or page == "job"
    # Our sweeper gets the words from us: Hydra would compose them once without their axes, and refuse model.channels
    # where model=cnn is on an axis. Another sweeper gets them as usual.
    plugins = {override.key_or_group: override.value() for override in overrides.values()}
    ours = plugins.get("hydra/sweeper", "packed") == "packed"
    if not ours and plugins.get("hydra/launcher", "packed") != "packed":
        raise ConfigError(f"hydra/launcher={plugins['hydra/launcher']}: leave it out, or leave out hydra/sweeper=")
    task = [word for word, override in overrides.items() if ours and not override.is_hydra_override()]
    from dropout_lab.evaluation.request import evaluate_requested
    from dropout_lab.sweeps import launcher
    from dropout_lab.sweeps.run import run_claimed
    from dropout_lab.tuning.search import run_or_tune, search_arm

    command = launcher.SweepCommand(
        say=_say,
        typed=[PROGRAM, *typed],
        words=task,
        dry=dry,
        single=single,
        perform=search_arm if search else run_or_tune,
        finish=partial(run_claimed, evaluate=evaluate_requested),
    )
    rest = [word for word in settings if word not in task]
    with TemporaryDirectory() as folder, launcher.running(command):
        # Sweepers of Hydra's write files such as multirun.yaml, even if nothing is trained.
        place = [f"hydra.sweep.dir={compose.format_value(folder) if dry else '${out}'}"]
        placed = ours or "hydra.sweep.dir" in plugins
        _hydra(["--multirun", *folders_of(flags), *([] if placed else place), *rest])
        if page:
            arm = command.arms[0]
            _say(compose.to_yaml(arm.config, {} if "--resolve" in flags else arm.expressions).rstrip())
            return 0
        if dry:
            from dropout_lab.cli.dry_run import preview_command

            _say("\n".join(preview_command(command.arms, search)))
            return 0
    outcome = command.outcome
    assert outcome is not None
    from dropout_lab.outputs.sweep import write_search, write_summary

    try:
        lines = write_search(outcome) if search else write_summary(outcome)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            "interrupted; all trials are saved, rerun the same command to write the summary"
        ) from None
    _say("\n".join(lines))
    return outcome.status


def _page(flags: list[str], settings: list[str]) -> str:
    """A page that Hydra prints and stops."""
    from dropout_lab.sweeps.grid import expand_grid

    flags = [flag for flag in flags if flag not in ("--dry-run", "--multirun", "-m")]
    with redirect_stdout(StringIO()) as page, suppress(SystemExit):  # Hydra leaves some pages this way
        _hydra([*flags, *expand_grid(settings)[0]])
    text = page.getvalue().rstrip()
    return fold_lines(text) if {"--help", "-h"} & set(flags) else text


def _hydra(words: list[str]) -> None:
    """Run hydra.main over these words, with its errors raised as one line."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    from dropout_lab.cli.hydra_job import run_job
    from dropout_lab.config.compose import CONF, to_config_error
    from dropout_lab.config.plugins import enable_plugins

    enable_plugins()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise its errors instead of printing them
    sys.argv = [PROGRAM, *words]
    try:
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(run_job)()
    except (HydraException, OmegaConfBaseException, YAMLError, UnicodeDecodeError) as error:
        raise to_config_error(error) from None


def _say(line: str) -> None:
    try:
        print(line, flush=True)  # noqa: T201
    except OSError:
        # The reader, such as `head`, has seen enough, or the disk is full: no reason to stop training. Python must not
        # complain again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _blame(line: str) -> None:
    _complain(line, WRONG)


def _complain(line: str, status: int) -> int:
    with suppress(OSError):
        print(f"{PROGRAM}: {' '.join(line.split())}", file=sys.stderr)  # noqa: T201
    return status
