"""Learning curves as columns of numbers, for checkpoints."""

from collections.abc import Mapping, Sequence
from typing import Any

LABELS = ("trial_id", "epoch")


def to_columns(curve: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the columns of a learning curve with one row per epoch.

    The id of the trial and the number of the epoch are left out.
    """
    names = [name for name in curve[0] if name not in LABELS] if curve else []
    return {name: [row[name] for row in curve] for name in names}


def from_columns(columns: Mapping[str, Sequence[Any]], trial_id: str) -> list[dict[str, Any]]:
    """Return the learning curve of a trial whose columns are given."""
    rows = zip(*columns.values(), strict=True)
    return [
        {"trial_id": trial_id, "epoch": epoch} | dict(zip(columns, row, strict=True))
        for epoch, row in enumerate(rows, 1)
    ]
