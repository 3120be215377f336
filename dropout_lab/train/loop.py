"""Training loop: epochs over a pack until every model has finished, stopped early or diverged."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dropout_lab import __version__
from dropout_lab.data import Dataset
from dropout_lab.dropout.schedules import TrainingProgress
from dropout_lab.metrics import PARTS
from dropout_lab.models import Hook
from dropout_lab.process_settings import flush_denormals
from dropout_lab.train.activation_stats import measure_activity
from dropout_lab.train.evaluate import SplitScores, evaluate_split, predict_split
from dropout_lab.train.monitor import PackMonitor
from dropout_lab.train.result import TrialResult
from dropout_lab.train.training_state import TrainingState
from dropout_lab.trial import Trial

Progress = Callable[[int], None]


def train_pack(
    trials: Sequence[Trial],
    dataset: Dataset,
    progress: Progress = lambda epochs: None,
    monitor: PackMonitor | None = None,
) -> list[TrialResult]:
    """Train a pack and measure each of its trials.

    Args:
        trials: see :class:`Pack`.
        dataset: the data of the trials.
        progress: called with the number of trial epochs that have been completed or are no longer needed.
        monitor: provides the state of an interrupted training to continue from, and observes each step.

    Returns:
        One result per trial, in the order of the trials.

    Raises:
        ValueError: the model does not accept the data.
    """
    with flush_denormals():
        training = _Training(trials, dataset, progress, monitor)
        state = monitor.load() if monitor else None
        if monitor and state is not None:
            try:
                training.load_state_dict(state)
            except (LookupError, TypeError, ValueError, RuntimeError) as error:  # the state has another structure
                monitor.reject(f"{type(error).__name__}: {error}")
                training = _Training(trials, dataset, progress, monitor)
        return training.run()


class _Training(TrainingState):
    """Training of a pack: epochs, validation, and the measurement of its trials."""

    def run(self) -> list[TrialResult]:
        for epoch in range(self.epoch, self.conf.epochs + 1):
            self.epoch = epoch
            losses = self._epoch(epoch)
            val = self._validated()
            self._record(epoch, losses.tolist(), val)
            if val is not None:
                self.stalls.see(self.inside, val.loss)
            self._leave(epoch, val)
            if not self.inside:
                break
        self._finish(self.inside)
        self._measure(self.seconds() / len(self.trials))
        return self.results

    def _epoch(self, epoch: int) -> Tensor:
        """Train for one epoch and return the mean training loss of each model, [M]."""
        if not self.batches:
            self.batches, self.sums = self.pack.begin(epoch), []
        batches, self.steps = self.batches, len(self.batches)
        stalls = torch.tensor([self.stalls.before(m, epoch) for m in self.inside], dtype=torch.float64)
        for step in range(len(self.sums), len(batches)):
            self.monitor.step(self.position, self.state_dict)
            rows = batches[step]
            progress = torch.tensor((epoch - 1 + step / len(batches)) / self.conf.epochs, dtype=torch.float64)
            self.pack.noise.move(TrainingProgress(progress, stalls))
            self.pack.regularizers.move(progress)
            if step == 0:
                self.pack.noise.measure()
            self.sums.append(self.pack.step(rows) * rows[0].numel())
            self.steps_here += 1
            if step == 0:
                counts = torch.stack(torch.broadcast_tensors(*self.pack.noise.measured(), self.sums[0].long())[:2])
                self.dropped[:, self.inside] += counts.cpu()
        losses = self.mean_losses(len(batches))
        self.batches, self.last_loss = (), losses.mean().item()
        return losses

    def _validated(self) -> SplitScores | None:
        """Evaluate the current networks on the validation set; None if there is none."""
        pack, hook = self.pack, self.pack.testing(self.pack.params)
        if not pack.feed.validates:
            return None
        with pack.arithmetic:
            return evaluate_split(pack.model, pack.params, pack.feed, "val", pack.task, hook, self.monitored)

    def _record(self, epoch: int, losses: list[float], val: SplitScores | None) -> None:
        lrs = self.pack.optimizer.lr.tolist()
        rates = self.pack.noise.applied(self.pack.params) or [0.0] * len(self.inside)
        for place, m in enumerate(self.inside):
            row: dict[str, Any] = {"trial_id": self.trials[m].id, "epoch": epoch, "rate": rates[place]}
            row["train_loss"] = losses[place]
            if val is not None:
                row |= {"val_loss": val.loss[place], f"val_{self.pack.task.score_name}": val.score[place]}
                row |= {f"val_{name}": val.further[place][name] for name in self.monitored}
            self.results[m].curve.append(row)
            self.epochs_run[m] = epoch
            row["lr"] = lrs[place]
            if not all(math.isfinite(row[name]) for name in ("train_loss", "val_loss") if name in row):
                self.results[m].status = "diverged"

    def _leave(self, epoch: int, val: SplitScores | None) -> None:
        """Remove the models that stop early or have diverged from the pack."""
        spent = []
        if val is not None:
            costs = val.costs(self.watch.monitors(self.inside), self.pack.task.score_name)
            spent = self.watch.see(epoch, self.inside, costs, self.pack.params)
        gone = {m for m in self.inside if m in spent or self.results[m].status == "diverged"}
        # Progress counts epochs of all trials; the remaining epochs of a removed model are no longer needed.
        self.progress(len(self.inside) + len(gone) * (self.conf.epochs - epoch))
        if gone and epoch < self.conf.epochs:
            self._finish([m for m in self.inside if m in gone])
            places = [place for place, m in enumerate(self.inside) if m not in gone]
            self.inside = [self.inside[place] for place in places]
            if places:
                self.pack = self.pack.select(places)

    def _finish(self, models: Sequence[int]) -> None:
        """Store the parameters with which these models are evaluated."""
        places = [self.inside.index(m) for m in models]
        if places:
            params = self.watch.restore(models, {n: p.detach()[places] for n, p in self.pack.params.items()})
            for name, values in params.items():
                self.final[name][list(models)] = values

    def _measure(self, seconds: float) -> None:
        """Evaluate the final networks on every split. The test set is read only here."""
        # The test-time form uses the rate of the last training step of these weights, as in validation.
        epochs = [self.watch.reported(m, run) for m, run in enumerate(self.epochs_run)]
        last = (
            torch.tensor([max(epoch - 1 / self.steps, 0) for epoch in epochs], dtype=torch.float64) / self.conf.epochs
        )
        stalls = [self.stalls.before(m, max(epoch, 1)) for m, epoch in enumerate(epochs)]
        self.whole.noise.move(TrainingProgress(last, torch.tensor(stalls, dtype=torch.float64)))
        model, feed, hook = self.whole.model, self.whole.feed, self.whole.testing(self.final)
        # Trials that only serve to select settings must not read the test set.
        unread = {"test": not self.trials[0].config.evaluate_test, "val": not feed.validates}
        parts = [part for part in PARTS if not unread.get(part)]
        with self.whole.arithmetic:
            splits = {
                part: evaluate_split(
                    model, self.final, feed, part, self.whole.task, hook, () if part == "train" else self.requested
                )
                for part in parts
            }
            active_units = self._activity(hook) if "test" in splits else []
        test_set = self._test_set() if "test" in splits else []
        removed = self.whole.noise.removed(self.final)
        for m, result in enumerate(self.results):
            measured: dict[str, Any] = {"train_seconds": seconds, "seconds_per_epoch": seconds / self.epochs_run[m]}
            measured |= {"epochs_run": self.epochs_run[m], "best_epoch": self.watch.best_epoch[m] or None}
            thinned = self.whole.noise.thinned(self.whole.rates[m])
            active = None if thinned is None else model.active_size(thinned)
            active = None if active is None else round(active, 1) - (removed[m] if removed else 0)
            measured |= {"parameters": model.size, "active_parameters": active}
            dropped, present = self.dropped[:, m].tolist()
            measured |= {"drop_fraction": dropped / present if present else 0.0}
            measured |= {"pack_size": len(self.trials), "n_train": feed.n_train, "version": __version__}
            measured |= (active_units[m] if active_units else {}) | (test_set[m] if test_set else {})
            scores = self._scores(m, splits)
            if not all(math.isfinite(score) for score in scores.values()):
                result.status = "diverged"
            further = {f"{part}_{name}": value for part, s in splits.items() for name, value in s.of_model(m).items()}
            result.measured = measured | (scores | further if result.status == "ok" else {})
            if result.status == "ok" and self.trials[m].config.save_weights:
                result.weights = {name: values[m] for name, values in self.final.items()}
                result.moment = (last[m].item(), stalls[m])
        if "test" in splits and any(trial.config.save_predictions for trial in self.trials):
            with self.whole.arithmetic:
                self._predict(predict_split(model, self.final, feed, "test", self.whole.task, hook))

    def _predict(self, by_model: Sequence[dict[str, np.ndarray]]) -> None:
        """Store the test predictions of trials with ``save_predictions``."""
        for result, trial, predictions in zip(self.results, self.trials, by_model, strict=True):
            if result.status == "ok" and trial.config.save_predictions:
                result.predictions = predictions

    def _activity(self, hook: Hook) -> list[dict[str, float]]:
        whole = self.whole
        return [] if whole.task.kind == "language" else measure_activity(whole.model, self.final, whole.feed, hook)

    def _test_set(self) -> list[dict[str, Any]]:
        """Return the size of the test set of each trial and the accuracy of a constant prediction."""
        feed = self.whole.feed
        size: dict[str, Any] = {"n_test": feed.n_test}
        if self.whole.task.kind != "classification":
            return [size for _ in self.trials]
        return [{**size, "majority_accuracy": accuracy} for accuracy in feed.majority_accuracies()]

    def _scores(self, m: int, splits: dict[str, SplitScores]) -> dict[str, float]:
        task = self.whole.task
        scores = {part: evaluation.score[m] for part, evaluation in splits.items()}
        losses = {f"{part}_loss": evaluation.loss[m] for part, evaluation in splits.items()}
        named = {f"{part}_{task.score_name}": score for part, score in scores.items()}
        for part, evaluation in splits.items():
            named |= {f"{part}_{name}": value for name, value in task.further(evaluation.loss[m]).items()}
        gap = {"gap": task.gap(scores["train"], scores["test"])} if "test" in scores else {}
        return {**gap, **named, **losses}
