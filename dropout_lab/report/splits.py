"""Splits of the trials of an arm: how many there are, and how much of their test sets they share."""

import pandas as pd

REDRAWN = (
    "noisy_sine",
    "linear_teacher",
)  # data that are drawn again from the base seed, so that no examples are shared
PUBLISHED_SPLITS = {"uci": 0.1}  # data sets with several published splits, and the fraction of test examples in each


def count_splits(trials: pd.DataFrame) -> int:
    """Return the number of different test sets of these trials of one data set."""
    column = split_column(trials)
    return len(trials[column].drop_duplicates()) if column else 1


def split_column(trials: pd.DataFrame) -> str:
    """Return the column that determines the test examples; empty if the data have one official test set."""
    if trials["data"].isin(list(PUBLISHED_SPLITS)).any():
        return "data.split" if "data.split" in trials else ""
    drawn = "data.test_fraction" in trials and bool(trials["data.test_fraction"].notna().any())
    return "base_seed" if drawn and "base_seed" in trials else ""


def overlap_of(trials: pd.DataFrame) -> float:
    """Return the number of test examples per other example if these trials are overlapping splits of the same data.

    It is 0 if all trials have the same test set, and if every base seed draws new data.
    """
    if len(trials) < 2 or count_splits(trials) < 2 or trials["data"].isin(list(REDRAWN)).any():
        return 0.0
    published = trials["data"].map(PUBLISHED_SPLITS).astype(float)
    fraction = float(published.fillna(trials["data.test_fraction"].astype(float)).max())
    return fraction / (1 - fraction)


def is_resplit(trials: pd.DataFrame) -> bool:
    """Return whether these trials come from ``resplit=true``: the base seed is the trial seed plus a constant."""
    if not {"base_seed", "seed"} <= set(trials.columns):
        return False
    base = trials["base_seed"].fillna(0).astype(int)
    return base.nunique() > 1 and (base - trials["seed"].astype(int)).nunique() == 1
