"""Execution of evaluations: load checkpoints, find the missing evaluations, compute and store them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from dropout_lab.config import InferConf
from dropout_lab.data import DataError
from dropout_lab.errors import ConfigError
from dropout_lab.evaluation.ensembles import compare_ensembles
from dropout_lab.evaluation.measure import Measures, measure_trial
from dropout_lab.evaluation.predictor import Predictor
from dropout_lab.evaluation.store import EvaluationStore, format_inference, inference_columns
from dropout_lab.models import NetworkError
from dropout_lab.sweeps.checkpoints import SavedWeights, list_saved
from dropout_lab.sweeps.grid import Arm
from dropout_lab.sweeps.ledger import Ledger, Row
from dropout_lab.sweeps.predictions import predictions_path, store_predictions
from dropout_lab.sweeps.process import ProcessEnded, run_isolated
from dropout_lab.sweeps.progress import ProgressBar
from dropout_lab.sweeps.run import Say
from dropout_lab.sweeps.trial_inputs import load_trial_data

Result = TypeVar("Result")


@dataclass(frozen=True)
class EvaluationTask:
    """An evaluation to compute.

    Args:
        conf: inference settings.
        kept: checkpoints of the trials of one point of the grid, one per seed.
    """

    conf: InferConf
    kept: Sequence[SavedWeights]


def run_evaluations(
    tasks: Sequence[EvaluationTask], evaluations: EvaluationStore, rows: Mapping[str, Row], predictions: bool, say: Say
) -> None:
    """Compute and store the missing evaluations.

    Args:
        tasks: requested evaluations, each of one point of the grid with all its seeds.
        evaluations: files of the evaluations.
        rows: rows of ``trials.csv`` by trial id.
        predictions: whether to store the predictions for each example.
        say: prints one line.
    """
    todo = [(task, each) for task in tasks for each in task.kept if task.conf.kind != "ensemble"]
    todo = [(t, k) for t, k in todo if _lacking(t, k, evaluations, predictions)]
    ensembles = [task for task in tasks if task.conf.kind == "ensemble"]
    total = len(todo) + sum(len(task.kept) for task in ensembles)
    with ProgressBar(total, "evaluating", "networks") as bar, _network_errors(evaluations):
        for task, each in todo:
            measured = _isolated(each, partial(_measure, each, task.conf))
            if predictions and measured.predicted:
                store_predictions(evaluations.folder, each.trial.id, measured.predicted, format_inference(task.conf))
            if not evaluations.has(each.trial.id, task.conf):
                evaluations.add(each.trial.id, task.conf, measured)
            bar.add(1)
        for task in ensembles:
            first = task.kept[0].trial
            members = "+".join(sorted(each.trial.id for each in task.kept))
            point = first.point.name
            if not evaluations.has_ensemble(point, members, task.conf):
                epochs = [int(rows[each.trial.id]["epochs_run"]) for each in task.kept]
                found_rows = _isolated(task.kept[0], partial(_compare, task, epochs, lambda: bar.add(1)))
                named: dict[str, Any] = {"first": first.id, "members": members}
                evaluations.add_ensemble(point, task.conf, [named | row for row in found_rows])
    if len(todo):
        say(f"{evaluations.folder}: evaluated {len(todo)} network{'s' if len(todo) > 1 else ''}")


def _measure(each: SavedWeights, conf: InferConf) -> Measures:
    return measure_trial(load_predictor(each, conf), conf)


def _compare(task: EvaluationTask, epochs: Sequence[int], count: Callable[[], None]) -> list[dict[str, Any]]:
    return compare_ensembles((load_predictor(each) for each in task.kept), epochs, task.conf, count)


def _isolated(each: SavedWeights, work: Callable[[], Result]) -> Result:
    """Evaluate a network; the user's code runs in another process, which it may end."""
    return run_isolated(work) if each.trial.config.model.kind == "custom" else work()


@contextmanager
def _network_errors(evaluations: EvaluationStore) -> Iterator[None]:
    """Turn an error of a custom network into a ConfigError of one line; earlier evaluations are stored by then."""
    try:
        yield
    except (NetworkError, ProcessEnded) as error:
        reason = f"its process {error}" if isinstance(error, ProcessEnded) else error
        raise ConfigError.of("out", str(evaluations.folder), f"evaluation failed: {reason}") from None


def _lacking(task: EvaluationTask, each: SavedWeights, evaluations: EvaluationStore, predictions: bool) -> bool:
    """Return whether the evaluation of a trial or its requested predictions are missing."""
    if not evaluations.has(each.trial.id, task.conf):
        return True
    there = predictions_path(evaluations.folder, each.trial.id, format_inference(task.conf)).is_file()
    return predictions and not there and load_trial_data(each.trial).task != "language"


def evaluate_arms(arms: Sequence[Arm], ledger: Ledger, say: Say) -> list[tuple[str, InferConf]]:
    """Evaluate the networks of a sweep, each arm with its inference settings.

    Returns:
        ids of the evaluated trials, each with its inference settings.
    """
    rows = ledger.rows()
    known = {trial.id: trial for arm in arms for trial in arm.trials}
    ways = [(arm.config.infer, t.id) for arm in arms for t in arm.trials if rows.get(t.id, {}).get("status") == "ok"]
    tasks = []
    for conf in distinct_configs([conf for conf, _ in ways]):
        ids = dict.fromkeys(trial_id for other, trial_id in ways if inference_columns(other) == inference_columns(conf))
        tasks += list_tasks(list_saved(ledger.folder, ids, known=known), [conf])
    run_evaluations(tasks, EvaluationStore(ledger.folder), rows, arms[0].config.save_predictions, say)
    return [(each.trial.id, task.conf) for task in tasks for each in task.kept]


def distinct_configs(confs: Sequence[InferConf]) -> list[InferConf]:
    """Return the inference settings without those that are equivalent to another one."""
    return list({tuple(inference_columns(conf).values()): conf for conf in confs}.values())


def load_predictor(each: SavedWeights, conf: InferConf | None = None) -> Predictor:
    """Load a trained network with its data.

    Raises:
        ConfigError: the data are missing or cannot be split as for the training, or Monte Carlo dropout is requested
            and all dropout rates are 0 at the end of the training.
    """
    try:
        trained = Predictor(each)
    except (DataError, ValueError) as error:
        raise ConfigError(str(error)) from None
    if conf is not None and conf.kind == "monte_carlo" and not trained.stochastic:
        raise ConfigError(f"infer={conf.kind}: requires stochastic dropout, but all learned rates in {each.path} are 0")
    return trained


def list_tasks(networks: Sequence[SavedWeights], confs: Sequence[InferConf]) -> list[EvaluationTask]:
    """Return one task per point of the grid and inference setting."""
    points: dict[str, list[SavedWeights]] = {}
    for each in networks:
        points.setdefault(each.trial.point.identity, []).append(each)
    return [EvaluationTask(conf, group) for conf in confs for group in points.values()]
