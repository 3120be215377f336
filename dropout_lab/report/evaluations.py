"""Tables of the evaluations in ``evaluations.csv``, ``ood.csv`` and ``ensembles.csv``."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dropout_lab.metrics import EVALUATION_METRICS, evaluation_columns
from dropout_lab.report import read_csv as stored
from dropout_lab.report.formats import format_markdown
from dropout_lab.report.numbers import interval_text, spread_text
from dropout_lab.report.summary import MetricFormat
from dropout_lab.stats.bounds import FRACTION, bounds_of
from dropout_lab.stats.intervals import mean_interval

# The columns of trials.csv that are settings without a group; all other settings have a dot in their name.
SETTINGS = (
    "data,model,variant,schedule,regularizer,rate,input_rate,l1,l2,max_norm,early_stopping,base_seed,lr_schedule"
).split(",")
# Settings in which the trials of one arm may differ: the published split on which they are tested, and the digests.
REPLICATES = ("data.split", "data.digest", "model.digest")
SHOWN = {metric.name: MetricFormat.of(metric) for metric in EVALUATION_METRICS if metric.in_tables}
METRICS = evaluation_columns()
NUMBERS = {metric.name for metric in EVALUATION_METRICS if metric.in_tables and metric.tasks == ("regression",)}
_WORDS = [
    "trial_id",
    "infer",
    "infer.average",
    "infer.tau",
    "infer.ood",
    "point",
    "first",
    "members",
    "values",
    "version",
]


def read_evaluations(folder: Path, name: str) -> pd.DataFrame | None:
    """Return one of the files, joined with the settings of its trials; None if there is no such file.

    Of several rows for the same measurement, the last one is kept.

    Raises:
        ValueError: the file is damaged.
    """
    path = folder / name
    if not path.exists():
        return None
    frame = stored.parse_csv(path, _WORDS, METRICS)
    if "first" in frame:
        frame = frame.rename(columns={"first": "trial_id"})
    key_columns = [name for name in frame.columns if name not in ("mean", "seconds", *METRICS)]
    measured = {"risk", "auroc", "fpr95", "count", "confidence", "n", "values", "epochs", "version"}
    # A bin is identified by its bounds, because versions before 0.1.0 numbered only the bins that contain examples. In
    # the other files, low and high are the bounds of an interval.
    measured |= {"bin"} if "bin" in frame else {"low", "high"}
    frame = frame.drop_duplicates([name for name in key_columns if name not in measured], keep="last")
    trials = stored.read_trials(folder)
    settings = [c for c in trials.columns if c in (*SETTINGS, "trial_id", "seed") or "." in c]
    return frame.merge(trials[settings], on="trial_id", how="inner").copy()  # defragments the frame


def select_evaluations(frame: pd.DataFrame, wanted: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Return the requested rows.

    Args:
        frame: rows of an evaluation file.
        wanted: one mapping per evaluation, from column to the text of its value: the trial and the inference settings.
    """
    keys = list(wanted[0]) if wanted else []
    asked = {tuple(w[k] for k in keys) for w in wanted}
    mine = frame[keys].apply(lambda row: tuple(format_cell(v) for v in row) in asked, axis=1)
    return frame[mine] if len(frame) else frame


def format_cell(value: object) -> str:
    """Return a cell as text: whole numbers without a decimal point, missing values as an empty string."""
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def varying_settings(frame: pd.DataFrame) -> list[str]:
    """Return the settings in which the rows differ, without those that distinguish replicates of one arm.

    If no setting differs, return ``infer`` alone.
    """
    names = [c for c in frame.columns if c in SETTINGS or c == "infer" or ("." in c and c not in REPLICATES)]
    varying = [name for name in names if frame[name].nunique() > 1]
    for name in names:  # a setting that is empty where it is not in use may be all that tells two arms apart
        if len(frame.drop_duplicates([*varying, name])) > max(len(frame.drop_duplicates(varying)) if varying else 1, 1):
            varying.append(name)
    return varying or ["infer"]


def group_by_arm(frame: pd.DataFrame, names: Sequence[str]) -> list[tuple[list[str], pd.DataFrame]]:
    """Return the rows of each arm, together with the arm's values of the settings in ``names`` as text."""
    groups = frame.groupby(list(names), sort=False, dropna=False)
    return [([format_cell(v) for v in key], rows) for key, rows in groups]


@dataclass(frozen=True)
class EvaluationTable:
    """Table as text.

    Args:
        titles, rows: text of the cells.
        left: number of left-aligned columns that identify a row.
        note: explanation of the figures, printed below the table.
    """

    titles: list[str]
    rows: list[list[str]]
    left: int
    note: str

    @property
    def markdown(self) -> str:
        return format_markdown(self.titles, self.rows, self.left) + f"\n{self.note[0].upper()}{self.note[1:]}\n"


def summarize(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per arm and metric: mean with its interval, n, standard deviation and standard error over
    replicates."""
    names, rows = varying_settings(frame), []
    for cells, mine in group_by_arm(frame, names):
        for metric in METRICS:
            values = mine[metric].dropna()
            if len(values):
                interval = mean_interval(values.tolist(), bounds=bounds_of(metric))
                sd = float(values.std(ddof=1)) if len(values) > 1 else math.nan
                spread = {"sd": sd, "se": sd / math.sqrt(len(values))}
                named = dict(zip(names, cells, strict=True))
                rows.append({**named, "metric": metric, **interval.columns, **spread})
    return pd.DataFrame(rows)


def evaluation_table(frame: pd.DataFrame) -> EvaluationTable:
    """Return the table of scores, with one row per arm.

    Regression scores have separate columns for the standard error and the standard deviation.
    """
    names = varying_settings(frame)
    shown = [metric for metric in SHOWN if frame[metric].notna().any()]
    numbers = set(shown) <= NUMBERS
    titles = [t for metric in shown for t in ([SHOWN[metric].title, "SE", "SD"] if numbers else [SHOWN[metric].title])]
    rows = []
    for cells, mine in group_by_arm(frame, names):
        figures = [cell for metric in shown for cell in _cells(mine, metric, numbers)]
        rows.append([*cells, *figures, str(len(mine))])
    return EvaluationTable([*names, *titles, "n"], rows, len(names), _note(frame, numbers))


def _cells(rows: pd.DataFrame, metric: str, apart: bool) -> list[str]:
    values, shown = rows[metric].dropna().tolist(), SHOWN[metric]
    if not values:
        return ["-"] * (3 if apart else 1)
    interval = mean_interval(values, bounds=bounds_of(metric))
    if not apart:
        return [interval_text(interval, shown.scale, shown.digits)]
    sd = float(pd.Series(values).std(ddof=1))
    figures = [interval.mean, sd / math.sqrt(interval.n), sd]
    return ["-" if math.isnan(v) else f"{v * shown.scale:.{shown.digits}f}" for v in figures]


def _note(frame: pd.DataFrame, numbers: bool) -> str:
    over = "splits" if "data.split" in frame and frame["data.split"].nunique() > 1 else "seeds"
    passes = "/".join(format_cell(v) for v in sorted(frame["infer.passes"].dropna().unique()))
    drawn = f"; {passes} passes" if passes else ""
    if numbers:
        return f"test set, means over {over} with standard error and standard deviation{drawn}; log-likelihood in nats."
    counts = [len(rows) for _, rows in group_by_arm(frame, varying_settings(frame))]
    spread = spread_text(counts, [bounds_of(name) for name in SHOWN if frame[name].notna().any()], over)
    spread = spread[0].lower() + spread[1:]
    bins = "/".join(format_cell(v) for v in sorted(frame["infer.bins"].dropna().unique()))
    ece = f"; ECE over {bins} bins of equal width" if frame["ece"].notna().any() else ""
    return f"test set, {spread}{drawn}{ece}."


def ood_table(frame: pd.DataFrame) -> EvaluationTable:
    """Return the table of out-of-distribution detection, with one row per arm, other data set and uncertainty score."""
    names = [*(name for name in varying_settings(frame)), "ood_data", "score"]
    rows = []
    for cells, mine in group_by_arm(frame, names):
        intervals = [mean_interval(mine[name].tolist(), bounds=bounds_of(name)) for name in ("auroc", "fpr95")]
        rows.append([*cells, *(interval_text(each, 100, 2) for each in intervals), str(len(mine))])
    spread = spread_text([int(row[-1]) for row in rows], [FRACTION], "seeds")
    accepted = "the fraction of the other images that is accepted when 95 % of the test examples are"
    note = f"{spread}. AUROC: 50 is chance; FPR95: {accepted}."
    return EvaluationTable([*names, "AUROC, %", "FPR95, %", "n"], rows, len(names), note)
