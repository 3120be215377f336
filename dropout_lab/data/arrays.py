"""Arrays of the user in an ``.npz`` file.

The file holds ``x`` [N, F], [N, H, W] or [N, C, H, W] and ``y`` [N]; with ``x_test`` and ``y_test`` its test set is
fixed. Images of type uint8 stand for value / 255.
"""

import zipfile
from pathlib import Path

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.dataset import DataError
from dropout_lab.data.labels import NUMBERS, target_of


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
