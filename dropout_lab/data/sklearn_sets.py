"""Data sets that ship with scikit-learn: no download, and the same bytes everywhere."""

from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np

from dropout_lab.data.cache import Arrays, load_or_decode
from dropout_lab.data.dataset import Dataset
from dropout_lab.data.paths import user_cache_folder
from dropout_lab.data.source import DataSource


class ShippedSource(DataSource):
    """Data sets that ship with scikit-learn."""

    kinds: ClassVar[tuple[str, ...]] = ("digits", "breast_cancer", "wine", "iris", "diabetes")


def digits() -> Dataset:
    """Return 1,797 handwritten 8x8 digits with 17 grey levels, scaled to [0, 1] (UCI, Alpaydin and Kaynak 1998)."""
    bunch = _shipped("digits")
    images = (bunch["x"] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    return Dataset("digits", "classification", images, bunch["y"].astype(np.int64), _names(bunch))


def breast_cancer() -> Dataset:
    """Return 569 tumours with 30 measurements, malignant or benign (UCI, Wolberg et al. 1995)."""
    return _classes("breast_cancer")


def wine() -> Dataset:
    """Return 178 wines of three cultivars with 13 measurements (UCI, Forina et al. 1991)."""
    return _classes("wine")


def iris() -> Dataset:
    """Return 150 irises of three species with 4 measurements (UCI, Fisher 1936)."""
    return _classes("iris")


def diabetes() -> Dataset:
    """Return 442 patients with 10 measurements; the target is disease progression after a year (Efron et al. 2004)."""
    bunch = _shipped("diabetes")
    return Dataset("diabetes", "regression", bunch["x"].astype(np.float32), bunch["y"].astype(np.float32))


def _classes(name: str) -> Dataset:
    bunch = _shipped(name)
    return Dataset(name, "classification", bunch["x"].astype(np.float32), bunch["y"].astype(np.int64), _names(bunch))


def _names(bunch: Arrays) -> tuple[str, ...]:
    return tuple(str(name) for name in bunch["names"])


def _shipped(name: str) -> Arrays:
    """Return a data set of scikit-learn, from the cache where possible, because importing scikit-learn is slow."""

    def read() -> Arrays:
        from sklearn import datasets

        raw = getattr(datasets, f"load_{name}")()
        return {"x": raw.data, "y": raw.target, "names": np.array(raw.get("target_names", ()), dtype=np.str_)}

    package = find_spec("sklearn")
    assert package is not None
    assert package.origin is not None
    return load_or_decode(name, [Path(package.origin)], user_cache_folder(), read, version("scikit-learn"))


SHIPPED: dict[str, Callable[[], Dataset]] = {f.__name__: f for f in (digits, breast_cancer, wine, iris, diabetes)}
