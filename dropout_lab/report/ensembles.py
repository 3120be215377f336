"""Tables that compare averages over stochastic passes with averages over networks at equal cost."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from dropout_lab.report.evaluations import SHOWN, EvaluationTable, format_cell, group_by_arm, varying_settings
from dropout_lab.report.numbers import interval_text
from dropout_lab.stats.intervals import LEAST, Interval

KINDS = {"single": "one net, scaled", "mc_dropout": "passes of one net", "deep_ensemble": "several nets"}
HINT = "an axis such as train.epochs=30,150 with 5 seeds gives arms of equal training cost"


def _wide(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per average, with one column of intervals per metric."""
    keys = list(dict.fromkeys([*varying_settings(frame), "kind", "size", "epochs", "passes_each"]))
    rows = []
    for key, mine in frame.groupby(keys, sort=False, dropna=False):
        intervals = {row["metric"]: interval_of(row) for row in mine.to_dict("records")}
        rows.append(dict(zip(keys, key, strict=True)) | intervals)
    return pd.DataFrame(rows)


def interval_of(row: Mapping[Any, Any]) -> Interval:
    """Return the interval of a row of ``ensembles.csv``.

    Files of older versions have intervals for two values; the bounds of these are replaced by nan.
    """
    few = row["n"] < LEAST
    values = row.get("values")
    return Interval(
        row["mean"],
        math.nan if few else row["low"],
        math.nan if few else row["high"],
        int(row["n"]),
        tuple(map(float, values.split())) if isinstance(values, str) else (),
    )


def compare_by_inference(frame: pd.DataFrame) -> EvaluationTable:
    """Return the table that compares passes of one network with ensembles at equal inference cost.

    It holds the numbers of passes that equal a number of networks of the same arm, a single pass, and the largest
    number of passes.
    """
    wide, names = _wide(frame), varying_settings(frame)
    kept = []
    for _, mine in group_by_arm(wide, names):
        common = set(mine.loc[mine["kind"] == "deep_ensemble", "size"])
        most = mine.loc[mine["kind"] == "mc_dropout", "size"].max()
        kept.append(mine[(mine["kind"] != "mc_dropout") | mine["size"].isin(common | {1, most})])
    chosen = pd.concat(kept).sort_values("passes_each", kind="stable", key=lambda c: c.astype(int))
    note = "at equal inference cost: forward passes per example. Mean [95 % t-interval, logit or log scale "
    note += "where the score has bounds], n networks or groups; the values themselves if n < 3."
    return _table(chosen, names, "passes_each", "passes", note)


def compare_by_training(frame: pd.DataFrame) -> EvaluationTable:
    """Return the table that compares averages at equal training cost.

    The training cost is the number of epochs, summed over the networks of an average. Of the averages over passes, the
    table holds the one with the most passes at each cost.
    """
    wide, names = _wide(frame), varying_settings(frame)
    most = wide[wide["kind"] == "mc_dropout"].groupby("epochs")["size"].max()
    wide = wide[(wide["kind"] != "mc_dropout") | (wide["size"] == wide["epochs"].map(most))]
    chosen = wide.sort_values("epochs", kind="stable")
    shared = chosen.groupby("epochs")["kind"].transform(lambda kinds: {"single", "deep_ensemble"} <= set(kinds))
    hint = "" if shared.any() else f" {HINT[0].upper()}{HINT[1:]}."
    note = f"at equal training cost: total epochs over all networks of an average.{hint}"
    return _table(chosen, names, "epochs", "epochs", note)


def _table(wide: pd.DataFrame, names: list[str], cost: str, title: str, note: str) -> EvaluationTable:
    names = [name for name in names if wide[name].nunique() > 1]
    shown = [metric for metric in SHOWN if metric in wide]
    rows = []
    for _, row in wide.iterrows():
        cells = [
            f"{row[cost]:g}",
            *(f"{row[name]:g}" if isinstance(row[name], float) else str(row[name]) for name in names),
        ]
        cells += [KINDS[row["kind"]], format_cell(row["size"])]
        count = 0
        for metric in shown:
            interval, how = row[metric], SHOWN[metric]
            count = int(interval.n)
            cells.append(interval_text(interval, how.scale, how.digits))
        rows.append([*cells, str(count)])
    titles = [title, *names, "average over", "size", *(SHOWN[metric].title for metric in shown), "n"]
    return EvaluationTable(titles, rows, len(names) + 3, note)
