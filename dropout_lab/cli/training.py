"""The commands ``dropout-lab sweep``, ``train`` and ``search``."""

from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from dropout_lab.cli.flags import config_flags, package_of, page_of, split_flags
from dropout_lab.cli.hydra_app import render_page, run_hydra
from dropout_lab.cli.hydra_choices import OURS, read_hydra_choices
from dropout_lab.cli.run_options import DEFAULT_CAUSES, RunOptions, split_run_options
from dropout_lab.cli.terminal import say
from dropout_lab.cli.usage import PROGRAM
from dropout_lab.errors import ConfigError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

    from dropout_lab.sweeps.grid import Arm
    from dropout_lab.sweeps.launcher import SweepCommand


def sweep(words: list[str]) -> int:
    """Train every combination of the axes."""
    return _run(["sweep", *words], words)


def train(typed: list[str]) -> int:
    """Train one trial: a sweep of one arm and one seed."""
    from dropout_lab.config.compose import check_override

    given = set()
    for word in _settings(typed):
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

    given = {check_override(word).key_or_group for word in _settings(words)}
    if "tune" in given:
        raise ConfigError("search always tunes; leave out tune=")
    out = [] if "out" in given else ["out=results/search"]
    return _run(["search", *words], ["tune=true", *out, *words], search=True)


def _settings(words: list[str]) -> list[str]:
    """Return the words of a command that are not flags or their values."""
    return split_flags(split_run_options(words, sorted(DEFAULT_CAUSES))[0])[1]


def _run(typed: list[str], words: list[str], search: bool = False, single: bool = False) -> int:
    """Pass the words to Hydra, train, and present the results."""
    from dropout_lab.config.compose import check_override

    words, options = split_run_options(words, sorted(DEFAULT_CAUSES))
    flags, settings = split_flags(words)
    overrides = {word: check_override(word) for word in settings}
    page = page_of(flags)
    dry = "--dry-run" in flags or page == "job"
    if options.json and (page or dry):
        raise ConfigError(f"--json: the result of a training is an object; leave it out with {page or '--dry-run'}")
    if page:
        for word, override in overrides.items():
            if override.is_sweep_override():
                raise ConfigError(f"{word}: --cfg shows one configuration; give one value per setting")
    if page and page != "job":
        say(render_page(flags, settings))
        return 0
    from dropout_lab.sweeps.launcher import SweepCommand
    from dropout_lab.sweeps.progress import silent_progress
    from dropout_lab.sweeps.time_limit import command_clock

    command = SweepCommand(options.say, [PROGRAM, *typed], dry=dry, single=single, **_actions(search))
    with command_clock(), silent_progress() if options.quiet else nullcontext():
        _run_hydra(flags, overrides, command)
    if page:
        say(_render_job(command.arms[0], flags))
        return 0
    if dry:
        from dropout_lab.cli.dry_run import preview_command

        say("\n".join(preview_command(command.arms, search)))
        return 0
    return _present(command, search, options)


def _actions(search: bool) -> dict[str, Any]:
    """Return the functions that train the arms of a command."""
    from dropout_lab.evaluation.request import evaluate_requested
    from dropout_lab.sweeps.run import run_claimed
    from dropout_lab.tuning.search import run_or_tune, search_arm

    finish = partial(run_claimed, evaluate=evaluate_requested)
    train = partial(run_or_tune, evaluate=evaluate_requested)
    return {"perform": search_arm if search else train, "finish": finish}


def _render_job(arm: "Arm", flags: list[str]) -> str:
    """Return the page of ``--cfg job``: the settings of an arm, or the part of them that ``--package`` names."""
    from omegaconf import OmegaConf

    from dropout_lab.config.compose import to_yaml

    text, package = to_yaml(arm.config, {} if "--resolve" in flags else arm.expressions).rstrip(), package_of(flags)
    if not package:
        return text
    part = OmegaConf.select(OmegaConf.create(text), package)
    if not OmegaConf.is_config(part):
        raise ConfigError(f"--package {package}: must be a group, such as train")
    return f"# @package {package}\n{OmegaConf.to_yaml(part).rstrip()}"


def _run_hydra(flags: list[str], overrides: "Mapping[str, Override]", command: "SweepCommand") -> None:
    """Let Hydra compose the arms of a command and launch them."""
    from dropout_lab.config.compose import format_value, to_hydra
    from dropout_lab.sweeps import launcher

    # The project's sweeper receives the words directly: Hydra would first compose them without their axes, and reject
    # model.channels if model=cnn is a point of an axis. Another sweeper receives them from Hydra.
    plugins = read_hydra_choices(flags, overrides)
    ours = plugins["hydra/sweeper"] == OURS
    if not ours and plugins["hydra/launcher"] != OURS:
        raise ConfigError(
            f"hydra/launcher={plugins['hydra/launcher']}: cannot be combined with hydra/sweeper=; leave out one"
        )
    command.words = [word for word, override in overrides.items() if ours and not _is_for_hydra(override)]
    rest = to_hydra([word for word in overrides if word not in command.words])
    with TemporaryDirectory() as folder, launcher.running(command):
        # Hydra's sweepers write files such as multirun.yaml even if nothing is trained.
        place = [f"hydra.sweep.dir={format_value(folder) if command.dry else '${out}'}"]
        placed = ours or any(override.key_or_group == "hydra.sweep.dir" for override in overrides.values())
        # A page shows the settings without the axes of a config file.
        axes = ["++hydra.sweeper.params=null"] if page_of(flags) and ours else []
        run_hydra(["--multirun", *config_flags(flags), *([] if placed else place), *rest, *axes])


def _is_for_hydra(override: "Override") -> bool:
    """Return whether Hydra composes the node ``hydra`` from a word: its own settings, and a single experiment."""
    from dropout_lab.config.compose import EXPERIMENT

    single = override.key_or_group == EXPERIMENT and not override.is_sweep_override()
    return override.is_hydra_override() or override.key_or_group.startswith("hydra/") or single


def _present(command: "SweepCommand", search: bool, options: RunOptions) -> int:
    """Write and print the results of a command, and return its exit status."""
    from dropout_lab.presentation.machine_report import report_outcome
    from dropout_lab.presentation.sweep import write_search, write_summary

    outcome = command.outcome
    assert outcome is not None
    try:
        lines = write_search(outcome) if search else write_summary(outcome)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            "interrupted; all trials are saved; rerun the same command to write the summary"
        ) from None
    status = outcome.exit_status(options.fail_on)
    table = "tuning.csv" if search else "summary.md"
    options.print_result(
        lines, f"{outcome.folder}/{table}", report_outcome(outcome, status, table) if options.json else {}
    )
    return status
