"""What trials predict of each test example, as ``save_predictions=true`` keeps it in the private part of a folder."""

from pathlib import Path

import numpy as np


def load(folder: str | Path, trial_id: str) -> dict[str, np.ndarray]:
    """The arrays of one trial: ``prediction``, ``target`` and, unless the data are a running text, ``rows`` of the data
    set, [N] each; empty if they were not kept."""
    path = Path(folder) / ".dropout-lab" / "predictions" / f"{trial_id}.npz"
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def right(folder: str | Path, trial_id: str) -> np.ndarray | None:
    """Whether each test example [N] is classified rightly; None if that was not kept, or the task has no classes."""
    arrays = load(folder, trial_id)
    if not arrays or arrays["target"].dtype.kind == "f":
        return None
    return np.asarray(arrays["prediction"] == arrays["target"])
