"""Reading of the CSV files of a sweep folder."""

from io import BytesIO
from pathlib import Path

import pandas as pd

from dropout_lab.report.summary import METRICS

# Columns of text whose values can look like numbers or missing values to a CSV reader.
_WORDS = (
    *("trial_id", "status", "data", "model", "variant", "schedule", "regularizer"),
    *("device", "precision", "version", "lr_schedule"),
)

_NUMBERS = set(METRICS)
STATUSES = {"ok", "diverged", "failed"}


def read_trials(folder: str | Path) -> pd.DataFrame:
    """Read ``trials.csv``.

    Returns:
        One row per trial. Empty cells are NaN. ``rate`` is numeric unless one of its values is a list such as
        ``0.2/0.5``.

    Raises:
        ValueError: the last line is incomplete, the file is not CSV, a status is unknown, or a metric is not a number.
    """
    return _read(Path(folder) / "trials.csv")


def read_curves(folder: str | Path) -> pd.DataFrame:
    """Read ``curves.csv``, with one row per trial and epoch."""
    return _read(Path(folder) / "curves.csv")


def read_table(path: Path) -> pd.DataFrame:
    """Read any file of a sweep folder that has a column ``trial_id``; return an empty table if there is no such file.

    Raises:
        ValueError: the last line is incomplete, the file is not CSV, or a metric is not a number.
    """
    if path.name == "curves.csv":
        return _read(path)
    return _parsed(path) if path.exists() else pd.DataFrame({"trial_id": pd.Series(dtype=str)})


def _read(path: Path) -> pd.DataFrame:
    frame = _parsed(path)
    key = ["trial_id", "epoch"] if "epoch" in frame.columns else ["trial_id"]
    return frame.drop_duplicates(key, keep="last", ignore_index=True)  # merging two folders can repeat rows


def _parsed(path: Path) -> pd.DataFrame:
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        raise ValueError(f"{path}: its last line is not whole; the command that wrote it mends that and goes on")
    try:
        frame = pd.read_csv(
            BytesIO(content), dtype=dict.fromkeys(_WORDS, str), keep_default_na=False, na_values=["", "nan"]
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0].removeprefix("Error tokenizing data. C error: ")
        raise ValueError(f"{path}: cannot be read as CSV ({reason})") from None
    if "status" in frame and (strange := set(frame["status"].dropna()) - STATUSES):
        raise ValueError(f"{path}: column status has {strange.pop()!r}, which is none of {', '.join(sorted(STATUSES))}")
    for name in _NUMBERS & set(frame.columns):
        if not pd.api.types.is_numeric_dtype(frame[name]):
            raise ValueError(f"{path}: column {name} has a cell that is no number")
    return frame.copy()  # in one block: pandas warns if columns are added to more than 100 of them
