"""The arms of a sweep folder, read off its files: trials that differ in their seed alone are one arm."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from dropout_lab.report.merging import NOT_APPLICABLE, cell_text, merge_arms
from dropout_lab.report.read_csv import read_trials
from dropout_lab.report.summary import Summary, TuningRecord

OFF = "none"  # the variant of an arm at rate 0, whichever was typed
Rows = Iterable[Mapping[str, str]]
# Brings the header and the rows of an older version up to date.
Update = Callable[[Sequence[str], Rows], tuple[Sequence[str], Rows]]
TUNED = ["arm", "settings", "n", "n_lost", "picked", "trials", "seconds", "confirmed"]


def keep_columns(header: Sequence[str], rows: Rows) -> tuple[Sequence[str], Rows]:
    """Return the header and the rows as they are."""
    return header, rows


def regroup_folder(
    folder: str | Path,
    columns: Sequence[str],
    typed: Mapping[str, Sequence[str]] | None = None,
    update: Update = keep_columns,
) -> Summary:
    """The summary of everything that a folder holds, whichever commands it came from.

    Arms are named by the settings that vary; those of ``tuning.csv`` have their names and costs from there,
    if all arms are in it. Trials that never read the test part are nobody's.

    Args:
        folder: with a ``trials.csv``.
        columns: the settings among its columns, the seed left out.
        update: renames columns that have other names today.
        typed: column to its values in the order of the last command.

    Raises:
        OSError: there is no such file.
        ValueError: it is not one of ours.
    """
    trials = read_trials(folder)
    if "read_test" in trials.columns:
        trials = trials[trials["read_test"].isna()]
    if trials.empty:
        raise ValueError(f"{folder}: holds no trial that read the test part")
    tuned = _tuned(Path(folder) / "tuning.csv", trials)
    if tuned is not None:
        return tuned
    words = _without_network(_settings(trials, columns, update))
    several = {name for name, values in (typed or {}).items() if len(values) > 1}
    arms: dict[str, list[str]] = {}
    settings: dict[str, dict[str, str]] = {}
    places = _ordered(words[_telling(words, several)].drop_duplicates(), typed or {})
    for place in places.to_dict("records") if len(places.columns) else [{}]:
        mine = (words[list(place)] == pd.Series(place, dtype=object)).all(axis=1)
        label = " ".join(f"{key}={value or 'none'}" for key, value in place.items()) or "all"
        arms[label] = trials.loc[mine, "trial_id"].tolist()
        settings[label] = {str(key): value or NOT_APPLICABLE for key, value in place.items()}
    return Summary(trials, arms, settings, folder=folder)


def _without_network(words: pd.DataFrame) -> pd.DataFrame:
    """Leave out what a variant that changes the network settles by itself: alpha dropout its activation."""
    if not {"variant.network", "model.activation"} <= set(words.columns):
        return words
    network = words["variant.network"].replace("as_is", "")
    activation = words["model.activation"].where(network != words["model.activation"], "")
    return words.assign(**{"variant.network": network, "model.activation": activation})


def _settings(trials: pd.DataFrame, columns: Sequence[str], update: Update) -> pd.DataFrame:
    """The settings of trials as text, under the names that they have today."""
    text = trials.astype(object).where(trials.notna(), "").map(cell_text)
    cells = (dict(zip(text.columns, row, strict=True)) for row in text.to_numpy().tolist())
    header, rows = update(list(text.columns), cells)
    names = [name for name in columns if name in header]
    return pd.DataFrame([[row.get(name, "") for name in names] for row in rows], trials.index, names)


def _telling(words: pd.DataFrame, typed: Collection[str]) -> list[str]:
    """The columns that vary.

    A column that has a single value wherever it applies, as the strength of a regularizer that some arms do not have,
    or the variant of a sweep from rate 0 on, is left out if the others tell the arms apart; the later ones of the
    header first.

    Args:
        words: the settings of each trial; empty where a setting does not apply.
        typed: columns that a command set to several values.
    """
    arms = words.drop_duplicates()
    axes = [name for name in words.columns if arms[name].nunique() > 1]
    for name in reversed(axes):
        others = [axis for axis in axes if axis != name]
        single = name.endswith(".digest") or len(set(arms[name]) - {"", OFF}) == 1
        if single and name not in typed and others and len(arms.drop_duplicates(others)) == len(arms):
            axes = others
    return axes


def _ordered(arms: pd.DataFrame, typed: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Arms in the order of their axes, the last one fastest.

    The values of an axis have the order of the command that named all of them; else numbers ascend, and words have the
    order of the ledger.
    """
    axes = sorted(arms.columns, key=lambda name: list(typed).index(name) if name in typed else len(typed))
    ranks = pd.DataFrame({name: arms[name].map(_ranks(arms[name], typed.get(name, ()))) for name in axes})
    return arms.loc[ranks.sort_values(axes, kind="stable").index, axes]


def _ranks(values: pd.Series, typed: Sequence[str]) -> dict[str, int]:
    """The place of each value of an axis."""
    there = list(dict.fromkeys(values))
    numbers = {value: number for value in there if (number := _number(value)) is not None}
    order = there if len(numbers) < len(there) else sorted(there, key=lambda value: numbers[value])
    if set(there) - {OFF} <= set(typed):
        order = [value for value in dict.fromkeys([*([] if OFF in typed else [OFF]), *typed]) if value in there]
    return {value: i for i, value in enumerate(order)}


def _number(value: str) -> tuple[float, ...] | None:
    """A number, or the numbers of a list such as 64/64; a setting that does not apply comes before all of them."""
    try:
        return tuple(float(part) for part in value.split("/")) if value else ()
    except ValueError:
        return None


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
    tuned: dict[str, TuningRecord] = {}
    for label, rows in table.groupby("arm", sort=False):
        if (rows["picked"] == "True").sum() != 1:
            raise ValueError(f"{path}: says {(rows['picked'] == 'True').sum()} times what was picked for {label}")
        picked = rows[rows["picked"] == "True"].iloc[0]
        arms[str(label)] = picked["confirmed"].split()
        settings[str(label)] = {axis: picked[axis] for axis in axes}
        tries = [ids.split() for ids in rows["trials"]]
        seconds = rows["seconds"].astype(float).sum()
        seeds = max(map(len, tries))
        tuned[str(label)] = TuningRecord(picked["settings"], len(rows), seeds, sum(map(len, tries)), float(seconds))
    if not set(trials["trial_id"]) <= {i for ids in arms.values() for i in ids}:
        return None
    merged = merge_arms(arms, settings, trials)
    names = {merged.labels[label]: cost for label, cost in tuned.items()}
    return Summary(trials, merged.arms, merged.settings, names, path.parent)
