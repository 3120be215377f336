"""Reading a sweep folder back."""

from pathlib import Path

import pandas as pd

# Words of ours that look like numbers or like a missing value to a CSV reader.
_WORDS = ("trial_id", "status", "data", "model", "variant", "schedule", "regularizer", "device", "precision", "version")


def read(folder: str | Path) -> pd.DataFrame:
    """``trials.csv`` with one row a trial; empty cells are NaN, ``rate`` is a number unless a list such as 0.2/0.5 is
    among its values."""
    return _read(Path(folder) / "trials.csv")


def read_curves(folder: str | Path) -> pd.DataFrame:
    """``curves.csv`` with one row a trial and epoch."""
    return _read(Path(folder) / "curves.csv")


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=dict.fromkeys(_WORDS, str), keep_default_na=False, na_values=["", "nan"])
