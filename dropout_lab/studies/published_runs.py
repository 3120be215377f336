"""Results of the authors' single runs, such as one per published split, for comparisons in pairs.

``published_runs/STUDY.csv`` names its source in the first line. Its columns are those of :data:`SETTINGS`, the metric
and the value.
"""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("published_runs")
SETTINGS = {"data_name": "data.name", "split": "data.split", "inference": "infer"}  # column -> setting
MARGIN = 0.02  # margin of agreement, as a fraction of the mean of the authors' runs; fixed before any comparison


@cache
def load_runs(study: str) -> tuple[str, Sequence[Mapping[str, str]]]:
    """Return the source and the rows of a study's file; both empty if there is none."""
    path = FOLDER / f"{study}.csv"
    if not path.is_file():
        return "", ()
    with path.open(newline="", encoding="utf-8") as file:
        source = file.readline().lstrip("# ").strip()
        return source, tuple(csv.DictReader(file))


def find_runs(
    study: str, replicates: Sequence[str], settings: Mapping[str, str], metric: str
) -> dict[tuple[str, ...], float]:
    """Return the value of each of the authors' runs of a cell.

    Args:
        study: name of the study.
        replicates: settings that distinguish the replicates of the study.
        settings: settings of the cell by key.
        metric: name of the metric.

    Returns:
        Values by replicate; empty if the authors' runs are not known.
    """
    _, rows = load_runs(study)
    known = [column for column in SETTINGS if rows and column in rows[0]]
    fixed = {column for column in known if SETTINGS[column] not in replicates}
    if not rows or set(replicates) - {SETTINGS[column] for column in known}:
        return {}
    columns = {SETTINGS[column]: column for column in known}
    return {
        tuple(row[columns[key]] for key in replicates): float(row["value"])
        for row in rows
        if row["metric"] == metric.replace("-", "_")
        and all(row[column] == settings.get(SETTINGS[column]) for column in fixed)
    }
