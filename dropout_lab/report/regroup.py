"""Reconstruction of the arms of a sweep folder from its files: trials that differ only in their seed form one arm."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from dropout_lab.report.merging import NOT_APPLICABLE, cell_text, merge_arms
from dropout_lab.report.read_csv import read_trials
from dropout_lab.report.summary import Summary
from dropout_lab.report.tuning_record import TuningRecord, join_choices

OFF = "none"  # the stored variant of every arm at rate 0
Rows = Iterable[Mapping[str, str]]
# Converts the header and the rows of an older version to the present column names.
Update = Callable[[Sequence[str], Rows], tuple[Sequence[str], Rows]]
TUNED = ["arm", "settings", "n", "n_lost", "picked", "trials", "seconds", "confirmed"]


def keep_columns(header: Sequence[str], rows: Rows) -> tuple[Sequence[str], Rows]:
    """Return the header and the rows unchanged."""
    return header, rows


def regroup_folder(
    folder: str | Path,
    columns: Sequence[str],
    typed: Mapping[str, Sequence[str]] | None = None,
    update: Update = keep_columns,
) -> Summary:
    """Return the summary of all trials in a folder, whichever commands trained them.

    Arms are named by the settings that vary. If ``tuning.csv`` contains all arms, their names and tuning costs come
    from that file. Trials that did not read the test set, such as tuning trials, belong to no arm.

    Args:
        folder: folder with a ``trials.csv``.
        columns: the columns that are settings, without the seed.
        typed: maps a column to its values in the order of the last command.
        update: renames columns of older versions to their present names.

    Raises:
        OSError: there is no such file.
        ValueError: a file was not written by dropout-lab, or no trial read the test set.
    """
    trials = read_trials(folder)
    if "evaluate_test" in trials.columns:
        trials = trials[trials["evaluate_test"].isna()]
    if trials.empty:
        raise ValueError(f"{folder}: contains no trial that was evaluated on the test set")
    tuned = _tuned(Path(folder) / "tuning.csv", trials)
    if tuned is not None:
        return tuned
    words = _without_network(_settings(trials, columns, update))
    several = {name for name, values in (typed or {}).items() if len(values) > 1}
    arms: dict[str, list[str]] = {}
    settings: dict[str, dict[str, str]] = {}
    repeated = 0
    places = _ordered(words[_telling(words, several)].drop_duplicates(), typed or {})
    for place in places.to_dict("records") if len(places.columns) else [{}]:
        mine = (words[list(place)] == pd.Series(place, dtype=object)).all(axis=1)
        label = " ".join(f"{key}={value or 'none'}" for key, value in place.items()) or "all"
        once = trials[mine].drop_duplicates("seed", keep="last")  # another id: an older version, or an edited file
        repeated += int(mine.sum()) - len(once)
        arms[label] = once["trial_id"].tolist()
        settings[label] = {str(key): value or NOT_APPLICABLE for key, value in place.items()}
    return Summary(trials, arms, settings, folder=folder, repeated=repeated)


def _without_network(words: pd.DataFrame) -> pd.DataFrame:
    """Blank out the activation where the variant determines it, as alpha dropout does."""
    if not {"variant.network", "model.activation"} <= set(words.columns):
        return words
    network = words["variant.network"].replace("as_is", "")
    activation = words["model.activation"].where(network != words["model.activation"], "")
    return words.assign(**{"variant.network": network, "model.activation": activation})


def _settings(trials: pd.DataFrame, columns: Sequence[str], update: Update) -> pd.DataFrame:
    """Return the settings of the trials as text, under their present names."""
    text = trials.astype(object).where(trials.notna(), "").map(cell_text)
    cells = (dict(zip(text.columns, row, strict=True)) for row in text.to_numpy().tolist())
    header, rows = update(list(text.columns), cells)
    names = [name for name in columns if name in header]
    return pd.DataFrame([[row.get(name, "") for name in names] for row in rows], trials.index, names)


def _telling(words: pd.DataFrame, typed: Collection[str]) -> list[str]:
    """Return the columns that distinguish the arms.

    A column with a single value wherever it applies is left out if the other columns still distinguish all arms.
    Examples are the strength of a regularizer that only some arms have, and the variant of a sweep that includes rate
    0. Columns are considered from the last one of the header to the first.

    Args:
        words: the settings of each trial; empty where a setting does not apply.
        typed: columns that a command set to several values; these are always kept.
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
    """Return the arms sorted by their axes; the last axis varies fastest.

    The values of an axis have the order of the last command if it names all of them. Otherwise numbers are sorted in
    ascending order, and words keep the order of the ledger.
    """
    axes = sorted(arms.columns, key=lambda name: list(typed).index(name) if name in typed else len(typed))
    ranks = pd.DataFrame({name: arms[name].map(_ranks(arms[name], typed.get(name, ()))) for name in axes})
    return arms.loc[ranks.sort_values(axes, kind="stable").index, axes]


def _ranks(values: pd.Series, typed: Sequence[str]) -> dict[str, int]:
    """Return the rank of each value of an axis."""
    there = list(dict.fromkeys(values))
    numbers = {value: number for value in there if (number := _number(value)) is not None}
    order = there if len(numbers) < len(there) else sorted(there, key=lambda value: numbers[value])
    if set(there) - {OFF} <= set(typed):
        order = [value for value in dict.fromkeys([*([] if OFF in typed else [OFF]), *typed]) if value in there]
    return {value: i for i, value in enumerate(order)}


def _number(value: str) -> tuple[float, ...] | None:
    """Return the numbers of a value such as ``0.5`` or ``64/64``, and None for a word.

    A setting that does not apply gives an empty tuple, which sorts before all numbers.
    """
    try:
        return tuple(float(part) for part in value.split("/")) if value else ()
    except ValueError:
        return None


def _record(rows: pd.DataFrame, picked: pd.DataFrame, trials: pd.DataFrame) -> TuningRecord:
    """Return the tuning record of an arm from its rows in ``tuning.csv`` and those that were picked."""
    tries = [ids.split() for ids in rows["trials"]]
    seeds = trials.set_index("trial_id")["seed"].astype(int).to_dict()
    confirmed = [(int(draw), ids.split()) for draw, ids in zip(picked["draw"], picked["confirmed"], strict=True)]
    draws = {seeds[trial_id]: draw for draw, ids in confirmed for trial_id in ids if trial_id in seeds}
    return TuningRecord(
        join_choices(picked["settings"].tolist()),
        len(rows) // len(picked),
        max(map(len, tries)),
        sum(map(len, tries)),
        float(rows["seconds"].astype(float).sum()),
        str(picked.iloc[0].get("metric", "")),
        draws if len(picked) > 1 else {},
    )


def _tuned(path: Path, trials: pd.DataFrame) -> Summary | None:
    """Return the summary of the arms in ``tuning.csv``; None if there is no such file or it lacks some of the trials.

    Raises:
        ValueError: the file was not written by dropout-lab, or an arm does not have exactly one picked setting.
    """
    if not path.exists():
        return None
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        pd.to_numeric(table["seconds"] if "seconds" in table else pd.Series(dtype=float))
    except (ValueError, pd.errors.ParserError) as error:
        raise ValueError(f"{path}: cannot be read ({str(error).splitlines()[0]}); delete it") from None
    if not set(TUNED) <= set(table.columns):
        raise ValueError(f"{path}: was not written by dropout-lab")
    table = table if "draw" in table else table.assign(draw="0")
    axes = [name for name in table.columns if name not in (*TUNED, "val_score", "val_loss", "metric", "draw")]
    arms: dict[str, list[str]] = {}
    settings: dict[str, dict[str, str]] = {}
    tuned: dict[str, TuningRecord] = {}
    for label, rows in table.groupby("arm", sort=False):
        picked = rows[rows["picked"] == "True"]
        if len(picked) != rows["draw"].nunique() or picked["draw"].nunique() != len(picked):
            raise ValueError(
                f"{path}: contains {len(picked)} selected settings for {label}, expected {rows['draw'].nunique()}"
            )
        arms[str(label)] = " ".join(picked["confirmed"]).split()
        settings[str(label)] = {axis: picked.iloc[0][axis] for axis in axes}
        tuned[str(label)] = _record(rows, picked, trials)
    if not set(trials["trial_id"]) <= {i for ids in arms.values() for i in ids}:
        return None
    merged = merge_arms(arms, settings, trials)
    names = {merged.labels[label]: cost for label, cost in tuned.items()}
    return Summary(trials, merged.arms, merged.settings, names, path.parent)
