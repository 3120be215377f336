"""Data sets that ship inside scikit-learn: no download, the same bytes everywhere."""

from collections.abc import Callable

import numpy as np

from dropout_lab.data.dataset import Dataset


def digits() -> Dataset:
    """1,797 handwritten digits of 8x8 pixels with 17 grey levels, scaled to [0, 1] (UCI, Alpaydin and Kaynak 1998)."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    images = (raw.images / 16).astype(np.float32)[:, None]
    return Dataset("digits", "classification", images, raw.target.astype(np.int64), tuple(map(str, raw.target_names)))


def breast_cancer() -> Dataset:
    """569 tumours described by 30 measurements, malignant or benign (UCI, Wolberg et al. 1995)."""
    from sklearn.datasets import load_breast_cancer

    return _table("breast_cancer", load_breast_cancer())


def wine() -> Dataset:
    """178 wines of three cultivars described by 13 measurements (UCI, Forina et al. 1991)."""
    from sklearn.datasets import load_wine

    return _table("wine", load_wine())


def iris() -> Dataset:
    """150 irises of three species described by 4 measurements (UCI, Fisher 1936)."""
    from sklearn.datasets import load_iris

    return _table("iris", load_iris())


def diabetes() -> Dataset:
    """442 patients, 10 measurements, disease progression after a year as the target (Efron et al. 2004)."""
    from sklearn.datasets import load_diabetes

    raw = load_diabetes()
    x, y = raw.data.astype(np.float32), raw.target.astype(np.float32)
    return Dataset("diabetes", "regression", x, y)


def _table(name: str, raw: object) -> Dataset:
    x, y = raw.data.astype(np.float32), raw.target.astype(np.int64)  # type: ignore[attr-defined]
    names = tuple(str(n) for n in raw.target_names)  # type: ignore[attr-defined]
    return Dataset(name, "classification", x, y, names)


SHIPPED: dict[str, Callable[[], Dataset]] = {f.__name__: f for f in (digits, breast_cancer, wine, iris, diabetes)}
