"""Evaluation of a stack of models on one split: loss, score and predictions."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from dropout_lab.metrics import METRICS
from dropout_lab.models import Hook, Model, Params, weight_scaling
from dropout_lab.stats.metric_functions import compute
from dropout_lab.train.batches import Batches
from dropout_lab.train.tasks import TaskMetrics, sum_batches


@dataclass(frozen=True)
class SplitScores:
    """Mean loss, score and the requested metrics by name; one entry per model."""

    loss: list[float]
    score: list[float]
    further: list[dict[str, float]] = field(default_factory=list)

    def of_model(self, place: int) -> dict[str, float]:
        """Return the requested metrics of one model; empty if none were requested."""
        return self.further[place] if self.further else {}

    def costs(self, monitors: Sequence[str], score_name: str) -> list[float]:
        """Return the value of the monitored column of each model, with its sign chosen so that lower is better.

        Args:
            monitors: validation column of each model, such as ``val_loss`` or ``val_f1``.
            score_name: name of the score.
        """
        costs = []
        for place, column in enumerate(monitors):
            name = column.removeprefix("val_")
            known = {"loss": self.loss, score_name: self.score}
            value = known[name][place] if name in known else self.further[place][name]
            costs.append(METRICS[name].cost(value))
        return costs


def evaluate_split(
    model: Model,
    params: Params,
    feed: Batches,
    part: str,
    task: TaskMetrics,
    hook: Hook,
    requested: Sequence[str] = (),
) -> SplitScores:
    """Evaluate M models in test mode.

    Args:
        model: the stacked model.
        params: its parameters, [M, ...] each.
        feed: the data.
        part: split: ``train``, ``val`` or ``test``.
        task: loss and score.
        hook: the test-time form, as for :func:`weight_scaling.predict_outputs`.
        requested: names of further metrics, which need the outputs of the whole split.
    """
    outputs: list[tuple[Tensor, Tensor]] = []
    losses: list[Tensor] = []
    hits: list[Tensor] = []
    count = 0
    for out, y in weight_scaling.predict_outputs(model, params, feed.eval_batches(part), feed.fetch, hook):
        losses.append(task.loss(out, y))
        count += losses[-1][0].numel()
        hits.append(task.hits(out, y))
        if requested:
            outputs.append((out.cpu(), y.cpu()))
    score = task.score(sum_batches(hits) / count, feed.target_scale)
    further = _further(outputs, feed, task, requested) if requested else []
    return SplitScores((sum_batches(losses) / count).tolist(), score.tolist(), further)


def _further(
    kept: Sequence[tuple[Tensor, Tensor]], feed: Batches, task: TaskMetrics, requested: Sequence[str]
) -> list[dict[str, float]]:
    """Return the requested metrics of each of M models from the outputs and targets of all batches of a split."""
    outs, y = (torch.cat(parts, 1) for parts in zip(*kept, strict=True))
    if task.kind == "regression":
        outs, y = (feed.in_units(values.to(feed.device)).cpu() for values in (task.answer(outs), y))
    metrics = []
    for out, targets in zip(outs, y, strict=True):
        # In double precision, because a single-precision probability close to 1 hides the order of the examples.
        predicted = out.numpy() if task.kind == "regression" else torch.softmax(out.double(), -1).numpy()
        metrics.append({name: compute(name, predicted, targets.numpy()) for name in requested})
    return metrics


def predict_split(
    model: Model, params: Params, feed: Batches, part: str, task: TaskMetrics, hook: Hook
) -> list[dict[str, np.ndarray]]:
    """Return the predictions of M models for every example of a split, in test mode.

    Returns:
        For each model a dict with ``prediction`` and ``target`` [N]: classes, tokens, or numbers in the unit of the
        target ([N, K] for K targets); and the ``rows`` [N] of the dataset, unless it is a running text.
    """
    predicted, true = [], []
    for out, y in weight_scaling.predict_outputs(model, params, feed.eval_batches(part), feed.fetch, hook):
        predicted.append(_lines(feed.in_units(task.answer(out)), task))
        true.append(_lines(feed.in_units(y), task))
    arrays = {"prediction": torch.cat(predicted, 1), "target": torch.cat(true, 1)}
    if task.kind != "language":
        arrays["rows"] = feed.index[part].cpu()
    return [{name: values[m].numpy() for name, values in arrays.items()} for m in range(len(arrays["target"]))]


def _lines(values: Tensor, task: TaskMetrics) -> Tensor:
    """Flatten windows of tokens [M, B, T] to one entry per token; keep one entry per example for other tasks."""
    return (values.flatten(1) if task.kind == "language" else values).cpu()
