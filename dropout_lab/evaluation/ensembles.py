"""Comparison of Monte Carlo dropout with deep ensembles, by scores and by cost.

The cost of training is counted in epochs, summed over the networks; the cost of inference in forward passes per
example.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from dropout_lab.config import InferConf
from dropout_lab.errors import format_setting
from dropout_lab.evaluation.measure import candidate_taus, classification_scores
from dropout_lab.evaluation.predictor import Predictions, Predictor
from dropout_lab.stats import regression
from dropout_lab.stats.bounds import bounds_of
from dropout_lab.stats.intervals import Interval, mean_interval

COUNTS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000)  # passes, and members, of the averages
Scores = dict[str, float]


def compare_ensembles(
    networks: Iterable[Predictor], epochs: Sequence[int], conf: InferConf, done: Callable[[], None]
) -> list[dict[str, Any]]:
    """Compare averages over stochastic passes and over networks with a single deterministic network.

    Args:
        networks: the networks of R seeds of one arm, all tested on the same examples.
        epochs: number of training epochs of each network.
        conf: number of passes, and the quantity that is averaged.
        done: called after each network.

    Returns:
        rows of ``ensembles.csv``. ``single`` is one network in its test-time form. ``mc_dropout`` is the mean of the
        first k stochastic passes of one network, for k up to ``infer.passes``. ``deep_ensemble`` is the mean of m
        networks in their test-time form, for as many disjoint groups of m seeds as there are. ``n`` is the number of
        networks or groups over which mean and confidence interval are computed; ``values`` lists the scores if they are
        fewer than three.
    """
    outs: list[_Outputs] = []
    rows: dict[tuple[str, int], list[tuple[Scores, float]]] = {}
    for trained, spent in zip(networks, epochs, strict=True):
        outs.append(_Outputs(trained, conf, {*COUNTS, len(epochs)}))
        rows.setdefault(("single", 1), []).append((outs[-1].plain(), spent))
        for k, scores in outs[-1].implicit():
            rows.setdefault(("mc_dropout", k), []).append((scores, spent))
        done()
    for m in sorted({*(k for k in COUNTS if 1 < k <= len(outs)), len(outs)} - {1}):
        groups = [slice(i, i + m) for i in range(0, len(outs) - m + 1, m)]
        rows["deep_ensemble", m] = [(ensemble_scores(outs[g]), sum(epochs[g])) for g in groups]
    return [row for (kind, size), measured in rows.items() for row in _rows(kind, size, measured)]


def _rows(kind: str, size: int, measured: Sequence[tuple[Scores, float]]) -> list[dict[str, Any]]:
    epochs = float(np.mean([spent for _, spent in measured]))
    passes = 1 if kind == "single" else size
    named = {"kind": kind, "size": size, "epochs": epochs, "passes_each": passes}
    intervals = {
        name: mean_interval([scores[name] for scores, _ in measured], bounds=bounds_of(name)) for name in measured[0][0]
    }
    return [named | {"metric": name, **_columns(interval)} for name, interval in intervals.items()]


def _columns(interval: Interval) -> dict[str, Any]:
    """Return the columns of an interval; values that are too few for an interval are joined by spaces."""
    columns = {name: None if np.isnan(value) else value for name, value in interval.columns.items()}
    return {**columns, "values": " ".join(map(format_setting, interval.values))}


class _Outputs:
    """Predictions of one network on the test set and, for regression, on the validation set."""

    def __init__(self, trained: Predictor, conf: InferConf, counts: set[int]):
        self.conf, self.numbers = conf, trained.task == "regression"
        # The validation set serves to choose the precision.
        self.parts = ("test", "val") if self.numbers and trained.validates else ("test",)
        self.at = sorted({k for k in counts if k < conf.passes} | {conf.passes}) if trained.stochastic else []
        self.taus = candidate_taus(trained, conf) if self.numbers else []
        self.by_split = {part: self._of(trained, part, False) for part in self.parts}
        self.sampled = {part: self._of(trained, part, True) for part in self.parts if self.at}

    def _of(self, trained: Predictor, part: str, noisy: bool) -> Predictions:
        at = self.at if noisy else ()
        if self.numbers:
            return trained.values(self.conf, part, noisy, self.taus, at)
        return trained.classes(self.conf, part, noisy, at)

    def plain(self) -> Scores:
        """Return the scores of the test-time network."""
        if not self.numbers:
            return classification_scores(
                self.by_split["test"].arrays["probabilities"], self.by_split["test"].y, self.conf.bins
            )
        logs = [self.by_split[part].arrays["log_likelihood"] for part in self.parts]
        return _regressed(self.by_split["test"].arrays["mean"], self.by_split["test"].y, logs[0], logs[-1])

    @property
    def tau(self) -> float:
        """The precision that is best for this network on the validation set, or the only one."""
        return self.taus[int(self.by_split[self.parts[-1]].arrays["log_likelihood"].mean(1).argmax())]

    def implicit(self) -> list[tuple[int, Scores]]:
        """Return pairs of k and the scores of the mean of the first k passes."""
        rows = []
        for i, k in enumerate(self.at):
            shots = [self.sampled[part].shots[i] for part in self.parts]
            y = self.sampled["test"].y
            if self.numbers:
                rows.append((k, _regressed(shots[0][0], y, shots[0][1], shots[-1][1])))
            else:
                rows.append((k, classification_scores(shots[0][0], y, self.conf.bins)))
        return rows


def _regressed(mean: np.ndarray, y: np.ndarray, log: np.ndarray, val_log: np.ndarray) -> Scores:
    """Return the regression scores under the precision that is best on the validation set.

    Args:
        mean: predictions [N].
        y: targets [N].
        log: log-likelihood [G, N] on the test set under each precision.
        val_log: the same on the validation set; without one, there is a single precision and this is ``log``.
    """
    best = int(val_log.mean(1).argmax())
    return {"rmse": regression.rmse(mean, y), "log_likelihood": float(log[best].mean())}


def ensemble_scores(outs: Sequence[_Outputs]) -> Scores:
    """Return the scores of the mean of several networks in their test-time form."""
    conf, first = outs[0].conf, outs[0].by_split["test"]
    if not outs[0].numbers:
        each = np.stack([o.by_split["test"].arrays["probabilities"] for o in outs])
        if conf.average == "logits":  # log-probabilities equal logits up to a constant per example
            logs = np.log(np.maximum(each, 1e-300)).mean(0)
            each = np.exp(logs - logs.max(1, keepdims=True))[None]
            each /= each.sum(2, keepdims=True)
        return classification_scores(each.mean(0), first.y, conf.bins)
    means = np.stack([o.by_split["test"].arrays["mean"] for o in outs])
    # The networks have different validation sets, so the geometric mean of their chosen precisions is used.
    tau = float(np.exp(np.mean(np.log([o.tau for o in outs]))))
    log = regression.log_likelihood(means, first.y, tau)
    return {"rmse": regression.rmse(means.mean(0), first.y), "log_likelihood": log}
