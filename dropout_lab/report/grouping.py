"""The arms of a sweep folder, read off its files: trials that differ in their seed alone are one arm."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from dropout_lab.report.summary import Summary, Tuned
from dropout_lab.report.trials import read

Rows = Iterable[Mapping[str, str]]
# Brings the header and the rows of an older version up to date.
Update = Callable[[Sequence[str], Rows], tuple[Sequence[str], Rows]]
TUNED = ["arm", "settings", "n", "n_lost", "picked", "trials", "seconds", "confirmed"]


def regrouped(folder: str | Path, columns: Sequence[str], update: Update) -> Summary:
    """The summary of everything that a folder holds, whichever commands it came from.

    Arms are named by as few settings as tell them apart; those of ``tuning.csv`` have their names and costs from there,
    if all arms are in it. Trials that never read the test part are nobody's.

    Args:
        folder: with a ``trials.csv``.
        columns: the settings among its columns, the seed left out.
        update: renames columns that have other names today.

    Raises:
        OSError: there is no such file.
        ValueError: it is not one of ours.
    """
    trials = read(folder)
    if "read_test" in trials.columns:
        trials = trials[trials["read_test"].isna()]
    if trials.empty:
        raise ValueError(f"{folder}: holds no trial that read the test part")
    tuned = _tuned(Path(folder) / "tuning.csv", trials)
    if tuned is not None:
        return tuned
    words = _settings(trials, columns, update)
    axes = _telling(words)
    arms: dict[str, list[str]] = {}
    settings: dict[str, dict[str, str]] = {}
    for values, group in trials.groupby([words[name] for name in axes] if axes else (lambda _: 0), sort=False):
        place = dict(zip(axes, map(str, values), strict=True)) if isinstance(values, tuple) else {}
        label = " ".join(f"{key}={value or 'none'}" for key, value in place.items()) or "all"
        arms[label], settings[label] = group["trial_id"].tolist(), {key: v or "-" for key, v in place.items()}
    return Summary(trials, arms, settings, folder=folder)


def _settings(trials: pd.DataFrame, columns: Sequence[str], update: Update) -> pd.DataFrame:
    """The settings of trials as text, under the names that they have today."""
    text = trials.astype(object).where(trials.notna(), "").map(_shown)
    cells = (dict(zip(text.columns, row, strict=True)) for row in text.to_numpy().tolist())
    header, rows = update(list(text.columns), cells)
    names = [name for name in columns if name in header]
    return pd.DataFrame([[row.get(name, "") for name in names] for row in rows], trials.index, names)


def _shown(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _telling(words: pd.DataFrame) -> list[str]:
    """The fewest columns that tell the arms apart, the later ones of the header left out first."""
    arms = words.drop_duplicates()
    axes = [name for name in words.columns if arms[name].nunique() > 1]
    for name in reversed(axes):
        others = [axis for axis in axes if axis != name]
        if len(arms.drop_duplicates(others)) == len(arms) if others else len(arms) == 1:
            axes = others
    return axes


def _tuned(path: Path, trials: pd.DataFrame) -> Summary | None:
    """The arms of ``tuning.csv``; None if there is none, or other arms beside them."""
    if not path.exists():
        return None
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if not set(TUNED) <= set(table.columns):
        raise ValueError(f"{path}: is not a file of dropout-lab's")
    axes = [name for name in table.columns if name not in (*TUNED, "val_score", "val_loss")]
    arms: dict[str, list[str]] = {}
    settings: dict[str, dict[str, str]] = {}
    tuned: dict[str, Tuned] = {}
    for label, rows in table.groupby("arm", sort=False):
        if (rows["picked"] == "True").sum() != 1:
            raise ValueError(f"{path}: says {(rows['picked'] == 'True').sum()} times what was picked for {label}")
        picked = rows[rows["picked"] == "True"].iloc[0]
        arms[str(label)] = picked["confirmed"].split()
        settings[str(label)] = {axis: picked[axis] for axis in axes}
        tries = [ids.split() for ids in rows["trials"]]
        seconds = rows["seconds"].astype(float).sum()
        seeds = max(map(len, tries))
        tuned[str(label)] = Tuned(picked["settings"], len(rows), seeds, sum(map(len, tries)), float(seconds))
    if not set(trials["trial_id"]) <= {i for ids in arms.values() for i in ids}:
        return None
    return Summary(trials, arms, settings, tuned, path.parent)
