"""Execution of arms in a sweep folder: check them, plan the missing trials, train them, and store the results."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from dataclasses import replace as replace_fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import OmegaConf

from dropout_lab.config import Config, InferConf
from dropout_lab.config.measurements import measured_on_request
from dropout_lab.files import replace_file
from dropout_lab.metrics import requested_columns
from dropout_lab.sweeps import predictions
from dropout_lab.sweeps.grid import Arm, ineffective_settings
from dropout_lab.sweeps.ledger import FINAL, Ledger, Row
from dropout_lab.sweeps.outcome import Interrupted, Outcome
from dropout_lab.sweeps.pack_checkpoints import (
    CheckpointError,
    checkpoint_path,
    list_checkpoints,
    remove_checkpoints,
    usable_checkpoints,
)
from dropout_lab.sweeps.plan import PackOf, plan_packs
from dropout_lab.sweeps.progress import ProgressBar
from dropout_lab.sweeps.running_packs import remove_ended
from dropout_lab.sweeps.time_limit import check_time_left, command_clock, is_time_over
from dropout_lab.sweeps.typed_values import COMMAND, CONFIG
from dropout_lab.trial import Trial

if TYPE_CHECKING:
    from dropout_lab.sweeps.pack_job import TrainedPack

Say = Callable[[str], None]
REPEAT = "rerun the same command to train them"
# Evaluates trained networks as configured; returns the ids of the evaluated trials with their inference settings.
Evaluate = Callable[[Sequence[Arm], Ledger, Say], Sequence[tuple[str, InferConf]]]


def evaluate_nothing(arms: Sequence[Arm], ledger: Ledger, say: Say) -> Sequence[tuple[str, InferConf]]:
    """Evaluate no network."""
    return []


def select_arms(arms: Sequence[Arm], say: Say) -> Sequence[Arm]:
    """Return the arms to train: all of them, or only the valid ones under ``skip_invalid=true``."""
    if not arms[0].config.skip_invalid:
        if any(arm.config.infer.stochastic or arm.config.infer.ood for arm in arms):
            from dropout_lab.sweeps.inference_checks import check_arms

            check_arms(arms)
        return arms
    from dropout_lab.sweeps.preflight import drop_invalid

    return drop_invalid(arms, say)


def with_saved_weights(arms: Sequence[Arm]) -> Sequence[Arm]:
    """Return the arms of a command, with ``save_weights=true`` for all if any arm saves or needs weights."""
    if not any(arm.config.save_weights or arm.config.infer.stochastic for arm in arms):
        return arms
    return [replace_fields(arm, config=replace_fields(arm.config, save_weights=True)) for arm in arms]


def plan_missing(arms: Sequence[Arm], ledger: Ledger) -> tuple[list[Trial], list[PackOf]]:
    """Return the distinct trials of these arms, and the packs that train those missing from the ledger.

    Raises:
        ConfigError: a trial cannot be trained, such as for a model that does not fit its data or a missing device.
    """
    arms = with_saved_weights(arms)
    trials = list({trial.id: trial for arm in arms for trial in arm.trials}.values())
    done = _done(trials, ledger)
    missing = [trial for trial in trials if trial.id not in done]
    if not missing:
        return trials, []
    from dropout_lab.sweeps.cost import max_pack_size
    from dropout_lab.sweeps.pack_job import available_cores
    from dropout_lab.sweeps.preflight import check_trials

    # Check all arms, not only distinct trials: equivalent arms can differ in their settings.
    check_trials([trial for arm in arms for trial in arm.trials if trial.id not in done])

    workers = trials[0].config.workers
    interrupted = [{"most": None, "trials": header.trials} for header in usable_checkpoints(ledger.folder)]
    stored = [*interrupted, *ledger.packs()]
    abreast = available_cores() if workers == "auto" else int(workers)
    return trials, plan_packs(trials, done, stored, max_pack_size, abreast)


def _done(trials: Sequence[Trial], ledger: Ledger) -> set[str]:
    """Return the ids of all finished trials of the folder, except those with missing weights or predictions."""
    rows = ledger.rows()
    final = {i for i, row in rows.items() if row["status"] in FINAL}
    return final - {t.id for t in trials if t.id in final and rows[t.id]["status"] == "ok" and _lacking(t, rows[t.id])}


def _lacking(trial: Trial, row: Row) -> bool:
    """Return whether requested weights, predictions or metrics of a trial are missing or damaged."""
    from dropout_lab.sweeps.checkpoints import is_whole, weights_path

    config = trial.config
    wanted = [weights_path(config.out, trial.id)] if config.save_weights else []
    if config.save_predictions and config.evaluate_test:
        wanted.append(predictions.predictions_path(config.out, trial.id))
    # A trial without a validation or a test set lacks the columns of that split.
    unmeasured = [name for name in measured_on_request(config) if not any(map(row.get, requested_columns([name])))]
    return bool(unmeasured) or not all(path.is_file() and is_whole(path) for path in wanted)


def run_arms(arms: Sequence[Arm], say: Say, command: str = "", evaluate: Evaluate = evaluate_nothing) -> Outcome:
    """Train the missing trials of these arms.

    Args:
        arms: arms of one sweep folder.
        say: prints one line of progress.
        command: the command line of the arms, stored in the folder's ``config.yaml``.
        evaluate: evaluates the trained networks.

    Raises:
        ConfigError: a check failed; nothing was trained.
        Interrupted: Ctrl-C; finished trials are stored.
        TimeOver: the time limit was reached; finished trials are stored.
    """
    folder = Path(arms[0].config.out)
    arms = select_arms(arms, say)
    preview_run(arms, say)  # before the folder is created, so that a failed check leaves no files
    ledger = Ledger(folder)
    with ledger.claim():
        return run_claimed(arms, ledger, say, command, evaluate)


def preview_run(arms: Sequence[Arm], say: Say) -> None:
    """Plan these arms without writing to their folder, and describe the user data and custom networks to be trained.

    Raises:
        ConfigError: a trial cannot be trained.
    """
    _, packs = plan_missing(arms, Ledger(arms[0].config.out, write=False))
    if packs:
        from dropout_lab.sweeps.preflight import describe_user_input

        for line in describe_user_input([trial for pack in packs for trial in pack]):
            say(line)


def run_claimed(
    arms: Sequence[Arm], ledger: Ledger, say: Say, command: str = "", evaluate: Evaluate = evaluate_nothing
) -> Outcome:
    """Do the work of :func:`run_arms` in a folder that this command, or the one that started it, has claimed."""
    trials, packs = plan_missing(arms, ledger)
    for key in ineffective_settings(arms):
        say(f"warning: {key} has no effect in this sweep")
    say(_opening(ledger, arms, trials, packs))
    _remove_remains(ledger.folder, _done(trials, ledger))
    if packs:
        for line in describe_checkpoints(ledger.folder, packs):
            say(line)
        _write_config(ledger, arms[0].config, command)
        _store(ledger, packs)
    try:
        if packs:
            try:
                with command_clock():
                    _execute(packs, ledger, say)
                    left = len({trial.id for trial in trials} - ledger.rows().keys())
                    check_time_left(trials[0].config.max_minutes, left, _closing(ledger, trials))
            finally:
                _remove_remains(ledger.folder, _done(trials, ledger))
        evaluated = evaluate(arms, ledger, say)
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; {_closing(ledger, trials)}") from None
    rows = ledger.rows()
    mine = [rows[trial.id] for trial in trials if trial.id in rows]
    missing = len(trials) - len(mine)
    if missing:
        say(f"note: {ledger.folder} was changed during the sweep and lacks {missing} of {len(trials)} trials; {REPEAT}")
    return Outcome(arms, mine, sum(len(pack) for pack in packs), evaluated=evaluated, missing=missing)


def _store(ledger: Ledger, packs: Sequence[PackOf]) -> None:
    rows = ledger.rows()
    ids = {trial.id for pack in packs for trial in pack}
    ledger.forget({i for i in ids & rows.keys() if rows[i]["status"] not in FINAL})
    _plan(ledger, packs)


def _plan(ledger: Ledger, packs: Sequence[PackOf]) -> None:
    """Store packs, so that a later command trains unfinished ones together again."""
    plans = [{"most": pack[0].config.max_pack_size, "trials": [trial.id for trial in pack]} for pack in packs]
    ledger.store_packs(plans, {i for i, row in ledger.rows().items() if row["status"] in FINAL})


def _execute(packs: Sequence[PackOf], ledger: Ledger, say: Say) -> None:
    from dropout_lab.sweeps.pool import train_packs

    first = packs[0][0].config
    headers = {tuple(header.trials): header for header in usable_checkpoints(ledger.folder)}
    resumed = [headers[ids] for ids in map(_ids, packs) if ids in headers]
    done = sum(header.epochs_done for header in resumed)
    with ProgressBar(sum(len(pack) * pack[0].config.train.epochs for pack in packs), done=done) as bar:

        def retry(failed: "TrainedPack", packs: Sequence[PackOf]) -> None:
            ledger.log_error(failed.error)
            _plan(ledger, packs)  # a later command must not repeat the pack that failed
            if len(packs) > 1:
                _remove_checkpoint(ledger.folder, failed.pack)  # it would form that pack again
            how = "in two halves" if len(packs) > 1 else "once"
            bar.say(say, f"retrying {how}: {_named(failed.pack)} ({failed.reason})")

        for trained in train_packs(packs, first.workers, bar.add, retry, partial(is_time_over, first.max_minutes)):
            if trained.error:
                where = ledger.log_error(trained.error)
                bar.say(say, f"failed: {_named(trained.pack)} ({trained.reason}); see {where}")
            new = list(zip(trained.pack, trained.results, strict=True))
            for trial, result in new:
                if result.predictions:
                    predictions.store_predictions(ledger.folder, trial.id, result.predictions)
            ledger.append(
                [{**trial.columns, "status": result.status, **result.measured} for trial, result in new],
                [row for _, result in new for row in result.curve],
            )
            if not trained.error:
                _remove_checkpoint(ledger.folder, trained.pack)
            for trial, result in new:
                if result.status == "diverged":
                    bar.say(say, f"diverged: {_named([trial])}")


def _named(trials: Sequence[Trial]) -> str:
    """Return a trial by its main settings, or the number of several ones."""
    first = trials[0]
    rate = first.columns.get("rate", 0.0)
    return f"{first.point.variant} rate={rate} seed={first.seed}" if len(trials) == 1 else f"{len(trials)} trials"


def _remove_remains(folder: Path, done: set[str]) -> None:
    """Remove checkpoints of finished trials, and the progress files of ended processes."""
    remove_checkpoints(folder, done)
    remove_ended(folder)


def _remove_checkpoint(folder: Path, pack: PackOf) -> None:
    with suppress(OSError):  # there is none
        checkpoint_path(folder, _ids(pack)).unlink()


def _ids(pack: PackOf) -> tuple[str, ...]:
    return tuple(trial.id for trial in pack)


def describe_checkpoints(folder: Path, packs: Sequence[PackOf]) -> list[str]:
    """Return a line for each checkpoint that is continued from, and for each that cannot be read.

    The process that trains a pack reports damage of its checkpoint.
    """
    planned, lines = {_ids(pack): checkpoint_path(folder, _ids(pack)) for pack in packs}, []
    for path, header in list_checkpoints(folder):
        if isinstance(header, CheckpointError):
            lines += [f"note: {path} is ignored: {header}"] if path not in planned.values() else []
        elif tuple(header.trials) in planned:
            count = f"{len(header.trials)} trial{'s' if len(header.trials) != 1 else ''}"
            lines.append(f"checkpoint: {count} continue in epoch {header.epoch} of {header.epochs}")
    return lines


def _opening(ledger: Ledger, arms: Sequence[Arm], trials: Sequence[Trial], packs: Sequence[PackOf]) -> str:
    count = f"{len(trials)} trial{'s' if len(trials) != 1 else ''}"
    if not packs:
        return (
            f"{ledger.folder}: all {count} already completed"
            if len(trials) > 1
            else f"{ledger.folder}: the trial is already completed"
        )
    todo = sum(len(pack) for pack in packs)
    done, rows = _done(trials, ledger), ledger.rows()
    finished = {trial.id for trial in trials if trial.id in rows and rows[trial.id]["status"] in FINAL}
    lost = len(finished - done)
    already = f", {len(finished)} already completed" if finished else ""
    already += f", {lost} without the requested files" if lost else ""
    rounds = f"{len(packs)} pack{'s' if len(packs) != 1 else ''}"
    return f"{ledger.folder}: {count}{already}; training {todo} in {rounds}"


def _closing(ledger: Ledger, trials: Sequence[Trial]) -> str:
    rows = ledger.rows()
    saved = sum(trial.id in rows for trial in trials)
    there = f"{saved} of {len(trials)} trials are saved in {ledger.folder}"
    return f"{there}; rerun the same command to continue"


def _write_config(ledger: Ledger, config: Config, command: str) -> None:
    text = OmegaConf.to_yaml(OmegaConf.create(asdict(config)))
    head = f"{COMMAND}{command}\n# Its first arm:\n" if command else ""
    replace_file(ledger.folder / CONFIG, head + text)
