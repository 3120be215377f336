"""Smallest and largest possible value of each measured column, by its name."""

import math

from dropout_lab.metrics import metric_of
from dropout_lab.stats.intervals import UNBOUNDED, Bounds

FRACTION = (0.0, 1.0)
POSITIVE = (0.0, math.inf)
# Columns that are not in the table of metrics.
_BOUNDS: dict[Bounds, str] = {
    FRACTION: "majority_accuracy fpr95 drop_fraction activation_sparsity rate risk confidence",
    POSITIVE: "seconds seconds_per_epoch train_seconds epochs_run best_epoch parameters active_parameters solo_step_ms",
}
_BY_NAME = {name: bounds for bounds, names in _BOUNDS.items() for name in names.split()}


def bounds_of(name: str) -> Bounds:
    """Return the bounds of a metric such as ``test_accuracy`` or ``ece``.

    The bounds are infinite for a log-likelihood and for unknown names.
    """
    metric = metric_of(name)
    return metric.bounds if metric else _BY_NAME.get(name, UNBOUNDED)


def difference_bounds(bounds: Bounds) -> Bounds:
    """Return the bounds of the difference of two values within these bounds."""
    low, high = bounds
    return (low - high, high - low) if math.isfinite(high - low) else UNBOUNDED
