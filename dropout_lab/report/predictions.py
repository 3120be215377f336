"""Reading of the predictions per test example that ``save_predictions=true`` saves in ``predictions/``."""

from pathlib import Path

import numpy as np


def load_predictions(folder: str | Path, trial_id: str, way: str = "") -> dict[str, np.ndarray]:
    """Return the saved arrays of one trial.

    Args:
        folder: sweep folder.
        trial_id: trial id as in ``trials.csv``.
        way: name of an evaluation as in the file name, such as ``monte_carlo-100-probabilities``; empty for the
            predictions behind the trial's own scores.

    Returns:
        ``prediction`` [N], ``target`` [N] and, unless the data set is a text corpus, ``rows`` [N], the row numbers in
        the data set. An evaluation also has ``probabilities`` [N, K] or ``log_likelihood`` [N], and uncertainty
        scores [N]. Empty if no predictions were saved.

    Raises:
        ValueError: the file is damaged.
    """
    path = Path(folder) / "predictions" / f"{trial_id}{way and '-'}{way}.npz"
    if not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            predictions = {name: arrays[name] for name in arrays.files}
        if predictions["prediction"].shape != predictions["target"].shape:
            raise ValueError("its arrays differ in length")
    except MemoryError:
        raise
    except Exception as error:  # zipfile, zlib and numpy raise many types on damaged bytes
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise ValueError(f"{path}: cannot be read ({reason}); delete it and train again") from None
    return predictions


def correct_examples(folder: str | Path, trial_id: str) -> np.ndarray | None:
    """Return whether each test example [N] is classified correctly.

    Returns None if no predictions were saved or the task is not a classification.
    """
    arrays = load_predictions(folder, trial_id)
    if not arrays or arrays["target"].dtype.kind == "f":
        return None
    return np.asarray(arrays["prediction"] == arrays["target"])
