"""Merging of arms with the same trials, such as ``variant=none`` at every rate, into one arm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

ARM = "arm"  # the axis of a sweep over named arms
NOT_APPLICABLE = "-"


@dataclass(frozen=True)
class Merged:
    """Arms with distinct trials.

    Args:
        arms: maps each label to trial ids.
        settings: maps each label to the arm's value on each axis.
        points: every point of the grid, as its value on each axis, with the label of the arm at that point.
        labels: maps each label before merging to the label after merging.
    """

    arms: dict[str, list[str]]
    settings: dict[str, dict[str, str]]
    points: list[tuple[Mapping[str, str], str]]
    labels: dict[str, str]


def merge_arms(
    arms: Mapping[str, Sequence[str]], settings: Mapping[str, Mapping[str, str]], trials: pd.DataFrame
) -> Merged:
    """Merge the arms that have the same trials.

    On an axis on which the merged arms differ, the new arm has the value that is stored for its trials: every variant
    at rate 0 becomes ``none`` at rate 0.

    Args:
        arms, settings: see :class:`dropout_lab.report.summary.Summary`.
        trials: one row per trial.
    """
    groups: dict[frozenset[str], list[str]] = {}
    for label, ids in arms.items():
        groups.setdefault(frozenset(ids) or frozenset([label]), []).append(label)
    rows = trials.drop_duplicates("trial_id").set_index("trial_id")
    merged = Merged({}, {}, [], {})
    for labels in groups.values():
        first = labels[0]
        place, name = dict(settings.get(first, {})), first
        if len(labels) > 1 and place:
            stored = rows.loc[[i for i in arms[first] if i in rows.index]].head(1).to_dict("records")
            row = stored[0] if stored else {}
            common = {key: _cell(key, [settings[label][key] for label in labels], row) for key in place}
            if label_of(common) not in merged.arms:
                place, name = common, label_of(common)
        merged.arms[name], merged.settings[name] = list(arms[first]), place
        merged.labels.update(dict.fromkeys(labels, name))
    merged.points.extend((settings[label], merged.labels[label]) for label in arms if label in settings)
    return merged


def label_of(place: Mapping[str, str]) -> str:
    """Return the label of an arm from its value on each axis."""
    return " ".join(value if key == ARM else f"{key}={value}" for key, value in place.items())


def cell_text(value: object) -> str:
    """Return a cell of ``trials.csv`` as text."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _cell(key: str, values: Sequence[str], row: Mapping[Any, Any]) -> str:
    """Return the value of merged arms on an axis.

    Args:
        key: the axis.
        values: the value of each arm before merging.
        row: a stored trial of the arms.
    """
    if len(set(values)) == 1:
        return values[0]
    if key == ARM:
        return min(values, key=lambda name: (name != "none", len(name)))
    return cell_text(row[key]) if key in row and not pd.isna(row[key]) else NOT_APPLICABLE
