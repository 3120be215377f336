"""Summary of a sweep: the mean of each arm with its interval, and the comparisons between arms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from dropout_lab.metrics import LOSS, REQUESTED_METRICS, SCORES, TRIAL_METRICS, Metric, requested_columns
from dropout_lab.report.comparison import Comparison, ComparisonGroup
from dropout_lab.report.predictions import correct_examples
from dropout_lab.report.splits import count_splits, overlap_of
from dropout_lab.report.tuning_record import TuningRecord
from dropout_lab.stats.bounds import bounds_of, difference_bounds
from dropout_lab.stats.crossed import crossed_interval
from dropout_lab.stats.example_tests import Disagreement, compare_over_examples, mcnemar
from dropout_lab.stats.intervals import UNBOUNDED, Bounds, Interval, mean_interval

# Columns of trials.csv that summary.csv holds, in its order.
METRICS = [
    *(f"test_{metric.name}" for metric in TRIAL_METRICS),
    "gap",
    *(f"{part}_{metric.name}" for part in ("train", "val") for metric in SCORES),
    *(f"{part}_{LOSS.name}" for part in ("test", "train", "val")),
    *("epochs_run", "best_epoch", "train_seconds", "active_parameters", "drop_fraction"),
    *requested_columns(),
]


@dataclass(frozen=True)
class MetricFormat:
    """Format in which a metric is shown.

    Args:
        title: name of the metric with its unit.
        scale: factor from the stored value to the shown unit.
        digits: number of decimal places.
    """

    title: str
    scale: float
    digits: int

    @classmethod
    def of(cls, metric: Metric, part: str = "") -> "MetricFormat":
        """Return the format of a metric; ``part`` is the split that the title names."""
        return cls(f"{part} {metric.label}".strip(), metric.scale, metric.digits)


TEST_SCORES = {f"test_{metric.name}": metric for metric in SCORES}
TEST_REQUESTED = {f"test_{metric.name}": metric for metric in REQUESTED_METRICS}
SHOWN = {name: MetricFormat.of(metric, "test") for name, metric in (TEST_SCORES | TEST_REQUESTED).items()}
SHOWN["gap"] = MetricFormat("gap to training", 1, 3)
UNSTABLE = 1 / 3  # from this fraction of diverged trials on, the mean over the other trials is biased
# Groups of settings that define the data, the model and its training; arms are compared along all other axes.
PLACES = ("data", "model", "train", "device", "precision", "seed", "base_seed")


def metric_column(metric: str, trials: pd.DataFrame) -> MetricFormat:
    """Return the format of a metric of these trials; the gap has the unit of their score."""
    score = percent_score(trials) if metric == "gap" else None
    return MetricFormat("train - test, points", score.scale, score.digits) if score else SHOWN[metric]


def percent_score(trials: pd.DataFrame) -> Metric | None:
    """Return the score of these trials that is shown in percent; None if there is none."""
    return next((m for name, m in TEST_SCORES.items() if m.unit == "%" and trials[name].notna().any()), None)


def _differ(first: np.ndarray, second: np.ndarray) -> bool:
    return first.shape != second.shape


@dataclass(frozen=True)
class Summary:
    """Arms of a sweep with their trials.

    Args:
        trials: one row per trial, as returned by :func:`dropout_lab.report.read_csv.read_trials`.
        arms: maps each label to trial ids. A trial can belong to several arms: rate 0 is the same for every variant.
        settings: maps each label to the arm's value on each axis of the sweep; empty for a sweep without axes.
        tuned: maps the label of each tuned arm to its tuning record.
        folder: sweep folder that may contain saved predictions.
        points: every point of the grid, as its value on each axis, with the label of the arm at that point. Needed if
            several points share an arm.
        bounds: bounds of the columns that are not in :data:`METRICS`.
        repeated: number of stored trials that repeat a seed of their arm under another id and are not counted.
        damaged: paths of predictions that could not be read; filled while the summary is made.
    """

    trials: pd.DataFrame
    arms: Mapping[str, Sequence[str]]
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tuned: Mapping[str, TuningRecord] = field(default_factory=dict)
    folder: str | Path | None = None
    points: Sequence[tuple[Mapping[str, str], str]] = ()
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    repeated: int = 0
    damaged: dict[str, None] = field(default_factory=dict, compare=False)

    def of(self, label: str) -> pd.DataFrame:
        """Return the stored trials of an arm."""
        return self._stored[label]

    @cached_property
    def _stored(self) -> dict[str, pd.DataFrame]:
        return {label: self.trials[self.trials["trial_id"].isin(list(ids))] for label, ids in self.arms.items()}

    def finished(self, label: str, metric: str) -> pd.DataFrame:
        """Return the trials of an arm that have status ``ok`` and a finite value of the metric."""
        rows = self.of(label)
        return rows[(rows["status"] == "ok") & np.isfinite(rows[metric].astype(float))]

    def interval(self, label: str, metric: str) -> Interval | None:
        """Return the mean of a metric over the arm's finished trials with its interval; None if there are none.

        The values of the interval are sorted by seed. If the tuning was repeated, they are the means of its draws.
        """
        values = [value for _, value in self.replicates(label, metric)]
        if not values:
            return None
        overlap = self.overlap(label)
        if metric == "gap":
            return mean_interval(values, overlap=overlap).within(self._gap_bounds(label))
        return mean_interval(values, bounds=self.bounds_of(metric), overlap=overlap)

    @property
    def replicate_name(self) -> str:
        """Noun for the replicates of the arms, which are the draws of the tuning if it was repeated."""
        return "tuning draw" if any(tuned.draws > 1 for tuned in self.tuned.values()) else "seed"

    def replicates(self, label: str, metric: str) -> list[tuple[int, float]]:
        """Return seed and metric of each finished trial, or if the tuning was repeated, draw and mean of each draw."""
        rows = self.finished(label, metric).sort_values("seed", kind="stable")
        pairs = list(zip(rows["seed"].astype(int).tolist(), rows[metric].astype(float).tolist(), strict=True))
        draw_of = self.tuned[label].draw_of if label in self.tuned else {}
        if not draw_of:
            return pairs
        draws = dict.fromkeys(draw_of[seed] for seed, _ in pairs)
        return [(draw, float(np.mean([v for seed, v in pairs if draw_of[seed] == draw]))) for draw in draws]

    def _gap_bounds(self, label: str) -> Bounds:
        score = self.score(label)
        return difference_bounds(bounds_of(score)) if score else UNBOUNDED

    def bounds_of(self, metric: str) -> Bounds:
        """Return the smallest and the largest possible value of a metric."""
        return self.bounds.get(metric) or bounds_of(metric)

    def diverged(self, label: str) -> int:
        return int((self.of(label)["status"] == "diverged").sum())

    def failed(self, label: str) -> int:
        return int((self.of(label)["status"] == "failed").sum())

    def overlap(self, label: str) -> float:
        """Return the number of test examples per other example if the arm's trials are overlapping splits, else 0."""
        return overlap_of(self.of(label))

    def unstable(self, label: str) -> bool:
        """Return whether at least a third of the arm's trials diverged, so that the mean over the others is biased."""
        return self.diverged(label) >= UNSTABLE * max(len(self.of(label)), 1)

    @property
    def shown(self) -> list[str]:
        """Metrics of the printed table: the scores on the test set, the requested metrics, and the gap unless its unit
        differs among arms."""
        metrics = [metric for metric in SHOWN if metric in self.trials and self.trials[metric].notna().any()]
        mixed = sum(metric in TEST_SCORES for metric in metrics) > 1
        return [metric for metric in metrics if not (mixed and metric == "gap")]

    def score(self, label: str) -> str | None:
        """Return the metric by which an arm is compared; None if none of its trials is finished."""
        return next((metric for metric in TEST_SCORES if len(self.finished(label, metric))), None)

    def disagreement(self, first: str, second: str) -> Disagreement | None:
        """Return the disagreement of two arms on their common test examples, over the seeds that both have.

        It comes from McNemar's test for one seed, and from the test over examples for several seeds. None if the
        predictions of some of these trials were not saved, or if the seeds have different test examples.
        """
        hits = self._shared_hits(first, second)
        if hits is None:
            return None
        a, b = hits
        return mcnemar(a[0], b[0]) if len(a) == 1 else compare_over_examples(a, b)

    def crossed(self, first: str, second: str, level: float) -> Interval | None:
        """Return the difference in accuracy of two arms with its interval over seeds and test examples.

        None if the predictions of some of these trials were not saved, or if the seeds have different test examples.
        """
        hits = self._shared_hits(first, second)
        return None if hits is None else crossed_interval(hits[0].astype(float) - hits[1], level)

    def _hits(self, trial_id: str) -> np.ndarray | None:
        if trial_id not in self._loaded_hits:
            try:
                self._loaded_hits[trial_id] = correct_examples(self.folder or "", trial_id)
            except ValueError as error:  # a damaged file
                self.damaged[str(error)] = None
                self._loaded_hits[trial_id] = None
        return self._loaded_hits[trial_id]

    @cached_property
    def _loaded_hits(self) -> dict[str, np.ndarray | None]:
        """Hits that were read from the folder, by trial id."""
        return {}

    def _shared_hits(self, first: str, second: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Return which test examples each of two arms predicts correctly, [S, N] each, for the seeds that both have."""
        metric = self.score(first)
        repeated = first in self.tuned and self.tuned[first].draws > 1
        if self.folder is None or metric is None or repeated or count_splits(self.of(first)) > 1:
            return None
        ids = [dict(self.finished(label, metric)[["seed", "trial_id"]].to_numpy()) for label in (first, second)]
        seeds = sorted(ids[0].keys() & ids[1].keys())
        a, b = ([hits for seed in seeds if (hits := self._hits(each[seed])) is not None] for each in ids)
        if not seeds or not len(a) == len(b) == len(seeds) or any(map(_differ, a, b)):
            return None
        return np.stack(a), np.stack(b)

    @cached_property
    def comparison(self) -> Comparison:
        """Comparisons of the arms with their baselines and with the best arms."""
        return Comparison([self._contest(labels) for labels in self.contexts])

    @cached_property
    def contexts(self) -> list[list[str]]:
        """Groups of labels of arms that can be compared.

        The arms of a group have the same score and the same data. They also share model and training settings, unless
        the sweep varies nothing else.
        """
        axes = list(next(iter(self.settings.values()), {}))
        treatments = [axis for axis in axes if axis.partition(".")[0] not in PLACES]
        apart = [axis for axis in axes if axis not in treatments and (treatments or axis.startswith("data"))]
        contexts: dict[tuple[str | None, ...], list[str]] = {}
        for label in self.arms:
            place = tuple(self.settings[label][axis] for axis in apart) if apart else ()
            contexts.setdefault((self.score(label), *place), []).append(label)
        return list(contexts.values())

    def _contest(self, labels: Sequence[str]) -> ComparisonGroup:
        metric = self.score(labels[0])
        if metric is None:
            return ComparisonGroup({}, True, labels[0], {})
        return ComparisonGroup(
            {label: dict(self.replicates(label, metric)) for label in labels},
            bool(TEST_SCORES[metric].higher_is_better),
            next((label for label in labels if self._plain(label)), labels[0]),
            {label: frozenset(self.arms[label]) for label in labels},
            frozenset(label for label in labels if self.unstable(label)),
            difference_bounds(bounds_of(metric)),
            max(map(self.overlap, labels)),
        )

    def _plain(self, label: str) -> bool:
        """Return whether the arm has neither dropout nor a regularizer."""
        rows = self.of(label)
        columns = {"variant", "regularizer"} & set(rows.columns)
        return len(columns) == 2 and len(rows) > 0 and bool((rows[list(columns)] == "none").all(axis=None))

    def long(self) -> pd.DataFrame:
        """Return one row per arm and metric: arm, metric, mean, low, high, n and n_diverged.

        A tuned sweep also has the columns tuned, tuning_settings, tuning_trials and tuning_seconds.
        """
        rows = []
        for label in self.arms:
            cost: dict[str, object] = {"n_diverged": self.diverged(label)}
            if label in self.tuned:
                tuned = self.tuned[label]
                cost |= {"tuned": tuned.picked, "tuning_settings": tuned.settings}
                cost |= {"tuning_trials": tuned.trials, "tuning_seconds": tuned.seconds}
            for metric in (name for name in METRICS if name in self.trials):
                interval = self.interval(label, metric)
                if interval is not None:
                    rows.append({"arm": label, "metric": metric, **interval.columns, **cost})
            if self.interval(label, "train_seconds") is None:
                rows.append({"arm": label, "metric": "", "n": 0, **cost})
        more = ["tuned", "tuning_settings", "tuning_trials", "tuning_seconds"] if self.tuned else []
        return pd.DataFrame(rows, columns=["arm", "metric", "mean", "low", "high", "n", "n_diverged", *more])
