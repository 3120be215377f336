"""The sweep as Hydra sees it: a sweeper that expands the grid, and a launcher that trains it in packs.

``hydra/launcher=joblib`` and others replace the launcher: then each arm is a job with all its seeds, and every job
writes to the same ledger.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from dropout_lab.compose import Points, composed
from dropout_lab.settings import ConfigError, show
from dropout_lab.sweeps.grid import Arm, arms, expand, idle
from dropout_lab.sweeps.ledger import Ledger, Row
from dropout_lab.sweeps.run import Outcome, Say, chosen, continue_run, plan_of, run
from dropout_lab.sweeps.tuning import rehearsal, search


@dataclass
class Command:
    """What the command line hands through Hydra to the launcher, and what it gets back.

    Args:
        say: prints a line.
        typed: the whole command, as it was typed.
        words: the settings of the sweep that Hydra was not given.
        dry: whether to stop before training.
        single: whether there must be one seed.
        search: whether one arm's settings are searched, and none are confirmed.
    """

    say: Say = lambda line: None
    typed: Sequence[str] = ()
    words: Sequence[str] = ()
    dry: bool = False
    single: bool = False
    search: bool = False
    outcome: Outcome | None = None
    arms: Sequence[Arm] = field(default_factory=list)


# Hydra builds its plugins itself and passes them nothing of ours; one command runs at a time.
command = Command()


@contextmanager
def running(current: Command) -> Iterator[None]:
    """Make this the command that the sweeper and the launcher serve."""
    global command
    before, command = command, current
    try:
        yield
    finally:
        command = before


class PackedSweeper(Sweeper):
    """Expands the axes of the command line and hands all jobs to the launcher at once."""

    def __init__(self, **_: Any):
        self._launcher: Launcher
        self._points: Points

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        # Imported here as in Hydra's own sweepers: its plugin registry is not ready earlier.
        from hydra.core.plugins import Plugins

        HydraConfig.instance().set_config(config)  # for interpolations of ${hydra:}
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )
        self._points = Points(lambda words: hydra_context.config_loader.load_sweep_config(config, words))

    def sweep(self, arguments: list[str]) -> Any:
        jobs = expand([*command.words, *arguments])
        if isinstance(self._launcher, PackedLauncher):
            return self._launcher.launch(jobs, initial_job_idx=0)
        from dropout_lab.sweeps.check import announce, check

        command.arms = _arms(jobs, self._points)
        if command.arms[0].config.tune:
            raise ConfigError("tune=true: trains its settings in packs; leave out hydra/launcher=")
        if command.dry:
            return None
        command.arms = chosen(command.arms, command.say)
        check([trial for arm in command.arms for trial in arm.trials])
        jobs = [_words(arm) for arm in command.arms]
        ledger = Ledger(command.arms[0].config.out)
        with ledger.claim():
            for line in announce([trial for arm in command.arms for trial in arm.trials]):
                command.say(line)
            command.say(f"{ledger.folder}: {len(jobs)} jobs, an arm with all its seeds each, by Hydra's launcher")
            for result in self._launcher.launch(jobs, initial_job_idx=0):
                _ = result.return_value  # raises what the job raised
            command.outcome = continue_run(command.arms, ledger, command.say, shlex.join(command.typed))
        return None


class PackedLauncher(Launcher):
    """Trains all jobs of a sweep in this process, packed."""

    def __init__(self, **_: Any):
        self._points: Points

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        HydraConfig.instance().set_config(config)
        self._points = Points(lambda words: hydra_context.config_loader.load_sweep_config(config, words))

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        command.arms = _arms(job_overrides, self._points)
        if command.dry:
            return []
        perform = search if command.search else run
        command.outcome = perform(command.arms, command.say, shlex.join(command.typed))
        if command.outcome.searches:
            return []  # there are more arms to it than Hydra knows of
        stored = {row["trial_id"]: row for row in command.outcome.rows}
        return [_returned(list(words), Arm((), self._points.config(words)), stored) for words in job_overrides]


def _words(arm: Arm) -> list[str]:
    """The words that Hydra composes an arm of: without settings of other models, which Hydra would refuse."""
    keys = [word.partition("=")[0] for word in arm.words]
    other = {key for key in keys if key.startswith("model.") and not hasattr(arm.config.model, key[6:])}
    return [word for key, word in zip(keys, arm.words, strict=True) if key not in other]


def _arms(jobs: Sequence[Sequence[str]], points: Points) -> list[Arm]:
    """The arms of the command at these points.

    Raises:
        ConfigError: a point is refused, or has several seeds where the command trains one.
    """
    made = arms(jobs, points)
    if command.single and len(made[0].config.trial_seeds) != 1:
        given = show(made[0].config.seeds)
        raise ConfigError(f"seeds={given}: train takes one seed, such as seeds=[7]; `dropout-lab sweep` takes several")
    return made


def _returned(words: list[str], arm: Arm, stored: Mapping[str, Row]) -> JobReturn:
    """An arm's result for a sweeper that searches: its mean validation loss, to be made small."""
    found = []
    with suppress(ConfigError):  # it may have been left out
        found = [stored[trial.id] for trial in arm.trials if trial.id in stored]
    losses = [float(row["val_loss"]) for row in found if row["status"] == "ok" and row["val_loss"]]
    done = JobReturn(overrides=words, task_name="dropout-lab")
    done.status = JobStatus.COMPLETED
    done.return_value = sum(losses) / len(losses) if losses else float("inf")
    return done


def job(node: DictConfig) -> None:
    """One arm with all its seeds: what Hydra's other launchers run, each in a process of its own."""
    node = OmegaConf.create(node)
    config = composed(lambda: node).compose({}).config
    arm = Arm((), config)
    continue_run([arm], Ledger(config.out), say=lambda line: None)


def dry_run(arms: Sequence[Arm]) -> list[str]:
    """What the command would train, line by line, with an estimate of time and memory."""
    from dropout_lab.sweeps.check import announce
    from dropout_lab.sweeps.cost import estimate

    lines: list[str] = []
    kept = chosen(arms, lines.append)
    ledger = Ledger(kept[0].config.out, write=False)
    tuned = kept[0].config.tune
    rehearsed = rehearsal(kept) if tuned else kept
    if command.search:
        rehearsed = [arm for arm in rehearsed if not arm.config.read_test]
    trials, packs = plan_of(rehearsed, ledger)
    cost = estimate(packs)
    todo = sum(len(pack) for pack in packs)
    sizes = " or ".join(map(str, sorted({len(pack) for pack in packs}, reverse=True)))
    return [
        *lines,
        *(f"note: {key} changes nothing here" for key in idle(kept)),
        *announce([trial for pack in packs for trial in pack]),
        f"arms     {len(kept)}" + (", and settings tried for each of them" if tuned else ""),
        f"trials   {len(trials)}, of which {len(trials) - todo} are in {ledger.folder} and {todo} would be trained",
        f"packs    {len(packs)}" + (f", of {sizes} trial{'s' * (sizes != '1')}" if packs else ""),
        f"time     about {duration(cost.seconds)}, from timing a few steps of each kind of pack",
        f"memory   about {max(cost.bytes / 2**20, 1):.0f} MiB beside the libraries",
    ]


def duration(seconds: float) -> str:
    """A time as people say it: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
