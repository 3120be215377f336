"""Values for the missing cells of tables, computed on the training split alone."""

from functools import lru_cache

import numpy as np

from dropout_lab.data import Dataset

FILLED = ("mean", "median")


@lru_cache(maxsize=8)
def incomplete(dataset: Dataset) -> np.ndarray:
    """Return which features have missing cells, bool [F]; only tables can have missing cells."""
    if not dataset.columns:
        return np.zeros(dataset.shape[:1], bool)
    return np.isnan(dataset.x).any(0)


def fill_of(dataset: Dataset, missing: str, rows: np.ndarray) -> np.ndarray:
    """Return the value that replaces the missing cells of each feature.

    Args:
        dataset: the whole dataset.
        missing: ``mean`` or ``median`` of the known cells. A categorical column is filled with its most frequent
            value; ties go to the alphabetically first one.
        rows: the training split of one trial; every feature must have a value there.

    Returns:
        float64 [F]; 0 for features without missing cells.
    """
    fill = np.zeros(dataset.shape, np.float64)
    lacking = np.flatnonzero(incomplete(dataset))
    if not len(lacking):
        return fill
    seen = dataset.x[rows][:, lacking]
    fill[lacking] = np.nanmean(seen, axis=0) if missing == "mean" else np.nanmedian(seen, axis=0)
    names = np.array(dataset.columns)
    for name in dict.fromkeys(names[lacking]):
        indicators = np.flatnonzero(names == name)
        if len(indicators) > 1:
            counts = np.nansum(dataset.x[rows][:, indicators], axis=0)
            fill[indicators] = np.arange(len(indicators)) == np.argmax(counts)
    return fill


def fewest_values(dataset: Dataset, rows: np.ndarray) -> tuple[int, str]:
    """Return the smallest number of known values of a feature in these rows, and the column of that feature."""
    lacking = np.flatnonzero(incomplete(dataset))
    if not len(lacking):
        return len(rows), ""
    counts = (~np.isnan(dataset.x[rows][:, lacking])).sum(0)
    least = int(np.argmin(counts))
    return int(counts[least]), dataset.columns[lacking[least]]
