"""What is predicted for each test example: a file of arrays a trial, and one a trial and way of inference."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def predictions_path(folder: str | Path, trial_id: str, way: str = "") -> Path:
    """Where they are, if they are kept; ``report/predictions.py`` reads them there.

    Args:
        way: of an evaluation; empty for what the trial itself was scored by.
    """
    return Path(folder) / "predictions" / f"{trial_id}{way and '-'}{way}.npz"


def store_predictions(folder: str | Path, trial_id: str, arrays: Mapping[str, np.ndarray], way: str = "") -> None:
    """Keep ``prediction`` and ``target`` [N], ``rows`` [N] of the data set unless that is a running text, and whatever
    else is known of each example; whole or not at all, without pickles."""
    path = predictions_path(folder, trial_id, way)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.stem}.{os.getpid()}.new.npz")
    small = {name: _small(values) for name, values in arrays.items()}
    np.savez_compressed(new, **small)  # type: ignore[arg-type]
    new.replace(path)


def _small(values: np.ndarray) -> np.ndarray:
    """Whole numbers in as few bytes as they fit into."""
    return values.astype(np.min_scalar_type(values.max())) if values.dtype.kind in "iu" and values.size else values
