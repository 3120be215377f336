"""Files of test-set predictions: one NumPy archive per trial, and one per trial and inference method."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dropout_lab.files import make_folder, write_atomically


def predictions_path(folder: str | Path, trial_id: str, way: str = "") -> Path:
    """Return the path of a trial's predictions; the file exists only if they were saved.

    Args:
        folder: the sweep folder, where ``report/predictions.py`` reads the files.
        trial_id: id of the trial.
        way: name of the inference method of an evaluation; empty for the predictions that the trial was scored on.
    """
    return Path(folder) / "predictions" / f"{trial_id}{way and '-'}{way}.npz"


def store_predictions(folder: str | Path, trial_id: str, arrays: Mapping[str, np.ndarray], way: str = "") -> None:
    """Write the predictions of a trial, without pickles; they are on the disk when this returns.

    Args:
        folder: the sweep folder.
        trial_id: id of the trial.
        arrays: ``prediction`` and ``target`` [N], ``rows`` [N] of the data set unless it is a running text, and further
            arrays over the examples.
        way: as for :func:`predictions_path`.
    """
    path = predictions_path(folder, trial_id, way)
    make_folder(path.parent)
    small = {name: _small(values) for name, values in arrays.items()}
    write_atomically(path, lambda new: np.savez_compressed(new, **small))  # type: ignore[arg-type]


def _small(values: np.ndarray) -> np.ndarray:
    """Cast integers to the smallest integer type that holds them."""
    return values.astype(np.min_scalar_type(values.max())) if values.dtype.kind in "iu" and values.size else values
