"""Tables and stacks of images in files of the user's own: ``.npz`` and ``.csv``.

An ``.npz`` holds ``x`` [N, F], [N, H, W] or [N, C, H, W] and ``y`` [N]; with ``x_test`` and ``y_test`` its test part is
fixed. Images of bytes stand for value / 255. A ``.csv`` has a line of column names; every column but the target is a
feature.

The target is classes if it is words or at most 50 different whole numbers, unless ``task`` says otherwise.
"""

import csv
import warnings
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.dataset import DataError

MOST_CLASSES = 50
NUMBERS = "biuf"  # numpy's kinds of numbers


def read_npz(path: Path, task: str) -> Arrays:
    """Decode an ``.npz`` to x, y and, where there are any, the classes' names and the rows of the test part.

    Raises:
        DataError: it is broken, holds Python objects, or its arrays do not fit together.
    """
    if path.is_file() and not zipfile.is_zipfile(path):
        raise DataError(f"{path}: is no .npz file")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            arrays = {name: content[name] for name in ("x", "y", "x_test", "y_test") if name in content}
            names = ", ".join(content)
    except (
        ValueError,
        OSError,
        EOFError,
        TypeError,
        AttributeError,
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
    ) as error:
        if "pickle" in str(error):
            raise DataError(f"{path}: holds Python objects (a pickle), which are never loaded") from None
        raise DataError(f"{path}: is no .npz file or not whole ({error})") from None
    if "x" not in arrays or "y" not in arrays or ("x_test" in arrays) != ("y_test" in arrays):
        raise DataError(f"{path}: must hold x and y, and x_test with y_test if it has a test part; it holds {names}")
    for part in ("", "_test"):
        if f"x{part}" in arrays:
            arrays[f"x{part}"] = _examples(path, f"x{part}", arrays[f"x{part}"])
            arrays[f"y{part}"] = _column(path, f"y{part}", arrays[f"y{part}"], len(arrays[f"x{part}"]))
    fixed = "x_test" in arrays
    if fixed and arrays["x_test"].shape[1:] != arrays["x"].shape[1:]:
        shapes = " and ".join("x".join(map(str, arrays[name].shape[1:])) for name in ("x", "x_test"))
        raise DataError(f"{path}: the examples of x and x_test have different shapes, {shapes}")
    count = len(arrays["x"])
    x = np.concatenate([arrays["x"], arrays["x_test"]]) if fixed else arrays["x"]
    y = np.concatenate([arrays["y"], arrays["y_test"]]) if fixed else arrays["y"]
    return {"x": x, **target_of(path, y, task), **({"test": np.arange(count, len(x))} if fixed else {})}


def _examples(path: Path, name: str, x: np.ndarray) -> np.ndarray:
    if x.dtype.kind not in NUMBERS or x.ndim not in (2, 3, 4) or 0 in x.shape:
        shape = "x".join(map(str, x.shape))
        raise DataError(f"{path}: {name} is {shape} of {x.dtype}; must be numbers [N, F], [N, H, W] or [N, C, H, W]")
    x = x[:, None] if x.ndim == 3 else x
    if x.dtype == np.uint8 and x.ndim == 4:
        return x
    x = x.astype(np.float32)
    if not np.isfinite(x).all():
        row = int(np.argmin(np.isfinite(x.reshape(len(x), -1)).all(1)))
        raise DataError(f"{path}: {name} has a value in row {row} that is not finite")
    return x


def _column(path: Path, name: str, y: np.ndarray, count: int) -> np.ndarray:
    if y.shape not in ((count,), (count, 1)) or y.dtype.kind not in NUMBERS + "U":
        shape = "x".join(map(str, y.shape))
        raise DataError(f"{path}: {name} is {shape} of {y.dtype}; must be {count} numbers or words, one an example")
    return y.reshape(count)


def target_of(path: Path, y: np.ndarray, task: str) -> Arrays:
    """The targets y float32 [N], or class numbers y int64 [N] and the names of the classes.

    Args:
        path: the file, for messages.
        y: numbers or words [N].
        task: ``classification``, ``regression`` or ``auto``.

    Raises:
        DataError: they do not suit the task, or are not finite.
    """
    words = y.dtype.kind not in NUMBERS
    if not words and not np.isfinite(y).all():
        raise DataError(f"{path}: the target of row {int(np.argmin(np.isfinite(y)))} is not finite")
    whole = not words and bool((y == np.round(y)).all())
    if task == "auto":
        task = "classification" if words or (whole and len(np.unique(y)) <= MOST_CLASSES) else "regression"
    if task == "regression":
        if words:
            raise DataError(f"{path}: the target is words, such as {str(y[0])!r}; a regression needs numbers")
        return {"y": y.astype(np.float32)}
    values, numbers = np.unique(y.astype(np.int64) if whole else y, return_inverse=True)
    if len(values) < 2:
        raise DataError(f"{path}: the target is {values[0]} everywhere; a classification needs two classes")
    return {"y": numbers.astype(np.int64), "classes": np.array([str(value) for value in values])}


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
    return {"x": np.array(features, np.float32, order="C"), **target_of(path, y, task)}


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
