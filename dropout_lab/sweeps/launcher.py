"""Hydra sweeper that expands the grid, and Hydra launcher that trains it in packs.

``hydra/launcher=joblib`` and others replace the launcher: each arm is then one job with all its seeds, and all jobs
write to the same ledger.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, flag_override

from dropout_lab.config.compose import ConfigComposer, check_override, parse_override, remove_prefixes, to_hydra
from dropout_lab.errors import ConfigError, format_setting
from dropout_lab.sweeps.grid import Arm, expand_grid, make_arms
from dropout_lab.sweeps.ledger import Ledger, Row
from dropout_lab.sweeps.outcome import Outcome
from dropout_lab.sweeps.run import Say, run_arms, run_claimed, select_arms

Perform = Callable[[Sequence[Arm], Say, str], Outcome]
Finish = Callable[[Sequence[Arm], Ledger, Say, str], Outcome]


@dataclass
class SweepCommand:
    """State that the command line passes to the launcher around Hydra, and the outcome that it gets back.

    Args:
        say: prints one line.
        typed: the whole command as typed.
        words: settings of the sweep that were not passed to Hydra.
        dry: whether to stop before training.
        single: whether exactly one seed is required.
        perform: trains the arms of a command.
        finish: trains the trials that another Hydra launcher left over, in a folder that this command has claimed.
        outcome: result of the command.
        arms: arms of the command.
        jobs: points of the grid that were launched, each as single-valued words.
    """

    say: Say = lambda line: None
    typed: Sequence[str] = ()
    words: Sequence[str] = ()
    dry: bool = False
    single: bool = False
    perform: Perform = run_arms
    finish: Finish = run_claimed
    outcome: Outcome | None = None
    arms: Sequence[Arm] = field(default_factory=list)
    jobs: Sequence[Sequence[str]] = ()


# Hydra instantiates its plugins and offers no way to pass them state; one command runs at a time.
command = SweepCommand()


@contextmanager
def running(current: SweepCommand) -> Iterator[None]:
    """Make this the command that the sweeper and the launcher read."""
    global command
    before, command = command, current
    try:
        yield
    finally:
        command = before


class PackedSweeper(Sweeper):
    """Sweeper that expands the axes of the command line and passes all jobs to the launcher at once."""

    def __init__(self, **_: Any):
        self._config: DictConfig
        self._params: dict[str, Any]
        self._launcher_in: Callable[..., Launcher]
        self._points: ConfigComposer

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        # As in Hydra's sweepers: the plugin registry is not ready at import time.
        from hydra.core.plugins import Plugins

        HydraConfig.instance().set_config(config)  # for interpolations of ${hydra:}
        self._config, self._params = config, dict(config.hydra.sweeper.get("params") or {})
        self._launcher_in = partial(
            Plugins.instance().instantiate_launcher, hydra_context=hydra_context, task_function=task_function
        )
        self._points = _composer(hydra_context, config)

    def sweep(self, arguments: list[str]) -> Any:
        words = remove_prefixes([*command.words, *arguments])
        jobs = expand_grid([*params_to_words(self._params, words), *words])
        if self._config.hydra.runtime.choices["hydra/launcher"] == "packed":
            return self._launcher_in(config=self._config).launch(jobs, initial_job_idx=0)
        command.arms = _arms(jobs, self._points)
        config = command.arms[0].config
        if config.tune:
            raise ConfigError("tune=true: is not supported with Hydra's launchers; leave out hydra/launcher=")
        if config.max_minutes:
            raise ConfigError.of(
                "max_minutes", config.max_minutes, "is not supported with Hydra's launchers; leave out hydra/launcher="
            )
        launcher: Launcher = self._launcher_in(config=self._config)  # also refused under --dry-run
        if not command.dry:
            self._launch(launcher)
        return None

    def _launch(self, launcher: "Launcher") -> None:
        """Train the arms of the command as jobs of another launcher, one job per arm."""
        from dropout_lab.sweeps.preflight import check_trials, describe_user_input

        command.arms = select_arms(command.arms, command.say)
        check_trials([trial for arm in command.arms for trial in arm.trials])
        jobs = [to_hydra(_words(arm)) for arm in command.arms]
        ledger = Ledger(command.arms[0].config.out)
        # Launchers write files of their own there, such as the logs of submitit.
        with flag_override(self._config.hydra, "readonly", False):
            self._config.hydra.sweep.dir = str(ledger.folder)
        with ledger.claim():
            for line in describe_user_input([trial for arm in command.arms for trial in arm.trials]):
                command.say(line)
            command.say(
                f"{ledger.folder}: {len(jobs)} jobs, one per arm with all of its seeds, through Hydra's launcher"
            )
            for result in launcher.launch(jobs, initial_job_idx=0):
                _ = result.return_value  # raises what the job raised
            command.outcome = command.finish(command.arms, ledger, command.say, shlex.join(command.typed))


def params_to_words(params: Mapping[str, Any], typed: Sequence[str]) -> list[str]:
    """Return the axes of ``hydra.sweeper.params`` as words, without the keys that the command line sets.

    Raises:
        ConfigError: an axis is invalid.
    """
    given = {parse_override(word).key_or_group for word in typed}
    words = remove_prefixes([f"{key}={'null' if value is None else value}" for key, value in params.items()])
    kept = [word for word in words if parse_override(word).key_or_group not in given]
    try:
        for word in kept:
            check_override(word)
    except ConfigError as error:
        raise ConfigError(f"hydra.sweeper.params: {error}") from None
    return kept


def _composer(context: HydraContext, config: DictConfig) -> ConfigComposer:
    return ConfigComposer(
        lambda words: context.config_loader.load_sweep_config(config, words), config.hydra.sweeper.get("params")
    )


class PackedLauncher(Launcher):
    """Launcher that trains all jobs of a sweep in packs."""

    def __init__(self, **_: Any):
        self._points: ConfigComposer

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        HydraConfig.instance().set_config(config)
        self._points = _composer(hydra_context, config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        job_overrides = [remove_prefixes(words) for words in job_overrides]
        # A sweeper may launch its jobs in batches; the outcome is that of all, and stored trials are not repeated.
        command.jobs = [*command.jobs, *job_overrides]
        command.arms = _arms(command.jobs, self._points)
        if command.dry:
            return []
        command.outcome = command.perform(command.arms, command.say, shlex.join(command.typed))
        if command.outcome.has_other_arms:
            return []  # Hydra does not know the arms that tuning chose
        stored = {row["trial_id"]: row for row in command.outcome.rows}
        return [_returned(list(words), Arm((), self._points.config(words)), stored) for words in job_overrides]


def _words(arm: Arm) -> list[str]:
    """Return the overrides of an arm for Hydra, without the settings of other models, which Hydra would reject."""
    keys = [word.partition("=")[0] for word in arm.words]
    other = {key for key in keys if key.startswith("model.") and not hasattr(arm.config.model, key[6:])}
    return [word for key, word in zip(keys, arm.words, strict=True) if key not in other]


def _arms(jobs: Sequence[Sequence[str]], points: ConfigComposer) -> list[Arm]:
    """Return the arms of the command at these points.

    Raises:
        ConfigError: a point is invalid, or there are several points or seeds where the command trains one.
    """
    arms = make_arms(jobs, points)
    if command.single and len(arms) > 1:
        axes = ", ".join(key for key, _ in arms[0].settings)
        raise ConfigError(
            f"train takes one value per setting, and the config has axes: {axes}; use `dropout-lab sweep`"
        )
    if command.single and len(arms[0].config.trial_seeds) != 1:
        given = format_setting(arms[0].config.seeds)
        raise ConfigError(f"seeds={given}: train takes one seed, such as seeds=[7]; `dropout-lab sweep` takes several")
    return arms


def _returned(words: list[str], arm: Arm, stored: Mapping[str, Row]) -> JobReturn:
    """Return an arm's result for a sweeper that searches: its mean validation loss, to be minimized."""
    rows = []
    with suppress(ConfigError):  # skip_invalid may have dropped the arm
        rows = [stored[trial.id] for trial in arm.trials if trial.id in stored]
    losses = [float(row["val_loss"]) for row in rows if row["status"] == "ok" and row["val_loss"]]
    done = JobReturn(overrides=words, task_name="dropout-lab")
    done.status = JobStatus.COMPLETED
    done.return_value = sum(losses) / len(losses) if losses else float("inf")
    return done
