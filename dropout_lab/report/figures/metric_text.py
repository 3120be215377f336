"""Title, unit, scale and direction of each column that figures, tables and reports can show."""

from dataclasses import dataclass

import pandas as pd

from dropout_lab.metrics import PARTS, metric_of
from dropout_lab.report.summary import metric_column, percent_score

_PARTS = dict(zip(PARTS, ("training", "validation", "test"), strict=True))
# Columns that are no metrics of a network: title and unit, decimal places, whether higher is better.
_OTHERS: dict[str, tuple[str, str, int, bool | None]] = {
    "train_seconds": ("training time per trial", "s", 2, False),
    "seconds_per_epoch": ("training time per epoch", "s", 4, False),
    "epochs_run": ("epochs", "", 1, None),
    "best_epoch": ("best epoch", "", 1, None),
    "parameters": ("parameters", "", 0, None),
    "active_parameters": ("active parameters", "", 0, None),
    "drop_fraction": ("fraction dropped", "", 3, None),
}


@dataclass(frozen=True)
class MetricText:
    """Labels and format of a metric.

    Args:
        title: name of the metric.
        unit: its unit; empty if it has none.
        scale: factor from the stored value to the shown unit.
        digits: number of decimal places.
        higher: whether a higher value is better; None if neither is.
    """

    title: str
    unit: str
    scale: float
    digits: int
    higher: bool | None

    @property
    def label(self) -> str:
        """Title and unit, as on an axis."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


def describe_metric(name: str, trials: pd.DataFrame) -> MetricText:
    """Return how a column of ``trials.csv`` or ``curves.csv`` is shown; unknown columns keep their name."""
    if name == "gap":
        shown = metric_column("gap", trials)
        percent = percent_score(trials) is not None
        title, unit = ("gap: train - test", "points") if percent else ("gap: test - train", "")
        return MetricText(title, unit, shown.scale, shown.digits, None)
    if name in _OTHERS:
        title, unit, digits, higher = _OTHERS[name]
        return MetricText(title, unit, 1, digits, higher)
    metric = metric_of(name)
    if metric is None:
        return MetricText(name, "", 1, 4, None)
    part = name.partition("_")[0]
    title = f"{_PARTS.get(part, '')} {metric.title or metric.name.replace('_', ' ')}".strip()
    title = title if name != metric.name else metric.title or metric.name.replace("_", " ")
    return MetricText(title, metric.unit, metric.scale, metric.digits, metric.higher_is_better)
