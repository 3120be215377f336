"""Smallest and largest possible value of each metric, by the name of its column."""

import math

from dropout_lab.stats.intervals import UNBOUNDED, Bounds

FRACTION = (0.0, 1.0)
POSITIVE = (0.0, math.inf)
_BOUNDS: dict[Bounds, str] = {
    FRACTION: "accuracy majority_accuracy ece ece_adaptive aurc auroc fpr95 variation_ratio drop_fraction "
    "zero_activations rate risk confidence",
    (0.0, 2.0): "brier",
    (1.0, math.inf): "perplexity",
    POSITIVE: "loss nll rmse bits_per_character entropy mutual_information variance tau seconds seconds_per_epoch "
    "train_seconds epochs_run best_epoch parameters active_parameters solo_step_ms",
}
_BY_NAME = {name: bounds for bounds, names in _BOUNDS.items() for name in names.split()}
_PARTS = ("train_", "val_", "test_")


def bounds_of(name: str) -> Bounds:
    """Return the bounds of a metric such as ``test_accuracy`` or ``ece``.

    The bounds are infinite for a log-likelihood and for unknown names.
    """
    part = next((part for part in _PARTS if name.startswith(part)), "")
    return _BY_NAME.get(name) or _BY_NAME.get(name.removeprefix(part), UNBOUNDED)


def difference_bounds(bounds: Bounds) -> Bounds:
    """Return the bounds of the difference of two values within these bounds."""
    low, high = bounds
    return (low - high, high - low) if math.isfinite(high - low) else UNBOUNDED
