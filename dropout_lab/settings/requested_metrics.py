"""Validators of the settings that name metrics."""

from typing import Any

from dropout_lab.errors import list_allowed
from dropout_lab.metrics import CONFUSION, MONITORED, REQUESTED, SCORES

METRICS_ALLOWED = "a list of metrics; see `dropout-lab list metrics`"


def check_metrics(value: Any) -> list[str]:
    """Check the names of the requested metrics, and return them in the order of the table of metrics.

    Scores are measured in any case; whether a metric fits the task is checked when the data are known.
    """
    items = list(value) if isinstance(value, list | tuple) else [value]
    known = [*(metric.name for metric in SCORES), *REQUESTED, CONFUSION]
    for item in items:
        if item not in known:
            name = repr(item) if isinstance(item, str) else str(item)
            raise ValueError(f"{name} cannot be requested; {list_allowed(item, known)}")
    return [name for name in known if name in items]


MONITOR_ALLOWED = "val_loss, or val_ and the name of a metric such as val_f1; see `dropout-lab list metrics`"


def check_monitor(value: Any) -> str:
    """Check the name of the validation column that early stopping or tuning reads."""
    if value not in MONITORED:
        split = f"val_{value}"
        raise ValueError(f"did you mean {split!r}?" if split in MONITORED else list_allowed(value, MONITORED))
    return str(value)


def check_tuning_metric(value: Any) -> str:
    """Check the same for tuning, where ``auto`` stands for the score of the task."""
    return "auto" if value == "auto" else check_monitor(value)
