"""What is predicted for each test example, as ``save_predictions=true`` keeps it in ``predictions/`` of a folder."""

from pathlib import Path

import numpy as np


def load_predictions(folder: str | Path, trial_id: str, way: str = "") -> dict[str, np.ndarray]:
    """The arrays of one trial.

    Args:
        folder: of a sweep.
        trial_id: as in ``trials.csv``.
        way: of an evaluation, as its file is named: ``monte_carlo-100-probabilities``; empty for what the trial itself
            was scored by.

    Returns:
        ``prediction``, ``target`` and, unless the data are a running text, ``rows`` of the data set, [N] each; of an
        evaluation also ``probabilities`` [N, K] or ``log_likelihood`` [N], and measures of uncertainty [N]. Empty if
        they were not kept.
    """
    path = Path(folder) / "predictions" / f"{trial_id}{way and '-'}{way}.npz"
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def correct_examples(folder: str | Path, trial_id: str) -> np.ndarray | None:
    """Whether each test example [N] is classified rightly; None if that was not kept, or the task has no classes."""
    arrays = load_predictions(folder, trial_id)
    if not arrays or arrays["target"].dtype.kind == "f":
        return None
    return np.asarray(arrays["prediction"] == arrays["target"])
