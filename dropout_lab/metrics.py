"""The table of all metrics: what each one is called, how it is shown, and which direction is better.

Columns of CSV files, tables, figures, tuning and lists derive from this table. The functions that compute the metrics
are in :mod:`dropout_lab.train.tasks` and :mod:`dropout_lab.evaluation.measure`.
"""

import math
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

Task = Literal["classification", "regression", "language"]
# When a metric is measured: "score" and "always" in every trial of its tasks, "evaluate" in an evaluation of trained
# networks.
Occasion = Literal["score", "always", "evaluate"]
PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Metric:
    """Description of one metric.

    Args:
        name: name in commands; columns of ``trials.csv`` are called ``test_<name>`` and so on.
        title: name in tables and figures, without its unit.
        unit: unit that follows the title; empty if the metric has no unit or that of its target.
        scale: factor from the stored value to the shown unit.
        digits: number of decimal places in tables.
        higher_is_better: None if the metric is no measure of quality.
        tasks: kinds of tasks that the metric applies to.
        measured: occasions on which it is measured; ``score`` marks the one metric by which the arms of a task are
            compared.
        help: one line for ``dropout-lab list``.
        low, high: smallest and largest possible value.
        in_tables: whether the tables of evaluations have a column for it.
        on_validation: whether an evaluation measures it on the validation set as well.
        of_examples: whether it is the fraction of examples that are predicted correctly.
    """

    name: str
    title: str
    higher_is_better: bool | None
    tasks: tuple[Task, ...]
    measured: tuple[Occasion, ...]
    help: str
    unit: str = ""
    scale: float = 1.0
    digits: int = 4
    low: float = -math.inf
    high: float = math.inf
    in_tables: bool = False
    on_validation: bool = False
    of_examples: bool = False

    @property
    def label(self) -> str:
        """Title with the unit: ``accuracy, %``."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    def cost(self, value: float) -> float:
        """Return the value with its sign chosen so that lower is better."""
        return -value if self.higher_is_better else value

    def gap(self, train: float, test: float) -> float:
        """Return how much better the value on the training set is than on the test set."""
        return self.cost(test) - self.cost(train)


_PERCENT: dict[str, Any] = {"unit": "%", "scale": 100.0, "digits": 2, "low": 0.0, "high": 1.0}
_CLASSES: tuple[Task, ...] = ("classification",)
_NUMBERS: tuple[Task, ...] = ("regression",)
_TEXT: tuple[Task, ...] = ("language",)

# The order is that of the columns of tables and CSV files.
_TABLE = (
    Metric(
        "loss",
        "loss",
        False,
        (*_CLASSES, *_NUMBERS, *_TEXT),
        ("always",),
        "mean loss in eval mode without penalties: nats, or squared error of the scaled target",
        low=0,
    ),
    Metric(
        "accuracy",
        "accuracy",
        True,
        _CLASSES,
        ("score", "evaluate"),
        "fraction of examples right, in eval mode",
        **_PERCENT,
        in_tables=True,
        of_examples=True,
    ),
    Metric(
        "nll",
        "NLL",
        False,
        (*_CLASSES, *_TEXT),
        ("evaluate",),
        "mean negative log-probability of the true class or token, in nats",
        low=0,
        in_tables=True,
    ),
    Metric(
        "brier",
        "Brier score",
        False,
        _CLASSES,
        ("evaluate",),
        "squared distance of the probabilities to the true class, summed over classes, mean over examples",
        low=0,
        high=2,
    ),
    Metric(
        "ece",
        "ECE",
        False,
        _CLASSES,
        ("evaluate",),
        "expected calibration error over bins of equal width",
        **_PERCENT,
        in_tables=True,
    ),
    Metric(
        "ece_adaptive",
        "adaptive ECE",
        False,
        _CLASSES,
        ("evaluate",),
        "expected calibration error over bins of equal size",
        **_PERCENT,
    ),
    Metric(
        "aurc",
        "AURC",
        False,
        _CLASSES,
        ("evaluate",),
        "area under the curve of risk over coverage",
        low=0,
        high=1,
    ),
    Metric(
        "entropy",
        "entropy",
        None,
        _CLASSES,
        ("evaluate",),
        "mean entropy of the predicted probabilities, in nats",
        low=0,
    ),
    Metric(
        "mutual_information",
        "mutual information",
        None,
        _CLASSES,
        ("evaluate",),
        "mean mutual information of class and network, in nats",
        low=0,
    ),
    Metric(
        "variation_ratio",
        "variation ratio",
        None,
        _CLASSES,
        ("evaluate",),
        "mean fraction of passes that do not vote for the most frequent class",
        low=0,
        high=1,
    ),
    Metric(
        "variance",
        "variance",
        None,
        (*_CLASSES, *_NUMBERS),
        ("evaluate",),
        "mean variance of the predictions over passes",
        low=0,
    ),
    Metric(
        "rmse",
        "rmse",
        False,
        _NUMBERS,
        ("score", "evaluate"),
        "root mean squared error in the target's unit, regression only",
        digits=3,
        low=0,
        in_tables=True,
        on_validation=True,
    ),
    Metric(
        "log_likelihood",
        "log-likelihood",
        True,
        _NUMBERS,
        ("evaluate",),
        "mean log-likelihood of the target, in nats",
        digits=3,
        in_tables=True,
        on_validation=True,
    ),
    Metric(
        "tau",
        "tau",
        None,
        _NUMBERS,
        ("evaluate",),
        "precision of the noise, chosen on the validation set",
        low=0,
    ),
    Metric(
        "perplexity",
        "perplexity",
        False,
        _TEXT,
        ("score", "evaluate"),
        "exponential of the mean loss of a token, language models only",
        digits=2,
        low=1,
        in_tables=True,
    ),
    Metric(
        "bits_per_character",
        "bits per character",
        False,
        _TEXT,
        ("always",),
        "mean loss of a character in bits, language models of characters only",
        digits=3,
        low=0,
    ),
)
METRICS = {metric.name: metric for metric in _TABLE}
LOSS = METRICS["loss"]
SCORES = tuple(metric for metric in _TABLE if "score" in metric.measured)
# Measured in every trial of their tasks, the loss aside.
TRIAL_METRICS = tuple(metric for metric in _TABLE if {"score", "always"} & set(metric.measured) and metric is not LOSS)
EVALUATION_METRICS = tuple(metric for metric in _TABLE if "evaluate" in metric.measured)


def score_of(task: str) -> Metric:
    """Return the score by which trials of a task are compared."""
    return next(metric for metric in SCORES if task in metric.tasks)


def metric_of(column: str) -> Metric | None:
    """Return the metric of a column such as ``test_accuracy`` or ``ece``; None for other columns."""
    part = column.partition("_")[0]
    return METRICS.get(column) or METRICS.get(column.removeprefix(f"{part}_" if part in PARTS else ""))


def split_columns(metric: Metric, parts: tuple[str, ...] = PARTS) -> list[str]:
    """Return the columns of a metric, one per split."""
    return [f"{part}_{metric.name}" for part in parts]


def evaluation_columns() -> list[str]:
    """Return the columns of ``evaluations.csv`` that hold metrics; those of the validation set follow their task's."""
    columns = []
    for _, group in groupby(EVALUATION_METRICS, key=lambda metric: metric.tasks):
        metrics = list(group)
        columns += [metric.name for metric in metrics]
        columns += [f"val_{metric.name}" for metric in metrics if metric.on_validation]
    return columns
