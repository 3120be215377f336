"""Run arms against a sweep folder: check everything, plan what is missing, train it, store each result."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from omegaconf import OmegaConf

from dropout_lab.config import Config
from dropout_lab.settings import ConfigError
from dropout_lab.sweeps.grid import Arm, idle_axes
from dropout_lab.sweeps.ledger import FINAL, Ledger, Row, replace
from dropout_lab.sweeps.plan import PackOf, plan
from dropout_lab.sweeps.progress import Bar
from dropout_lab.trial import Trial

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What a command leaves: its arms, their rows, and how much of it is new."""

    arms: Sequence[Arm]
    rows: Sequence[Row]
    trained: int

    @property
    def status(self) -> int:
        """Exit status: 1 if a trial diverged or failed."""
        return int(any(row["status"] != "ok" for row in self.rows))


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with the one line that says what is saved. Like its parent it passes by ``except Exception``."""


def plan_of(arms: Sequence[Arm], ledger: Ledger) -> tuple[list[Trial], list[PackOf]]:
    """The different trials of these arms, and the packs that train what the ledger does not have.

    Raises:
        ConfigError: a trial cannot be trained: its model does not take its data, its device is not there.
    """
    trials = list({trial.id: trial for arm in arms for trial in arm.trials}.values())
    rows = ledger.rows()
    done = {i for i, row in rows.items() if row["status"] in FINAL}
    missing = [trial for trial in trials if trial.id not in done]
    if not missing:
        return trials, []
    check(missing)
    from dropout_lab.sweeps.cost import most

    return trials, plan(trials, done, ledger.packs(), most)


def check(trials: Sequence[Trial]) -> None:
    """Refuse what could not be trained, before anything is.

    Raises:
        ConfigError: see :func:`plan_of`.
    """
    import torch

    from dropout_lab import models
    from dropout_lab.data import DATASETS, load
    from dropout_lab.dropout import VARIANTS
    from dropout_lab.dropout.schedules import SCHEDULES
    from dropout_lab.streams import Streams
    from dropout_lab.train.feed import divide

    seen: set[str] = set()
    for trial in trials:
        config = trial.config
        if trial.point.pack_key in seen:
            continue
        seen.add(trial.point.pack_key)
        cuda, _, number = config.device.partition(":")
        if cuda == "cuda" and int(number or 0) >= torch.cuda.device_count():
            raise ConfigError.of("device", config.device, f"torch finds {torch.cuda.device_count()} CUDA devices here")
        known: dict[str, tuple[str, list[str]]] = {
            "data": (config.data.kind, [*DATASETS]),
            "variant": (config.variant.kind, [*VARIANTS, "none"]),
            "schedule": (config.schedule.kind, [*SCHEDULES]),
        }
        for group, (kind, registry) in known.items():
            if kind not in registry:
                raise ConfigError.of(f"{group}.kind", kind, "must be one of " + ", ".join(sorted(registry)))
        dataset = load(config.data.kind)
        try:
            models.build(config.model, dataset.shape, dataset.outputs)
        except ValueError as error:
            shape = "x".join(map(str, dataset.shape))
            raise ConfigError.of(
                "model", config.model.kind, f"{error}; the examples of data={dataset.name} are {shape}"
            ) from None
        try:
            divide(dataset, config.data, Streams(config.seed, trial.seed))
        except ValueError as error:
            raise ConfigError(str(error)) from None


def run(arms: Sequence[Arm], say: Say, command: str = "") -> Outcome:
    """Train what is missing of these arms.

    Args:
        arms: all of one sweep folder.
        say: takes one line about what is going on.
        command: the words that the arms came from, kept in the folder's ``config.yaml``.

    Raises:
        ConfigError: refused before anything was trained.
        Interrupted: Ctrl-C; what was finished is stored.
    """
    folder = Path(arms[0].config.out)
    plan_of(arms, Ledger(folder, write=False))  # what is refused leaves nothing behind
    ledger = Ledger(folder)
    with ledger.claim():
        return continue_run(arms, ledger, say, command)


def continue_run(arms: Sequence[Arm], ledger: Ledger, say: Say, command: str = "") -> Outcome:
    """:func:`run` in a folder that this command, or the one that started it, has claimed."""
    trials, packs = plan_of(arms, ledger)
    for key in idle_axes(arms):
        say(f"note: {key} changes nothing here")
    say(_opening(ledger, arms, trials, packs))
    if packs:
        _write_config(ledger, arms[0].config, command)
        _store(ledger, packs)
        try:
            _execute(packs, ledger, say)
        except KeyboardInterrupt:
            raise Interrupted(_closing(ledger, trials)) from None
    rows = ledger.rows()
    mine = [rows[trial.id] for trial in trials if trial.id in rows]
    return Outcome(arms, mine, sum(len(pack) for pack in packs))


def _store(ledger: Ledger, packs: Sequence[PackOf]) -> None:
    rows = ledger.rows()
    ids = {trial.id for pack in packs for trial in pack}
    ledger.forget({i for i in ids & rows.keys() if rows[i]["status"] not in FINAL})
    plans = [{"most": pack[0].config.pack, "trials": [trial.id for trial in pack]} for pack in packs]
    ledger.store_packs(plans, {i for i, row in rows.items() if row["status"] in FINAL})


def _execute(packs: Sequence[PackOf], ledger: Ledger, say: Say) -> None:
    from dropout_lab.sweeps.workers import execute

    there = set(ledger.rows())
    with Bar(sum(len(pack) * pack[0].config.train.epochs for pack in packs)) as bar:
        for pack, results, error in execute(packs, packs[0][0].config.workers, bar.add):
            if error:
                where = ledger.log_error(error)
                bar.say(say, f"failed: {len(pack)} trials ({results[0].error}); see {where}")
            new = [(trial, result) for trial, result in zip(pack, results, strict=True) if trial.id not in there]
            ledger.append(
                [{**trial.columns, "status": result.status, **result.measured} for trial, result in new],
                [row for _, result in new for row in result.curve],
            )
            for trial, result in new:
                if result.status == "diverged":
                    bar.say(say, f"diverged: {trial.point.variant} rate={trial.columns['rate']} seed={trial.seed}")


def _opening(ledger: Ledger, arms: Sequence[Arm], trials: Sequence[Trial], packs: Sequence[PackOf]) -> str:
    count = f"{len(trials)} trial{'s' if len(trials) != 1 else ''}"
    if not packs:
        return f"{ledger.folder}: all {count} are there" if len(trials) > 1 else f"{ledger.folder}: the trial is there"
    todo = sum(len(pack) for pack in packs)
    already = f", {len(trials) - todo} of them there" if todo < len(trials) else ""
    rounds = f"{len(packs)} pack{'s' if len(packs) != 1 else ''}"
    return f"{ledger.folder}: {count}{already}; training {todo} in {rounds}"


def _closing(ledger: Ledger, trials: Sequence[Trial]) -> str:
    rows = ledger.rows()
    saved = sum(trial.id in rows for trial in trials)
    there = f"{saved} of {len(trials)} trials are saved in {ledger.folder}"
    return f"interrupted; {there}, the same command goes on from there"


def _write_config(ledger: Ledger, config: Config, command: str) -> None:
    text = OmegaConf.to_yaml(OmegaConf.create(asdict(config)))
    head = f"# The last command that trained here: {command}\n# Its first arm:\n" if command else ""
    replace(ledger.folder / "config.yaml", head + text)
