"""Splits of the trials of an arm: how many there are, and how much of their test sets they share."""

import pandas as pd

REDRAWN = (
    "noisy_sine",
    "linear_teacher",
)  # data that are drawn anew from the base seed, so that no examples are shared
PUBLISHED_SPLITS = {"uci": 0.1}  # data sets with several published splits, and the fraction of test examples in each
SPLIT = ["base_seed", "data.split"]  # columns that determine the test examples


def count_splits(trials: pd.DataFrame) -> int:
    """Return the number of different test sets of these trials of one data set."""
    published = bool(trials["data"].isin(list(PUBLISHED_SPLITS)).any())
    drawn = not published and bool(trials["data.test_fraction"].notna().any())
    columns = ["data.split"] if published else ["base_seed"] if drawn else []
    columns = [name for name in columns if name in trials]
    return len(trials[columns].drop_duplicates()) if columns else 1


def overlap_of(trials: pd.DataFrame) -> float:
    """Return the number of test examples per other example if these trials are overlapping splits of the same data.

    It is 0 if all trials have the same test set, and if every base seed draws new data.
    """
    if len(trials) < 2 or count_splits(trials) < 2 or trials["data"].isin(list(REDRAWN)).any():
        return 0.0
    published = trials["data"].map(PUBLISHED_SPLITS).astype(float)
    fraction = float(published.fillna(trials["data.test_fraction"].astype(float)).max())
    return fraction / (1 - fraction)
