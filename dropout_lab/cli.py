"""The commands, and nothing else: the first word is ours, the others are Hydra's."""

import difflib
import os
import sys
from collections.abc import Callable, Sequence

from dropout_lab import __version__
from dropout_lab.settings import ConfigError

PROGRAM = "dropout-lab"
WRONG, CTRL_C = 2, 130
LOOKS = ("--cfg", "-c", "--info", "-i", "--help", "-h", "--hydra-help", "--shell-completion", "-sc", "--package", "-p")

HELP = f"""\
{PROGRAM}: train networks over grids of dropout rates, variants and regularizers.

  {PROGRAM} sweep rate=0,0.3,0.5       every combination of the axes, 5 seeds each
  {PROGRAM} train rate=0.5             one trial
  {PROGRAM} list [WHAT]                what can be chosen: data, model, variant,
                                       schedule, regularizer, train, settings, columns

A setting is NAME=VALUE in Hydra's grammar; commas make it an axis of a sweep.
Results go to out= (results/sweep, results/train); the same command again goes
on where it stopped.

  --dry-run        what would run, with estimated time and memory
  --cfg job        the composed settings
  --help           after a command: its choices and settings
  --version        the version
  -sc install=bash shell completion (also zsh, fish): eval "$({PROGRAM} -sc install=bash)"

Exit status: 0 all trials ok; 1 some diverged or failed; 2 the command is wrong;
130 interrupted.
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _dispatch(words)
    except ConfigError as error:
        status = _complain(str(error), WRONG)
    except KeyboardInterrupt:
        status = _complain("interrupted", CTRL_C)
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; Python must not complain again when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)


def _dispatch(words: list[str]) -> int:
    if _asks_completion(words):
        return _complete(words)
    if not words or words[0] in ("--help", "-h", "help"):
        _say(HELP.rstrip())
        return 0
    if words[0] == "--version":
        _say(f"{PROGRAM} {__version__}")
        return 0
    command = COMMANDS.get(words[0])
    if command is None:
        close = difflib.get_close_matches(words[0], COMMANDS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"the commands are {', '.join(COMMANDS)}"
        raise ConfigError(f"no command {words[0]!r}; {hint}")
    return command(words[1:])


def sweep(words: list[str]) -> int:
    """Train every combination of the axes."""
    return _run(["sweep", *words], words)


def train(words: list[str]) -> int:
    """Train one trial: a sweep of one arm and one seed."""
    from dropout_lab.compose import check

    given = {}
    for word in (w for w in words if "=" in w and not w.startswith("-")):
        override = check(word)
        if override.is_sweep_override():
            raise ConfigError(f"{word}: train takes one value a setting; `{PROGRAM} sweep` takes several")
        given[override.key_or_group] = override.value()
    seeds = given.get("seeds", [0])
    if seeds != 1 and not (isinstance(seeds, list) and len(seeds) == 1):
        raise ConfigError(f"seeds={seeds}: train takes one seed, such as seeds=[7]; `{PROGRAM} sweep` takes several")
    defaults = {"seeds": "seeds=1", "out": "out=results/train"}
    return _run(["train", *words], [*(word for key, word in defaults.items() if key not in given), *words])


def list_(words: list[str]) -> int:
    """Print what can be chosen."""
    from dropout_lab.listing import listing

    _say(listing(words).rstrip())
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {"sweep": sweep, "train": train, "list": list_}


def _run(typed: list[str], words: list[str]) -> int:
    """Hand the words to Hydra, train, and present what came out."""
    from dropout_lab import compose
    from dropout_lab.sweeps import launcher
    from dropout_lab.sweeps.run import Interrupted

    dry = "--dry-run" in words
    words = [word for word in words if word != "--dry-run"]
    looking = any(word.split("=")[0] in LOOKS for word in words)
    for word in words:
        # Flags have values too (--cfg job); Hydra's own parser sorts those out.
        if "=" in word and not word.startswith("-"):
            compose.check(word)
    launcher.command = launcher.Command(say=_say, words=[PROGRAM, *typed], dry=dry)
    try:
        _hydra(words if looking else ["--multirun", *words])
        if looking:
            return 0
        if dry:
            for line in launcher.dry_run(launcher.command.arms):
                _say(line)
            return 0
    except Interrupted as stopped:
        return _complain(str(stopped), CTRL_C)
    outcome = launcher.command.outcome
    assert outcome is not None
    from dropout_lab.results import present

    for line in present(outcome):
        _say(line)
    return outcome.status


def _hydra(words: list[str]) -> None:
    """Run hydra.main over these words, with its errors raised as one line."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from dropout_lab.compose import CONF, one_line
    from dropout_lab.plugins import enable
    from dropout_lab.sweeps.launcher import job

    enable()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise its errors instead of printing them
    # Hydra's own parser wants flags first.
    flags = [i for i, word in enumerate(words) if word.startswith("-")]
    first = flags[0] if flags else 0
    sys.argv = [PROGRAM, *words[first:], *words[:first]]
    try:
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(job)()
    except (HydraException, OmegaConfBaseException) as error:
        raise one_line(error) from None


def _asks_completion(words: list[str]) -> bool:
    return any(word in ("-sc", "--shell-completion") for word in words)


def _complete(words: list[str]) -> int:
    """Answer the shell: the commands for the first word, Hydra's completion after it."""
    line = os.environ.get("COMP_LINE", "")
    typed = line.split()[1:]
    done = typed if line.endswith(" ") else typed[:-1]
    if any(word.startswith("query=") for word in words):
        if not done:
            _say(" ".join(name for name in COMMANDS if name.startswith(typed[0] if typed else "")))
            return 0
        if done[0] in COMMANDS:
            os.environ["COMP_LINE"] = line.replace(f" {done[0]}", " --multirun" if done[0] == "sweep" else "", 1)
    _hydra(words)
    return 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def _complain(line: str, status: int) -> int:
    print(f"{PROGRAM}: {line}", file=sys.stderr)  # noqa: T201
    return status
