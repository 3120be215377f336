"""Hydra sweeper that expands the grid, and Hydra launcher that trains it in packs.

``hydra/launcher=joblib`` and others replace the launcher: each arm is then one job with all its seeds, and all jobs
write to the same ledger.
"""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from dropout_lab.config.compose import ConfigComposer
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
        self._launcher: Launcher
        self._points: ConfigComposer

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        # As in Hydra's sweepers: the plugin registry is not ready at import time.
        from hydra.core.plugins import Plugins

        HydraConfig.instance().set_config(config)  # for interpolations of ${hydra:}
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )
        self._points = ConfigComposer(lambda words: hydra_context.config_loader.load_sweep_config(config, words))

    def sweep(self, arguments: list[str]) -> Any:
        jobs = expand_grid([*command.words, *arguments])
        if isinstance(self._launcher, PackedLauncher):
            return self._launcher.launch(jobs, initial_job_idx=0)
        from dropout_lab.sweeps.preflight import check_trials, describe_user_input

        command.arms = _arms(jobs, self._points)
        if command.arms[0].config.tune:
            raise ConfigError("tune=true: is not supported with Hydra's launchers; leave out hydra/launcher=")
        if command.dry:
            return None
        command.arms = select_arms(command.arms, command.say)
        check_trials([trial for arm in command.arms for trial in arm.trials])
        jobs = [_words(arm) for arm in command.arms]
        ledger = Ledger(command.arms[0].config.out)
        with ledger.claim():
            for line in describe_user_input([trial for arm in command.arms for trial in arm.trials]):
                command.say(line)
            command.say(
                f"{ledger.folder}: {len(jobs)} jobs, one per arm with all of its seeds, through Hydra's launcher"
            )
            for result in self._launcher.launch(jobs, initial_job_idx=0):
                _ = result.return_value  # raises what the job raised
            command.outcome = command.finish(command.arms, ledger, command.say, shlex.join(command.typed))
        return None


class PackedLauncher(Launcher):
    """Launcher that trains all jobs of a sweep in packs."""

    def __init__(self, **_: Any):
        self._points: ConfigComposer

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        HydraConfig.instance().set_config(config)
        self._points = ConfigComposer(lambda words: hydra_context.config_loader.load_sweep_config(config, words))

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        command.arms = _arms(job_overrides, self._points)
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
        ConfigError: a point is invalid, or has several seeds where the command trains one.
    """
    arms = make_arms(jobs, points)
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
