"""What comes out of a trial."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from torch import Tensor

Status = Literal["ok", "diverged", "failed"]


@dataclass
class TrialResult:
    """The measured columns of one trial, and its learning curve.

    Args:
        status: ``diverged`` if the loss stopped being finite, ``failed`` if the program could not train it.
        measured: columns of ``trials.csv`` other than the settings.
        curve: one row an epoch, columns of ``curves.csv``.
        error: why it failed.
        predictions: of the test examples, [N] each: ``target`` and ``prediction``, and ``rows`` of the data set unless
            it is a running text; empty unless they are asked for.
        weights: the final parameters, with buffers and what the variant learned, where they are to be kept.
        moment: progress and stalls of the training that the rates in force with them belong to.
    """

    status: Status
    measured: dict[str, Any] = field(default_factory=dict)
    curve: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    predictions: dict[str, np.ndarray] = field(default_factory=dict)
    weights: dict[str, Tensor] = field(default_factory=dict)
    moment: tuple[float, float] = (0.0, 0.0)
