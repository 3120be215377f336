"""Title, unit, scale and direction of each column that figures, tables and reports can show."""

from dataclasses import dataclass

import pandas as pd

from dropout_lab.report.summary import SCORES, metric_column

_PARTS = {"train": "training", "val": "validation", "test": "test"}
# title, unit, scale, decimal places, whether higher is better
_KINDS: dict[str, tuple[str, str, float, int, bool | None]] = {
    "accuracy": ("accuracy", "%", 100, 2, True),
    "rmse": ("RMSE", "", 1, 3, False),
    "perplexity": ("perplexity", "", 1, 2, False),
    "bits_per_character": ("bits per character", "", 1, 3, False),
    "loss": ("loss", "", 1, 4, False),
    "train_seconds": ("training time per trial", "s", 1, 2, False),
    "seconds_per_epoch": ("training time per epoch", "s", 1, 4, False),
    "epochs_run": ("epochs", "", 1, 1, None),
    "best_epoch": ("best epoch", "", 1, 1, None),
    "parameters": ("parameters", "", 1, 0, None),
    "active_parameters": ("active parameters", "", 1, 0, None),
    "drop_fraction": ("fraction dropped", "", 1, 3, None),
    "majority_accuracy": ("accuracy of the most frequent class", "%", 100, 2, None),
}


@dataclass(frozen=True)
class MetricText:
    """How a metric is shown.

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
        accuracies = shown.scale != 1
        return MetricText(
            "gap: train - test" if accuracies else "gap: test - train",
            "points" if accuracies else "",
            shown.scale,
            shown.digits,
            None,
        )
    if name in _KINDS:
        return MetricText(*_KINDS[name])
    part, _, kind = name.partition("_")
    if part in _PARTS and kind in _KINDS:
        title, unit, scale, digits, higher = _KINDS[kind]
        digits = SCORES[name].digits if name in SCORES else digits
        return MetricText(f"{_PARTS[part]} {title}", unit, scale, digits, higher)
    return MetricText(name, "", 1, 4, None)
