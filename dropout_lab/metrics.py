"""Table of all metrics: their names, their display, and the direction that is better.

Columns of CSV files, tables, figures, tuning and lists derive from this table. The functions that compute the metrics
are in :mod:`dropout_lab.train.tasks`, :mod:`dropout_lab.stats.metric_functions` (those on request) and
:mod:`dropout_lab.evaluation.measure`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

Task = Literal["classification", "regression", "language"]
# When a metric is measured: "score" and "always" in every trial of its tasks, "request" in trials whose metrics= names
# it, "evaluate" in an evaluation of trained networks.
Occasion = Literal["score", "always", "request", "evaluate"]
PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Metric:
    """Description of one metric.

    Args:
        name: name in commands; columns of ``trials.csv`` are called ``test_<name>`` and so on.
        title: name in tables and figures, without its unit; by default the name with spaces.
        unit: unit that follows the title; empty if the metric has no unit or that of its target.
        scale: factor from the stored value to the shown unit.
        digits: number of decimal places in tables.
        higher_is_better: None if the metric does not measure quality.
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
    higher_is_better: bool | None
    tasks: tuple[Task, ...]
    measured: tuple[Occasion, ...]
    help: str
    title: str = ""
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
        title = self.title or self.name.replace("_", " ")
        return f"{title}, {self.unit}" if self.unit else title

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
# fmt: off
_TABLE = (
    Metric("loss", False, (*_CLASSES, *_NUMBERS, *_TEXT), ("always",), low=0,
           help="mean loss in eval mode without penalties: nats, or squared error of the scaled target"),
    Metric("accuracy", True, _CLASSES, ("score", "evaluate"), **_PERCENT, in_tables=True, of_examples=True,
           help="fraction of correctly classified examples, in eval mode"),
    Metric("balanced_accuracy", True, _CLASSES, ("request",), **_PERCENT,
           help="mean recall over the classes that occur among the targets"),
    Metric("f1", True, _CLASSES, ("request",), title="F1", **_PERCENT,
           help="macro F1: mean F1 over the classes that occur among targets or predictions"),
    Metric("auroc", True, _CLASSES, ("request",), title="AUROC", **_PERCENT,
           help="area under the ROC curve: of the second of two classes, else the one-vs-rest mean over classes; nan "
           "if a class does not occur"),
    Metric("average_precision", True, _CLASSES, ("request",), **_PERCENT,
           help="average precision over recall steps: of the second of two classes, else the mean over classes; nan "
           "if a class does not occur"),
    Metric("nll", False, (*_CLASSES, *_TEXT), ("request", "evaluate"), title="NLL", low=0, in_tables=True,
           help="mean negative log-probability of the true class or token, in nats; on request for classification "
           "only"),
    Metric("brier", False, _CLASSES, ("evaluate",), title="Brier score", low=0, high=2,
           help="squared difference between probabilities and one-hot target, summed over classes, mean over examples"),
    Metric("ece", False, _CLASSES, ("request", "evaluate"), title="ECE", **_PERCENT, in_tables=True,
           help="expected calibration error over bins of equal width; 15 bins on request, infer.bins bins in an "
           "evaluation"),
    Metric("ece_adaptive", False, _CLASSES, ("evaluate",), title="adaptive ECE", **_PERCENT,
           help="expected calibration error over bins with equal numbers of examples"),
    Metric("aurc", False, _CLASSES, ("evaluate",), title="AURC", low=0, high=1,
           help="area under the risk-coverage curve"),
    Metric("entropy", None, _CLASSES, ("evaluate",), low=0,
           help="mean entropy of the predictions, in nats"),
    Metric("mutual_information", None, _CLASSES, ("evaluate",), low=0,
           help="mean mutual information between class and network"),
    Metric("variation_ratio", None, _CLASSES, ("evaluate",), low=0, high=1,
           help="mean fraction of passes that do not predict the most frequent class"),
    Metric("variance", None, (*_CLASSES, *_NUMBERS), ("evaluate",), low=0,
           help="mean variance of the predictions over passes"),
    Metric("rmse", False, _NUMBERS, ("score", "evaluate"), digits=3, low=0, in_tables=True, on_validation=True,
           help="root mean squared error in the target's unit, regression only"),
    Metric("mae", False, _NUMBERS, ("request",), title="MAE", digits=3, low=0,
           help="mean absolute error in the target's unit"),
    Metric("r2", True, _NUMBERS, ("request",), title="R2", digits=3, high=1,
           help="coefficient of determination, mean over the targets; below 0 if worse than predicting their mean"),
    Metric("log_likelihood", True, _NUMBERS, ("evaluate",), title="log-likelihood", digits=3, in_tables=True,
           on_validation=True,
           help="mean log-likelihood of the target, in nats"),
    Metric("tau", None, _NUMBERS, ("evaluate",), low=0,
           help="noise precision, selected on the validation set"),
    Metric("perplexity", False, _TEXT, ("score", "evaluate"), digits=2, low=1, in_tables=True,
           help="exponential of the mean loss per token, language models only"),
    Metric("bits_per_character", False, _TEXT, ("always",), digits=3, low=0,
           help="mean loss per character in bits, character language models only"),
)
# fmt: on
METRICS = {metric.name: metric for metric in _TABLE}
LOSS = METRICS["loss"]
SCORES = tuple(metric for metric in _TABLE if "score" in metric.measured)
# Measured in every trial of their tasks, except the loss.
TRIAL_METRICS = tuple(metric for metric in _TABLE if {"score", "always"} & set(metric.measured) and metric is not LOSS)
REQUESTED_METRICS = tuple(metric for metric in _TABLE if "request" in metric.measured)
REQUESTED = tuple(metric.name for metric in REQUESTED_METRICS)
EVALUATION_METRICS = tuple(metric for metric in _TABLE if "evaluate" in metric.measured)


def score_of(task: str) -> Metric:
    """Return the score by which trials of a task are compared."""
    return next(metric for metric in SCORES if task in metric.tasks)


# Columns that early stopping and tuning may read.
MONITORED = tuple(f"val_{metric.name}" for metric in (LOSS, *SCORES, *REQUESTED_METRICS))
CONFUSION = "confusion"  # the confusion matrix, which metrics= requests like a metric


def requestable(task: str) -> list[str]:
    """Return the names of the metrics that ``metrics=`` can request for a task.

    Language models support none: their outputs are too large to keep those of a whole split.
    """
    return [metric.name for metric in REQUESTED_METRICS if task in metric.tasks and task != "language"]


def requested_columns(names: Iterable[str] = REQUESTED) -> list[str]:
    """Return the columns of these metrics on request; the training set has none, as its outputs are not kept."""
    return [column for name in names for column in split_columns(METRICS[name], ("val", "test"))]


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
