"""From trials to the table of a sweep: a mean with its interval for each arm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from dropout_lab.report.tables import markdown
from dropout_lab.stats.intervals import Interval, mean_interval

METRICS = (
    "test_accuracy,test_rmse,test_perplexity,test_bits_per_character,gap,train_accuracy,train_rmse,train_perplexity,val_accuracy,val_rmse,"
    "val_perplexity,test_loss,train_loss,val_loss,epochs_run,best_epoch,train_seconds,active_parameters,drop_fraction"
).split(",")


@dataclass(frozen=True)
class Column:
    """How a metric is shown.

    Args:
        title: with its unit.
        scale: factor from the stored value to the unit.
        digits: after the point.
    """

    title: str
    scale: float
    digits: int


SHOWN = {
    "test_accuracy": Column("test accuracy, %", 100, 2),
    "test_rmse": Column("test rmse", 1, 3),
    "test_perplexity": Column("test perplexity", 1, 2),
    "gap": Column("gap to training", 1, 3),
}
GAP_OF_ACCURACIES = Column("train - test, points", 100, 2)


def column(metric: str, trials: pd.DataFrame) -> Column:
    """How to show a metric of these trials; the gap has the unit of their score."""
    accuracies = metric == "gap" and trials["test_accuracy"].notna().any()
    return GAP_OF_ACCURACIES if accuracies else SHOWN[metric]


@dataclass(frozen=True)
class Summary:
    """The arms of a sweep with their trials.

    Args:
        trials: one row a trial, as :func:`dropout_lab.report.trials.read` gives them.
        arms: label to trial ids. A trial may stand in several arms: rate 0 is the same for every variant.
        settings: label to the arm's place on each axis of the sweep; empty for a sweep without axes.
    """

    trials: pd.DataFrame
    arms: Mapping[str, Sequence[str]]
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, label: str) -> pd.DataFrame:
        """The trials of an arm that are stored."""
        return self.trials[self.trials["trial_id"].isin(list(self.arms[label]))]

    def interval(self, label: str, metric: str) -> Interval | None:
        """The metric over the arm's finished trials; None if it has no value there."""
        rows = self.of(label)
        values = rows.loc[(rows["status"] == "ok") & np.isfinite(rows[metric].astype(float)), metric]
        return mean_interval(values.tolist()) if len(values) else None

    def diverged(self, label: str) -> int:
        return int((self.of(label)["status"] == "diverged").sum())

    def failed(self, label: str) -> int:
        return int((self.of(label)["status"] == "failed").sum())

    @property
    def shown(self) -> list[str]:
        """The metrics of the printed table: the score on test data, and the gap unless its unit differs among arms."""
        found = [metric for metric in SHOWN if self.trials[metric].notna().any()]
        mixed = len(found) > 2  # the gap and more than one score
        return [metric for metric in found if not (mixed and metric == "gap")]

    def long(self) -> pd.DataFrame:
        """One row an arm and metric: arm, metric, mean, low, high, n, n_diverged."""
        rows = []
        for label in self.arms:
            for metric in METRICS:
                found = self.interval(label, metric)
                if found is not None:
                    rows.append({"arm": label, "metric": metric, **found._asdict(), "n_diverged": self.diverged(label)})
            if self.interval(label, "train_seconds") is None:
                rows.append({"arm": label, "metric": "", "n": 0, "n_diverged": self.diverged(label)})
        return pd.DataFrame(rows, columns=["arm", "metric", "mean", "low", "high", "n", "n_diverged"])

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """The printed table: titles and rows of text, with a column for each axis of the sweep."""
        axes = list(next(iter(self.settings.values()), {}))
        columns = {metric: column(metric, self.trials) for metric in self.shown}
        troubles = {
            "diverged": [self.diverged(label) for label in self.arms],
            "failed": [self.failed(label) for label in self.arms],
        }
        troubles = {name: counts for name, counts in troubles.items() if any(counts)}
        titles = [*(axes or ["arm"]), *(c.title for c in columns.values()), "n", *troubles]
        rows = []
        for i, label in enumerate(self.arms):
            cells = [_cell(self.interval(label, metric), c) for metric, c in columns.items()]
            n = int((self.of(label)["status"] == "ok").sum())
            names = [self.settings[label][axis] for axis in axes] or [label]
            rows.append([*names, *cells, str(n), *(str(counts[i]) for counts in troubles.values())])
        return titles, rows

    @property
    def named(self) -> int:
        """Columns of the printed table that name the arm."""
        return len(next(iter(self.settings.values()), {})) or 1

    @property
    def note(self) -> str:
        """What the figures are, in a sentence."""
        single = all(len(ids) < 2 for ids in self.arms.values())
        spread = "one seed an arm, so no spread" if single else "mean [95 % t-interval over seeds]"
        restored = self.trials["early_stopping"].notna()
        rule = "weights of the best validation epoch" if restored.all() else "weights of the last epoch"
        if restored.any() and not restored.all():
            rule += ", or of the best validation epoch where stopped early"
        return f"{spread}; {rule}; diverged trials are left out of the means."


def _cell(found: Interval | None, shown: Column) -> str:
    if found is None:
        return "-"
    mean, low, high = (f"{value * shown.scale:.{shown.digits}f}" for value in found[:3])
    return mean if found.n == 1 else f"{mean} [{low}, {high}]"


def texts(summary: Summary) -> dict[str, str]:
    """The files of a summary by name: ``summary.csv`` and ``summary.md``."""
    titles, rows = summary.cells()
    return {
        "summary.csv": summary.long().to_csv(index=False, float_format="%.10g", lineterminator="\n"),
        "summary.md": markdown(titles, rows, summary.named) + f"\n{summary.note[0].upper()}{summary.note[1:]}\n",
    }
