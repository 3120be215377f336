"""Columns of ``trials.csv`` and ``curves.csv``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dropout_lab.config import list_settings
from dropout_lab.metrics import LOSS, SCORES, TRIAL_METRICS, requested_columns, split_columns

# Public contract: these columns in this order. Columns after them may be added.
_FIRST, *_OTHERS = TRIAL_METRICS
COLUMNS = [
    *"trial_id,status,data,model,variant,schedule,regularizer,rate,input_rate,l1,l2,max_norm,early_stopping".split(","),
    *("seed", *split_columns(_FIRST), "gap", *split_columns(LOSS)),
    *"train_seconds,seconds_per_epoch,epochs_run,best_epoch,parameters,active_parameters,drop_fraction".split(","),
    *("pack_size", "device", "precision", "n_train", "version"),
]
OTHER_METRICS = [column for metric in _OTHERS for column in split_columns(metric)]
TEST_SET = ["n_test", "majority_accuracy"]
ACTIVITY = ["mean_activation", "activation_sparsity"]
# Written by every version; the columns after them may be missing from older files.
CURVES = ["trial_id", "epoch", "rate", "train_loss", *(f"val_{metric.name}" for metric in (LOSS, *SCORES))]
CURVE_COLUMNS = [*CURVES, "lr"]


def trial_columns(requested: Iterable[str] = ()) -> list[str]:
    """Return the header of ``trials.csv``: the contract, other measures, all other settings by key, and the columns of
    the requested metrics."""
    settings = [entry.column for entry in list_settings() if entry.spec.identity]
    further = requested_columns(requested)
    return list(dict.fromkeys([*COLUMNS, *OTHER_METRICS, *ACTIVITY, *TEST_SET, *settings, *further]))


def widen_header(header: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a header with the columns of requested metrics that these rows have in addition."""
    there = {name for row in rows for name in row}
    return [*header, *(name for name in requested_columns() if name in there and name not in header)]
