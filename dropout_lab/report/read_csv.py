"""Reading of the CSV files of a sweep folder."""

from collections.abc import Collection, Hashable
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_lab.report.summary import METRICS
from dropout_lab.settings.former_names import FORMER_COLUMNS, FORMER_VALUES

# Columns of text whose values can look like numbers or missing values to a CSV reader.
_WORDS = (
    *("trial_id", "status", "data", "model", "variant", "schedule", "regularizer"),
    *("device", "precision", "version", "lr_schedule"),
)

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
    return parse_csv(path) if path.exists() else pd.DataFrame({"trial_id": pd.Series(dtype=str)})


def _read(path: Path) -> pd.DataFrame:
    frame = parse_csv(path)
    key = ["trial_id", "epoch"] if "epoch" in frame.columns else ["trial_id"]
    return frame.drop_duplicates(key, keep="last", ignore_index=True)  # merging two folders can repeat rows


def parse_csv(path: Path, words: Collection[str] = _WORDS, numbers: Collection[str] = METRICS) -> pd.DataFrame:
    """Read a CSV file of a sweep folder.

    Args:
        path: the file.
        words: columns of text.
        numbers: columns of numbers.

    Raises:
        ValueError: the file is damaged; the message names the file and, for a cell, its line and column.
    """
    types: dict[Hashable, Any] = dict.fromkeys(words, str)
    types |= {former: str for former, column in FORMER_COLUMNS.items() if column in words}
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        raise ValueError(f"{path}: its last line is incomplete; rerun the command that wrote it to repair the file")
    try:
        frame = pd.read_csv(
            BytesIO(content), dtype=types, keep_default_na=False, na_values=["", "nan"], low_memory=False
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0].removeprefix("Error tokenizing data. C error: ")
        raise ValueError(f"{path}: cannot be read as CSV ({reason})") from None
    frame = _with_current_names(frame)
    if "status" in frame:
        _refuse_cells(path, frame, "status", ~frame["status"].isin(STATUSES), f"one of {', '.join(sorted(STATUSES))}")
        if "seed" in frame:
            seeds = pd.to_numeric(frame["seed"], errors="coerce")
            _refuse_cells(path, frame, "seed", ~(seeds >= 0) | (seeds % 1 != 0), "a whole number")
            frame["seed"] = seeds.astype("int64")
    for name in [name for name in numbers if name in frame.columns]:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            wrong = pd.to_numeric(frame[name], errors="coerce").isna() & frame[name].notna()
            _refuse_cells(path, frame, name, wrong, "a number")
            frame[name] = pd.to_numeric(frame[name])
    return frame.copy()  # in one block: pandas warns if columns are added to more than 100 of them


def _with_current_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table of a file of an older version under the current names of its columns and values."""
    for former, column in FORMER_COLUMNS.items():
        if former in frame and column in frame:  # rows of several versions
            frame = frame.assign(**{column: frame[column].where(frame[column].notna(), frame[former])})
    former_names = {former: column for former, column in FORMER_COLUMNS.items() if former in frame}
    frame = frame.drop(columns=[former for former, column in former_names.items() if column in frame])
    return frame.rename(columns=former_names).replace({k: v for k, v in FORMER_VALUES.items() if k in frame})


def _refuse_cells(path: Path, frame: pd.DataFrame, name: str, wrong: "pd.Series[bool]", allowed: str) -> None:
    """Raise ValueError for the first row in which ``wrong`` is true."""
    if wrong.any():
        place = int(wrong.to_numpy().argmax())
        cell = frame[name].iloc[place]
        shown = "an empty cell" if pd.isna(cell) else repr(str(cell)[:40])
        raise ValueError(
            f"{path}: line {place + 2}, column {name}: {shown} is not {allowed}; correct or delete the line"
        )
