"""Data of the figures of a sweep: the points of the grid, the values of the arms, and the curves of their trials."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from dropout_lab.report.merging import NOT_APPLICABLE
from dropout_lab.report.regroup import OFF
from dropout_lab.report.summary import Summary
from dropout_lab.stats.intervals import Interval, mean_interval

ARM = "arm"  # the axis of a folder whose arms differ in no setting, or in named arms


@dataclass(frozen=True)
class GridPoint:
    """One point of the grid of a sweep.

    Args:
        cells: the value of the point on each axis, as text.
        label: label of the arm at the point.
    """

    cells: Mapping[str, str]
    label: str


@dataclass(frozen=True)
class PlotData:
    """Arms of a sweep, their trials and their learning curves.

    Args:
        summary: the arms and their trials.
        curves: rows of ``curves.csv``; empty if there is no such file.
        title: short name of the sweep, such as its data set and model.
        reliability, coverage: rows of ``reliability.csv`` and ``coverage.csv`` with the settings of their trials.
    """

    summary: Summary
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    title: str = ""
    reliability: pd.DataFrame = field(default_factory=pd.DataFrame)
    coverage: pd.DataFrame = field(default_factory=pd.DataFrame)

    @cached_property
    def points(self) -> list[GridPoint]:
        """Every point of the grid. Arms without dropout are repeated for each variant, whose curves start there."""
        stored = self.summary.points or [(self.summary.settings.get(label, {}), label) for label in self.summary.arms]
        points = [GridPoint(cells or {ARM: label}, label) for cells, label in stored]
        return _share_rate_0(points)

    @cached_property
    def axes(self) -> list[str]:
        """Settings that vary over the points, in the order of the sweep."""
        names = list(dict.fromkeys(name for point in self.points for name in point.cells))
        return [name for name in names if len({point.cells.get(name) for point in self.points}) > 1] or names[:1]

    def numeric(self, axis: str) -> bool:
        """Return whether an axis has at least two values and all of them are numbers."""
        values = {point.cells.get(axis, "") for point in self.points}
        return len(values) > 1 and all(as_number(value) is not None for value in values)

    @cached_property
    def metrics(self) -> list[str]:
        """Numeric columns of ``trials.csv`` that were measured and are no settings, the scores first."""
        trials, scores = self.summary.trials, self.summary.shown
        measured = [
            str(name)
            for name in trials.columns
            if pd.api.types.is_numeric_dtype(trials[name])
            and trials[name].notna().any()
            and ("." not in str(name) and name not in _SETTINGS and name not in self.axes)
        ]
        return [*scores, *(name for name in measured if name not in scores)]

    def interval(self, label: str, metric: str) -> Interval | None:
        """Return the mean of a metric over the finished trials of an arm with its interval; None if there are none."""
        return self.summary.interval(label, metric)

    def replicates(self, label: str, metric: str) -> list[float]:
        """Return the values of a metric of an arm, one per finished trial."""
        return [float(value) for value in self.summary.finished(label, metric)[metric]]

    def curves_of(self, label: str, metric: str) -> pd.DataFrame:
        """Return a metric of an arm's finished trials, with one row per epoch and one column per trial."""
        rows = self.summary.of(label)
        ids = rows.loc[rows["status"] == "ok", "trial_id"].tolist()
        mine = self.curves[self.curves["trial_id"].isin(ids)]
        table = mine.pivot_table(index="epoch", columns="trial_id", values=metric, aggfunc="last")
        return table.reindex(columns=[i for i in ids if i in table.columns])

    @cached_property
    def curve_metrics(self) -> list[str]:
        """Columns of ``curves.csv`` that were measured."""
        names = [str(name) for name in self.curves.columns if name not in ("trial_id", "epoch")]
        return [name for name in names if self.curves[name].notna().any()]


def choose_title(frame: pd.DataFrame, otherwise: str) -> str:
    """Return the title of a figure: the data set and the model of its rows, or ``otherwise`` if both of them vary."""
    values = [frame[name].unique() for name in ("data", "model")]
    return ", ".join(str(value[0]) for value in values if len(value) == 1) or otherwise


# Numeric columns of trials.csv without a dot that are settings.
_SETTINGS = frozenset(
    (
        "rate input_rate l1 l2 max_norm early_stopping seed base_seed evaluate_test embedding_rate recurrent_rate "
        "inter_layer_rate output_rate convert_paper_constants pack_size n_train n_test n_val"
    ).split()
)


def as_number(value: str) -> float | None:
    """Return the number that a value is, or None."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _share_rate_0(points: Sequence[GridPoint]) -> list[GridPoint]:
    """Repeat points without dropout for each variant; every variant at rate 0 is the network without dropout."""
    if not points or not {"variant", "rate"} <= set(points[0].cells):
        return list(points)
    variants = [v for v in dict.fromkeys(point.cells["variant"] for point in points) if v not in (OFF, NOT_APPLICABLE)]
    shared = []
    for point in points:
        off = point.cells["variant"] == OFF and point.cells["rate"] in ("0", NOT_APPLICABLE)
        names = variants if off and len(variants) > 1 else [point.cells["variant"]]
        cells = [{**point.cells, "variant": name, **({"rate": "0"} if off else {})} for name in names]
        shared += [GridPoint(each, point.label) for each in cells]
    return shared


def mean_curve(table: pd.DataFrame) -> tuple[np.ndarray, list[Interval]]:
    """Return the epochs and, for each, the mean over trials with its interval.

    Epochs that some trials did not reach are left out, because the mean would be over other trials.
    """
    whole = table.dropna()
    return whole.index.to_numpy(), [mean_interval(row.tolist()) for _, row in whole.iterrows()]
