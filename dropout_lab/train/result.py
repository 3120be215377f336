"""Result of a trial."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from torch import Tensor

Status = Literal["ok", "diverged", "failed"]


@dataclass
class TrialResult:
    """Measured columns of one trial and its learning curve.

    Args:
        status: ``diverged`` if the loss became infinite or NaN, ``failed`` if the training raised an error.
        measured: columns of ``trials.csv`` other than the settings.
        curve: one row per epoch, with the columns of ``curves.csv``.
        error: message of a failed trial.
        predictions: ``target`` and ``prediction`` of the test examples, [N] each, and their ``rows`` in the dataset
            unless it is a running text; empty unless ``save_predictions`` is set.
        weights: final parameters, buffers and learned rates; empty unless ``save_weights`` is set.
        moment: progress of the training and number of stalls that determine the scheduled rates of these weights.
    """

    status: Status
    measured: dict[str, Any] = field(default_factory=dict)
    curve: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    predictions: dict[str, np.ndarray] = field(default_factory=dict)
    weights: dict[str, Tensor] = field(default_factory=dict)
    moment: tuple[float, float] = (0.0, 0.0)
