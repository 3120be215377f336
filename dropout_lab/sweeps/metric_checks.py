"""Checks of the requested metrics before training starts, and notes on where they are undefined."""

from collections.abc import Mapping, Sequence

import numpy as np

from dropout_lab.config import Config
from dropout_lab.config.measurements import measured_on_request
from dropout_lab.data import Dataset
from dropout_lab.errors import ConfigError
from dropout_lab.metrics import CONFUSION, METRICS, requestable, score_of
from dropout_lab.rng import Streams
from dropout_lab.stats.metric_functions import compute
from dropout_lab.train.splits import make_splits

NAMED = 3  # largest number of seeds that a note names


def check_requested(config: Config, dataset: Dataset, seeds: Sequence[int]) -> None:
    """Check that the task of the data has the requested metrics, and that the monitored ones are defined.

    Args:
        config: settings of the trials.
        dataset: their data.
        seeds: their seeds.

    Raises:
        ConfigError: a metric is for another task, or early stopping or tuning reads one that is undefined on the
            validation set of a seed.
    """
    possible = requestable(dataset.task)
    classes = dataset.task == "classification"
    for name in config.metrics:
        tasks = ("classification",) if name == CONFUSION else METRICS[name].tasks
        if dataset.task not in tasks or name not in (*possible, score_of(dataset.task).name, CONFUSION):
            offered = [*possible, *([CONFUSION] if classes else [])]
            raise ConfigError.of("metrics", config.metrics, f"{_unfit(name, tasks, dataset)}; {_offer(offered)}")
    if CONFUSION in config.metrics and not config.save_predictions:
        raise ConfigError.of("metrics", config.metrics, "the confusion matrix requires save_predictions=true")
    for key, column in monitored_columns(config).items():
        name = column.removeprefix("val_")
        offered = ["loss", score_of(dataset.task).name, *possible]
        if name not in offered:
            problem = _unfit(name, METRICS[name].tasks, dataset)
            raise ConfigError.of(key, column, f"{problem}; allowed: {', '.join(f'val_{each}' for each in offered)}")
        if name in possible:
            _check_defined(config, dataset, seeds, key, name)


def _unfit(name: str, tasks: Sequence[str], dataset: Dataset) -> str:
    if dataset.task == "language":
        return f"{name} is not available for running text such as data={dataset.name}"
    tasks = [task for task in tasks if task != "language"]
    return f"{name} applies to {' and '.join(tasks) or 'running text'}, data={dataset.name} is a {dataset.task} task"


def _offer(names: Sequence[str]) -> str:
    return f"allowed: {', '.join(names)}" if names else "leave out metrics="


def monitored_columns(config: Config) -> dict[str, str]:
    """Return the validation columns that early stopping and tuning read, by the setting that names them."""
    columns = {}
    if "early_stopping" in config.regularizer.names:
        columns["regularizer.monitor"] = config.regularizer.monitor
    if config.tune and config.tuning_metric != "auto":
        columns["tuning_metric"] = config.tuning_metric
    return columns


def _check_defined(config: Config, dataset: Dataset, seeds: Sequence[int], key: str, name: str) -> None:
    for seed in seeds:
        rows = make_splits(dataset, config.data, Streams(config.base_seed, seed))["val"]
        if not np.isfinite(_value_of_constant(name, dataset, rows)):
            missing = absent_classes(dataset, rows)
            why = f", which has no example of class {missing[0]!r}" if missing else ""
            problem = f"is undefined on the validation split of seed {seed}{why}; choose another metric, or a larger "
            raise ConfigError.of(key, f"val_{name}", f"{problem}data.val_fraction")


def _value_of_constant(name: str, dataset: Dataset, rows: np.ndarray) -> float:
    """Return the metric of constant predictions; it is NaN where the metric of any predictions is."""
    y = dataset.y[rows]
    if dataset.task == "classification":
        return compute(name, np.full((len(y), dataset.outputs), 1 / dataset.outputs), y)
    return compute(name, np.zeros(y.shape), y.astype(float))


def absent_classes(dataset: Dataset, rows: np.ndarray) -> list[str]:
    """Return the names of the classes without an example in these rows; empty for other tasks."""
    if dataset.task != "classification":
        return []
    counts = np.bincount(dataset.y[rows], minlength=dataset.outputs)
    return [dataset.classes[k] for k in np.flatnonzero(counts == 0)]


def describe_undefined(config: Config, dataset: Dataset, seeds: Sequence[int]) -> list[str]:
    """Return one line per split in which a class is missing for a seed, with the requested metrics that it affects."""
    names = measured_on_request(config)
    if not names or dataset.task != "classification":
        return []
    splits = {seed: make_splits(dataset, config.data, Streams(config.base_seed, seed)) for seed in seeds}
    return [
        line
        for part, title in (("val", "validation"), ("test", "test"))
        if (line := _missing_line(names, dataset, {seed: rows[part] for seed, rows in splits.items()}, title))
    ]


def _missing_line(names: Sequence[str], dataset: Dataset, rows: Mapping[int, np.ndarray], title: str) -> str:
    missing = {seed: absent for seed, each in rows.items() if len(each) and (absent := absent_classes(dataset, each))}
    if not missing:
        return ""
    first = next(iter(missing))
    undefined = [name for name in names if not np.isfinite(_value_of_constant(name, dataset, rows[first]))]
    listed = ", ".join(map(str, list(missing)[:NAMED])) + (", ..." if len(missing) > NAMED else "")
    where = f"in the {title} split of seed{'s' if len(missing) > 1 else ''} {listed}"
    effect = f"{', '.join(undefined)} will be nan" if undefined else "means over classes exclude it"
    return f"note: class {missing[first][0]!r} has no example {where}: {effect}"
