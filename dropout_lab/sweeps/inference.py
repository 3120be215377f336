"""From kept weights to evaluations: what is refused, what is missing, and in which order it is made."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dropout_lab.checks import SHIFTS
from dropout_lab.config import ROLES, CustomConf, InferConf
from dropout_lab.data import DATASETS, DataError, Dataset, load
from dropout_lab.dropout import VARIANTS
from dropout_lab.models import NetworkError
from dropout_lab.settings import ConfigError
from dropout_lab.sweeps.ensembles import compare
from dropout_lab.sweeps.evaluations import Evaluations, how, way
from dropout_lab.sweeps.grid import Arm
from dropout_lab.sweeps.ledger import Ledger, Row
from dropout_lab.sweeps.metrics import measure
from dropout_lab.sweeps.predictions import path_of, store
from dropout_lab.sweeps.progress import Bar
from dropout_lab.sweeps.rehearsal import rehearse
from dropout_lab.sweeps.trained import Trained
from dropout_lab.sweeps.weights import Kept, kept
from dropout_lab.trial import Trial

Say = Callable[[str], None]
IMAGES = 3  # axes of an image


@dataclass(frozen=True)
class Task:
    """What is to be found out.

    Args:
        conf: how.
        kept: of the trials of one point of the grid.
    """

    conf: InferConf
    kept: Sequence[Kept]


def refuse_arms(arms: Sequence[Arm]) -> None:
    """Refuse what cannot be found out about the trials of a sweep.

    Raises:
        ConfigError: see :func:`refuse`.
    """
    for arm in arms:
        refuse(arm.trials[0], arm.config.infer, len(arm.trials) > 1)


def refuse(trial: Trial, conf: InferConf, many: bool) -> None:
    """Refuse what cannot be found out about a trial, as far as it can be known without its weights.

    Args:
        many: whether there are trials beside it that differ in their seed alone.

    Raises:
        ConfigError: nothing in it is stochastic; it is not to be told from what was asked for.
    """
    if not trial.config.read_test and (conf.stochastic or conf.ood):
        raise ConfigError("read_test=false: an evaluation is of the test part; leave out infer=, or read_test=")
    if conf.stochastic and not (conf.kind == "ensemble" and many):
        reason = silent(trial)
        if reason:
            alone = " and one seed" if conf.kind == "ensemble" else ""
            raise ConfigError.of("infer", conf.kind, f"finds nothing stochastic: {reason}{alone}")
    if conf.stochastic and not silent(trial) and isinstance(trial.config.model, CustomConf):
        mixing = rehearse(trial, _load(trial)).mixing
        if mixing:
            problem = f"{trial.config.model.target} {mixing}, and the passes over an example share a batch"
            raise ConfigError.of("infer", conf.kind, f"{problem}; use layers with running statistics, or leave it out")
    if conf.precision == "auto" and not trial.config.data.val_fraction and _load(trial).task == "regression":
        problem = "is chosen on the validation part, of which data.val_fraction=0 leaves none; give a number"
        raise ConfigError.of("infer.precision", "auto", problem)
    if conf.ood:
        _fits(trial, conf)
    if conf.kind == "ensemble" and _load(trial).task == "language":
        raise ConfigError.of("infer", conf.kind, "is for classes and numbers, not for running text")


def silent(trial: Trial) -> str | None:
    """Why two passes of a trial's network would be the same; None if they are not."""
    config, variant = trial.config, trial.point.variant
    rates = [*(config.rate if isinstance(config.rate, list) else [config.rate]), config.input_rate]
    if variant == "none" or not any([*rates, *(getattr(config, f"{role}_rate") for role in ROLES)]):
        return "the rate is 0"
    if variant in VARIANTS and not VARIANTS[variant].stochastic:
        return f"variant={variant} draws nothing at random"
    if config.schedule.kind == "early" and config.schedule.fraction < 1:
        return "schedule=early ends at rate 0"
    return None


def _fits(trial: Trial, conf: InferConf) -> None:
    """Refuse to tell images from what is none, or of another size."""
    dataset = _load(trial)
    asked = ",".join(conf.ood)
    if dataset.task != "classification" or len(dataset.shape) != IMAGES:
        raise ConfigError(f"infer.ood=[{asked}]: is for classes of images, and data={dataset.name} has none")
    for name in conf.ood:
        if name in SHIFTS:
            continue
        if name not in DATASETS or name == dataset.name:
            problem = f"must be a data set of images other than {dataset.name}, {' or '.join(SHIFTS)}"
            raise ConfigError.of("infer.ood", name, problem)
        try:
            other = load(name, root=trial.config.data.root)
        except (DataError, TypeError) as error:
            raise ConfigError(f"infer.ood={name}: {error}") from None
        if other.shape != dataset.shape:
            found, needed = ("x".join(map(str, each.shape)) for each in (other, dataset))
            raise ConfigError.of("infer.ood", name, f"its examples are {found}, those of {dataset.name} {needed}")


def _load(trial: Trial) -> Dataset:
    try:
        return load(trial.config.data.kind, **trial.config.source)
    except DataError as error:
        raise ConfigError(str(error)) from None


def evaluate(
    tasks: Sequence[Task], evaluations: Evaluations, rows: Mapping[str, Row], predictions: bool, say: Say
) -> None:
    """Find out and store what is missing.

    Args:
        tasks: what is asked for; ``kept`` of one point of the grid and all its seeds.
        evaluations: the files.
        rows: of ``trials.csv`` by trial.
        predictions: whether to keep what was predicted for each example.
        say: takes one line.
    """
    todo = [(task, each) for task in tasks for each in task.kept if task.conf.kind != "ensemble"]
    todo = [(t, k) for t, k in todo if _lacking(t, k, evaluations, predictions)]
    ensembles = [task for task in tasks if task.conf.kind == "ensemble"]
    total = len(todo) + sum(len(task.kept) for task in ensembles)
    with Bar(total, "evaluating", "networks") as bar, _network_errors(evaluations):
        for task, each in todo:
            found = measure(taken_up(each, task.conf), task.conf)
            if predictions and found.predicted:
                store(evaluations.folder, each.trial.id, found.predicted, way(task.conf))
            if not evaluations.has(each.trial.id, task.conf):
                evaluations.add(each.trial.id, task.conf, found)
            bar.add(1)
        for task in ensembles:
            first = task.kept[0].trial
            members = "+".join(sorted(each.trial.id for each in task.kept))
            point = first.point.name
            if not evaluations.has_ensemble(point, members, task.conf):
                epochs = [int(rows[each.trial.id]["epochs_run"]) for each in task.kept]
                found_rows = compare((taken_up(each) for each in task.kept), epochs, task.conf, lambda: bar.add(1))
                named: dict[str, Any] = {"first": first.id, "members": members}
                evaluations.add_ensemble(point, task.conf, [named | row for row in found_rows])
    if len(todo):
        say(f"{evaluations.folder}: evaluated {len(todo)} network{'s' if len(todo) > 1 else ''}")


@contextmanager
def _network_errors(evaluations: Evaluations) -> Iterator[None]:
    """Turn the error of a user's network into the one line to print; what was evaluated before is stored."""
    try:
        yield
    except NetworkError as error:
        raise ConfigError.of("out", str(evaluations.folder), f"cannot be evaluated further: {error}") from None


def _lacking(task: Task, each: Kept, evaluations: Evaluations, predictions: bool) -> bool:
    """Whether something is still to be found out, or to be kept."""
    if not evaluations.has(each.trial.id, task.conf):
        return True
    there = path_of(evaluations.folder, each.trial.id, way(task.conf)).is_file()
    return predictions and not there and _load(each.trial).task != "language"


def evaluate_arms(arms: Sequence[Arm], ledger: Ledger, say: Say) -> list[tuple[str, InferConf]]:
    """Evaluate the networks of a sweep's arms, each arm in its way; which trials in which way."""
    rows = ledger.rows()
    known = {trial.id: trial for arm in arms for trial in arm.trials}
    ways = [(arm.config.infer, t.id) for arm in arms for t in arm.trials if rows.get(t.id, {}).get("status") == "ok"]
    tasks = []
    for conf in unlike([conf for conf, _ in ways]):
        ids = dict.fromkeys(trial_id for other, trial_id in ways if how(other) == how(conf))
        tasks += tasks_of(kept(ledger.folder, ids, known=known), [conf])
    evaluate(tasks, Evaluations(ledger.folder), rows, arms[0].config.save_predictions, say)
    return [(each.trial.id, task.conf) for task in tasks for each in task.kept]


def unlike(confs: Sequence[InferConf]) -> list[InferConf]:
    """The ways that differ in what makes a difference."""
    return list({tuple(how(conf).values()): conf for conf in confs}.values())


def taken_up(each: Kept, conf: InferConf | None = None) -> Trained:
    """A trained network with its data.

    Raises:
        ConfigError: the data are not there any more; its rates have come to 0 in the end.
    """
    try:
        trained = Trained(each)
    except (DataError, ValueError) as error:
        raise ConfigError(str(error)) from None
    if conf is not None and conf.kind == "monte_carlo" and not trained.stochastic:
        raise ConfigError(f"infer={conf.kind}: finds nothing stochastic in {each.path}: all rates came to 0")
    return trained


def tasks_of(networks: Sequence[Kept], confs: Sequence[InferConf]) -> list[Task]:
    """The kept trials by point, each in all these ways."""
    points: dict[str, list[Kept]] = {}
    for each in networks:
        points.setdefault(each.trial.point.identity, []).append(each)
    return [Task(conf, group) for conf in confs for group in points.values()]
