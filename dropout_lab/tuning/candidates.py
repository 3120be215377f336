"""Settings that a search tried, and their scores on the validation set."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from dropout_lab.metrics import SCORES, Metric, metric_of
from dropout_lab.settings.fields import round_decimal
from dropout_lab.tuning.samplers import Settings

VALIDATION_SCORES = [f"val_{metric.name}" for metric in SCORES]


def readable_columns(metric: str) -> list[str]:
    """Return the columns that a choice may depend on: the status, the loss, and those that the score may come from.

    Args:
        metric: the setting ``tuning_metric``.
    """
    return list(dict.fromkeys(["status", "val_loss", *([metric] if metric != "auto" else VALIDATION_SCORES)]))


@dataclass(frozen=True)
class Candidate:
    """A setting that was tried.

    Args:
        settings: values by key.
        trials: ids of its trials.
        score: mean validation score of the trials with status ``ok``; nan if there are none.
        loss: mean validation loss of the same trials.
        lost: number of trials that diverged or failed.
        metric: the metric of the score.
    """

    settings: Settings
    trials: tuple[str, ...] = ()
    score: float = math.nan
    loss: float = math.nan
    lost: int = 0
    metric: Metric = SCORES[0]

    @property
    def rank(self) -> tuple[float, float, float]:
        """Sort key, lower is better: number of lost trials, then cost, then loss."""
        cost, loss = (math.inf if math.isnan(value) else value for value in (self.cost, self.loss))
        return self.lost, cost, loss

    @property
    def cost(self) -> float:
        """The score with its sign chosen so that lower is better."""
        return self.metric.cost(self.score)


def score_candidate(settings: Settings, ids: tuple[str, ...], rows: Sequence[Mapping[str, str]]) -> Candidate:
    """Return a candidate with the mean validation score and loss of its trials.

    Args:
        settings: values by key.
        ids: ids of the trials.
        rows: the columns :func:`readable_columns` of the trials; the score is the first one after the loss that has
            values, or the loss if there is no other one.
    """
    ok = [row for row in rows if row["status"] == "ok"]
    columns = [name for name in (rows[0] if rows else VALIDATION_SCORES) if name not in ("status", "val_loss")]
    columns = columns or ["val_loss"]
    name = next((name for name in columns if any(row[name] for row in ok)), columns[0])
    score, loss = (
        round_decimal(fmean(float(row[key]) for row in ok)) if ok else math.nan for key in (name, "val_loss")
    )
    return Candidate(settings, ids, score, loss, len(rows) - len(ok), _metric(name))


def _metric(column: str) -> Metric:
    metric = metric_of(column)
    assert metric is not None
    return metric
