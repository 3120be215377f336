"""The commands ``dropout-lab sweep``, ``train`` and ``search``."""

from collections.abc import Mapping
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from dropout_lab.cli.flags import folders_of, page_of, split_flags
from dropout_lab.cli.hydra_app import render_page, run_hydra
from dropout_lab.cli.terminal import say
from dropout_lab.cli.usage import PROGRAM
from dropout_lab.errors import ConfigError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

    from dropout_lab.sweeps.launcher import SweepCommand


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
            raise ConfigError(f"{word}: train takes one value per setting; `{PROGRAM} sweep` takes several")
        given.add(override.key_or_group)
    defaults = {"seeds": "seeds=1", "out": "out=results/train"}
    words = [*(word for key, word in defaults.items() if key not in given), *typed]
    return _run(["train", *typed], words, single=True)


def search(words: list[str]) -> int:
    """Search the settings of one arm and report the best ones by validation loss."""
    from dropout_lab.config.compose import check_override

    given = {check_override(word).key_or_group for word in split_flags(words)[1]}
    if "tune" in given:
        raise ConfigError("search always tunes; leave out tune=")
    out = [] if "out" in given else ["out=results/search"]
    return _run(["search", *words], ["tune=true", *out, *words], search=True)


def _run(typed: list[str], words: list[str], search: bool = False, single: bool = False) -> int:
    """Pass the words to Hydra, train, and present the results."""
    from dropout_lab.config.compose import check_override

    flags, settings = split_flags(words)
    overrides = {word: check_override(word) for word in settings}
    page = page_of(flags)
    if page:
        for word, override in overrides.items():
            if override.is_sweep_override():
                raise ConfigError(f"{word}: --cfg shows one configuration; give one value per setting")
    if page and page != "job":
        say(render_page(flags, settings))
        return 0
    dry = "--dry-run" in flags or page == "job"
    command = _run_hydra(typed, flags, overrides, dry, search, single)
    if page:
        from dropout_lab.config.compose import to_yaml

        arm = command.arms[0]
        say(to_yaml(arm.config, {} if "--resolve" in flags else arm.expressions).rstrip())
        return 0
    if dry:
        from dropout_lab.cli.dry_run import preview_command

        say("\n".join(preview_command(command.arms, search)))
        return 0
    return _present(command, search)


def _run_hydra(
    typed: list[str], flags: list[str], overrides: "Mapping[str, Override]", dry: bool, search: bool, single: bool
) -> "SweepCommand":
    """Let Hydra compose the arms of a command and launch them."""
    from dropout_lab.config.compose import format_value
    from dropout_lab.evaluation.request import evaluate_requested
    from dropout_lab.sweeps import launcher
    from dropout_lab.sweeps.run import run_claimed
    from dropout_lab.tuning.search import run_or_tune, search_arm

    # The project's sweeper receives the words directly: Hydra would first compose them without their axes, and reject
    # model.channels if model=cnn is a point of an axis. Another sweeper receives them from Hydra.
    plugins = {override.key_or_group: override.value() for override in overrides.values()}
    ours = plugins.get("hydra/sweeper", "packed") == "packed"
    if not ours and plugins.get("hydra/launcher", "packed") != "packed":
        raise ConfigError(
            f"hydra/launcher={plugins['hydra/launcher']}: cannot be combined with hydra/sweeper=; leave out one"
        )
    task = [word for word, override in overrides.items() if ours and not override.is_hydra_override()]
    command = launcher.SweepCommand(
        say=say,
        typed=[PROGRAM, *typed],
        words=task,
        dry=dry,
        single=single,
        perform=search_arm if search else partial(run_or_tune, evaluate=evaluate_requested),
        finish=partial(run_claimed, evaluate=evaluate_requested),
    )
    rest = [word for word in overrides if word not in task]
    with TemporaryDirectory() as folder, launcher.running(command):
        # Hydra's sweepers write files such as multirun.yaml even if nothing is trained.
        place = [f"hydra.sweep.dir={format_value(folder) if dry else '${out}'}"]
        placed = ours or "hydra.sweep.dir" in plugins
        run_hydra(["--multirun", *folders_of(flags), *([] if placed else place), *rest])
    return command


def _present(command: "SweepCommand", search: bool) -> int:
    """Write and print the results of a command, and return its exit status."""
    from dropout_lab.presentation.sweep import write_search, write_summary

    outcome = command.outcome
    assert outcome is not None
    try:
        lines = write_search(outcome) if search else write_summary(outcome)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            "interrupted; all trials are saved; rerun the same command to write the summary"
        ) from None
    say("\n".join(lines))
    return outcome.status
