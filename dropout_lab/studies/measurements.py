"""Measurements of a study's cells from the ledger: each metric for each replicate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from dropout_lab.errors import ConfigError
from dropout_lab.report import read_csv as stored
from dropout_lab.report.summary import Summary
from dropout_lab.report.tuning_record import TuningRecord
from dropout_lab.stats.intervals import Interval
from dropout_lab.studies.bounds import metric_bounds
from dropout_lab.studies.cells import StudyCell
from dropout_lab.studies.expressions import evaluate_expression, rename_columns
from dropout_lab.studies.published import PublishedValue, load_published
from dropout_lab.studies.study import Conditions, Reading, ReferenceCondition, Study, StudyMetric, StudyScale

Replicate = tuple[object, ...]
COLUMN = "study: "  # prefix of the columns of study metrics in the table of trials


class PublishedFigure(NamedTuple):
    """Published figure and the number used for comparison.

    Args:
        fact: the figure as printed.
        number: the figure, or its ratio to the published figure of the reference cell if the metric is relative.
    """

    fact: PublishedValue
    number: float

    def standard_error(self, overlap: float = 0.0) -> float:
        """Return the standard error of the number, without that of the reference cell of a relative metric."""
        return self.fact.standard_error(overlap) * abs(self.number / self.fact.number) if self.fact.number else 0.0


@dataclass(frozen=True)
class Measurements:
    """Trained cells of a study.

    Args:
        study, scale: the study and the scale at which it was run.
        folder: the sweep folder.
        cells: the cells in order.
        trials: trial ids of each cell by its label; several cells with the same label are one cell with more
            replicates.
        tuned: tuning records of the tuned cells by label.
    """

    study: Study
    scale: StudyScale
    folder: Path
    cells: Sequence[StudyCell]
    trials: Mapping[str, Sequence[str]]
    tuned: Mapping[str, TuningRecord]

    @property
    def panels(self) -> list[str]:
        return list(dict.fromkeys(cell.panel for cell in self.cells))

    @cached_property
    def by_label(self) -> dict[str, StudyCell]:
        """First cell of each label."""
        cells: dict[str, StudyCell] = {}
        for cell in self.cells:
            cells.setdefault(cell.label, cell)
        return cells

    def on(self, panel: str) -> list[str]:
        """Return the labels of a panel in order."""
        return [label for label, cell in self.by_label.items() if cell.panel == panel]

    @cached_property
    def summary(self) -> Summary:
        """Summary with the cells as arms and a column for each metric.

        A trial that belongs to several cells has one row per cell, because the cells may evaluate it differently.
        """
        ids = {cell.label: [f"{cell.label}:{i}" for i in self.trials[cell.label]] for cell in self.cells}
        bounds = {COLUMN + name: metric_bounds(metric) for name, metric in self.study.metrics.items()}
        return Summary(self._frame, ids, {label: {} for label in ids}, self.tuned, self.folder, bounds=bounds)

    @cached_property
    def _frame(self) -> pd.DataFrame:
        try:
            frame = stored.read_trials(self.folder)
        except ValueError as error:
            raise ConfigError(str(error)) from None
        files: dict[str, pd.DataFrame] = {}
        parts = []
        for label, cell in self.by_label.items():
            own = frame[frame["trial_id"].isin(list(self.trials[label]))].reset_index(drop=True)
            named = label + ":" + own["trial_id"]
            metrics = {COLUMN + n: _values(self, metric, own, cell, files) for n, metric in self.study.metrics.items()}
            parts.append(pd.concat([named, own.drop(columns="trial_id"), pd.DataFrame(metrics, own.index)], axis=1))
        whole = pd.concat(parts, ignore_index=True).copy()  # defragments the frame
        for metric in self.study.metrics.values():
            if metric.relative:
                whole[COLUMN + metric.name] = self._relative(whole, metric)
        return whole

    def _relative(self, whole: pd.DataFrame, metric: StudyMetric) -> pd.Series:
        """Return the metric divided by that of the reference cell, replicate by replicate."""
        column, keys = COLUMN + metric.name, list(self.study.replicates)
        ratios = whole[column].astype(float) * np.nan
        for panel in self.panels:
            label = f"{panel}/{metric.relative}" if panel else metric.relative
            if label in self.by_label:
                rows = whole[whole["trial_id"].str.startswith(tuple(f"{each}:" for each in self.on(panel)))]
                reference = rows[rows["trial_id"].str.startswith(f"{label}:")].set_index(keys)[column]
                below = rows.set_index(keys).index.map(reference.to_dict())
                ratios[rows.index] = rows[column].to_numpy(dtype=float) / np.asarray(below, dtype=float)
        return ratios

    def published(self, label: str, metric: str) -> "PublishedFigure | None":
        """Return the published figure of a cell and the number to compare with; None if there is none."""
        cell, asked = self.by_label[label], self.study.metrics[metric]
        reference, below = asked.fact(cell.panel, cell.name), asked.fact(cell.panel, asked.relative)
        if reference is None or (asked.relative and below is None):
            return None
        fact = load_published()[reference]
        return PublishedFigure(fact, fact.number / load_published()[below].number if below else fact.number)

    def interval(self, label: str, metric: str) -> Interval | None:
        """Return mean and interval over the finished replicates; None if there are none."""
        return self.summary.interval(label, COLUMN + metric)

    def values(self, label: str, metric: str) -> dict[Replicate, float]:
        """Return the metric of each finished replicate: of each draw of the tuning if it was repeated, else of each
        trial."""
        if label in self.tuned and self.tuned[label].draws > 1:
            return {(draw,): value for draw, value in self.summary.replicates(label, COLUMN + metric)}
        rows = self.summary.finished(label, COLUMN + metric)
        keys = zip(*(rows[name].tolist() for name in self.study.replicates), strict=True)
        return dict(zip(keys, rows[COLUMN + metric].astype(float).tolist(), strict=True))

    def overlap(self, labels: Sequence[str]) -> float:
        """Return the number of test examples per training example of these cells if their replicates are different
        splits of the same data; 0 if the replicates are independent.

        See :class:`dropout_lab.stats.mean_test.MeanTest`.
        """
        return max((self.summary.overlap(label) for label in labels), default=0.0)

    def lost(self, label: str) -> dict[Replicate, bool]:
        """Return whether each replicate of a cell diverged, for the replicates that did not fail."""
        rows = self.summary.of(label)
        rows = rows[rows["status"].isin(["ok", "diverged"])]
        keys = zip(*(rows[name].tolist() for name in self.study.replicates), strict=True)
        return dict(zip(keys, (rows["status"] == "diverged").tolist(), strict=True))

    def unmet(self, conditions: Conditions, labels: Sequence[str]) -> str:
        """Return the condition that keeps these cells from being compared with the publication; empty if none does."""
        if conditions.never:
            return conditions.never
        for expression in conditions.when:
            for label in labels:
                rows = self.summary.of(label)
                columns = rename_columns(rows[rows["status"] == "ok"]).assign(
                    replicates=int((rows["status"] == "ok").sum())
                )
                if not columns.empty and not bool(evaluate_expression(columns, expression, "comparable").all()):
                    return f"not {expression}"
        panels = dict.fromkeys(self.by_label[label].panel for label in labels)
        problems = (
            self._unmet_by_reference(condition, panel) for condition in conditions.reference for panel in panels
        )
        return next((problem for problem in problems if problem), "")

    def _unmet_by_reference(self, condition: ReferenceCondition, panel: str) -> str:
        """Return why the mean outcome of an arm without dropout does not meet a condition; empty if it does."""
        labels = [name for name in (f"{panel}/{condition.cell}", condition.cell) if name in self.by_label]
        if not labels:
            return f"{condition.cell} is not run at this scale"
        rows = self.summary.of(labels[0])
        columns = rename_columns(rows[rows["status"] == "ok"]).apply(pd.to_numeric, errors="coerce")
        means = columns.mean().to_frame().T
        if columns.empty or not bool(evaluate_expression(means, condition.when, "comparable").all()):
            return f"not {condition.when} in the mean of {labels[0]}"
        return ""


def _values(
    measured: Measurements, metric: StudyMetric, own: pd.DataFrame, cell: StudyCell, files: dict[str, pd.DataFrame]
) -> pd.Series:
    place = f"{measured.study.name}: {metric.name}"
    read: dict[str, pd.Series] = {}
    for name, reading in metric.readings.items():
        if reading.file not in files:
            files[reading.file] = stored.read_table(measured.folder / reading.file)
        values = _read(files[reading.file], reading, set(own["trial_id"]), cell, own, place)
        read[name] = own["trial_id"].map(values).astype(float)
    columns = pd.concat([rename_columns(own), pd.DataFrame(read, own.index)], axis=1)
    return evaluate_expression(columns, metric.value, place).astype(float)


def _read(
    table: pd.DataFrame, reading: Reading, ids: set[str], cell: StudyCell, trials: pd.DataFrame, place: str
) -> dict[str, float]:
    """Return one number per trial.

    A file can have columns for settings that ``trials.csv`` lacks, such as those of inference. Only rows that have the
    cell's values of these settings are used.
    """
    rows = table[table["trial_id"].isin(ids)]
    for key in set(rows.columns) & cell.settings.keys() - set(trials.columns):
        rows = rows[rows[key].map(_text) == _joined(cell.settings[key])]
    columns = rename_columns(rows)
    if reading.where:
        columns = columns[evaluate_expression(columns, reading.where, place).astype(bool)]
    if columns.empty:
        return {}
    columns = columns.assign(value=evaluate_expression(columns, reading.value, place))
    if reading.at == "best":
        columns = columns.dropna(subset=["val_loss"])
        chosen = columns.loc[columns.groupby("trial_id")["val_loss"].idxmin()]
        return dict(zip(chosen["trial_id"], chosen["value"], strict=True))
    return {str(i): float(value) for i, value in columns.groupby("trial_id")["value"].agg(reading.at).items()}


def _joined(setting: str) -> str:
    """Return a setting as it is written in these files: a list without brackets and with slashes between its items."""
    return setting[1:-1].replace(",", "/") if setting.startswith("[") else setting


def _text(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def check_expressions(study: Study, columns: Mapping[str, Sequence[str]]) -> None:
    """Check before training that the expressions of a study can be evaluated.

    Args:
        study: the study, with its metrics, conditions and figure.
        columns: column names by file name, for the files whose columns are known before training.

    Raises:
        ConfigError: an expression is invalid or names an unknown column.
    """
    empty = {name: rename_columns(pd.DataFrame(columns=list(header), dtype=float)) for name, header in columns.items()}
    trials = empty["trials.csv"]
    for metric in study.metrics.values():
        place = f"{study.name}: {metric.name}"
        for reading in metric.readings.values():
            for expression in (reading.value, reading.where):
                if reading.file in empty and expression:
                    evaluate_expression(empty[reading.file], expression, place)
        evaluate_expression(trials.assign(**dict.fromkeys(metric.readings, 0.0)), metric.value, place)
    of_claims = [claim.comparable for claim in study.claims if claim.comparable]
    for conditions in (study.comparable, *of_claims):
        for expression in conditions.when:
            evaluate_expression(trials.assign(replicates=0), expression, f"{study.name}: comparable")
        for condition in conditions.reference:
            evaluate_expression(trials, condition.when, f"{study.name}: comparable: reference")
    if study.figure.form == "curves":
        evaluate_expression(empty["curves.csv"], study.figure.x, f"{study.name}: figure")
