"""Learning curves as columns of numbers, for checkpoints."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

LABELS = ("trial_id", "epoch")


def to_columns(curve: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
    """Return the columns of a learning curve with one row per epoch, float64 [epochs] each.

    The id of the trial and the number of the epoch are left out.
    """
    names = [name for name in curve[0] if name not in LABELS] if curve else []
    return {name: torch.tensor([row[name] for row in curve], dtype=torch.float64) for name in names}


def from_columns(columns: Mapping[str, Tensor], trial_id: str) -> list[dict[str, Any]]:
    """Return the learning curve of a trial whose columns are given."""
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    labelled = ({"trial_id": trial_id, "epoch": epoch} for epoch in range(1, len(next(iter(columns.values()), ())) + 1))
    return [label | dict(zip(columns, row, strict=True)) for label, row in zip(labelled, rows, strict=True)]
