"""Tables of the user in a ``.csv`` file: a line of column names, then one example per line.

Every column but the target is a feature.
"""

import csv
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.dataset import DataError
from dropout_lab.data.labels import NUMBERS, target_of


def read_csv(path: Path, target: str, task: str) -> Arrays:
    """Decode a ``.csv`` to x, y and, where there are any, the names of the classes.

    Raises:
        DataError: no such column or two of a name, or a cell that is not a number, named by line and column.
    """
    frame = _frame(path)
    with path.open(newline="") as file:
        twice = [name for name, count in Counter(next(csv.reader(file), [])).items() if count > 1]
    if twice:
        raise DataError(f"{path}: line 1 has more than one column {twice[0]!r}")
    names = ", ".join(map(str, frame.columns[:12])) + (", ..." if len(frame.columns) > 12 else "")
    if target not in frame.columns:
        said = f"data.target={target}: no such column in {path}" if target else f"{path}: needs data.target=COLUMN"
        raise DataError(f"{said}; it has {names}")
    if not len(frame) or len(frame.columns) < 2:
        raise DataError(f"{path}: must have a line of column names, a feature beside the target, and a line of numbers")
    features = frame.drop(columns=target)
    for name in features:
        _numeric(path, frame, name)
    words = frame[target].dtype.kind not in NUMBERS
    if not words or task == "regression":
        _numeric(path, frame, target)
    elif frame[target].isna().any():
        raise DataError(f"{path}: line {int(frame[target].isna().argmax()) + 2}, column {target!r}: holds no value")
    y = frame[target].to_numpy(str) if words else frame[target].to_numpy()
    return {"x": np.array(features, np.float64, order="C"), **target_of(path, y, task)}


def _frame(path: Path) -> Any:
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # longer lines than the first would be cut
            frame = pd.read_csv(path, index_col=False, skip_blank_lines=False, low_memory=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning, ValueError) as error:
        reason = str(error).splitlines()[0].removeprefix("Error tokenizing data. C error: ")
        raise DataError(f"{path}: cannot be read as CSV ({reason})") from None
    blank = frame.isna().all(axis=1).to_numpy()[::-1]
    return frame.iloc[: len(frame) - (int(np.argmin(blank)) if not blank.all() else len(frame))]


def _numeric(path: Path, frame: Any, name: str) -> None:
    """Raise DataError for the first cell of a column that is not a finite number."""
    import pandas as pd

    numbers = pd.to_numeric(frame[name], errors="coerce").to_numpy(float)
    if frame[name].dtype.kind in NUMBERS and np.isfinite(numbers).all():
        return
    row = int(np.argmin(np.isfinite(numbers)))
    cell = frame[name].iloc[row]
    # The parser makes the same of an empty cell, of one such as nan, and of a line that is too short.
    problem = "holds no value" if pd.isna(cell) else f"{str(cell)!r} is not a finite number"
    raise DataError(f"{path}: line {row + 2}, column {name!r}: {problem}")
