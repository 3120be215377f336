"""Evaluation of a stack of models on one split: loss, score and predictions."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dropout_lab.models import Hook, Model, Params, weight_scaling
from dropout_lab.train.batches import Batches
from dropout_lab.train.tasks import TaskMetrics, sum_batches


@dataclass(frozen=True)
class SplitScores:
    """Mean loss and score, one entry per model."""

    loss: list[float]
    score: list[float]


def evaluate_split(
    model: Model, params: Params, feed: Batches, part: str, task: TaskMetrics, hook: Hook
) -> SplitScores:
    """Evaluate M models in test mode.

    Args:
        model: the stacked model.
        params: its parameters, [M, ...] each.
        feed: the data.
        part: split: ``train``, ``val`` or ``test``.
        task: loss and score.
        hook: the test-time form, as for :func:`weight_scaling.predict_outputs`.
    """
    losses: list[Tensor] = []
    hits: list[Tensor] = []
    count = 0
    for out, y in weight_scaling.predict_outputs(model, params, feed.looks(part), feed.fetch, hook):
        losses.append(task.loss(out, y))
        count += losses[-1][0].numel()
        hits.append(task.hits(out, y))
    score = task.score(sum_batches(hits) / count, feed.target_scale)
    return SplitScores((sum_batches(losses) / count).tolist(), score.tolist())


def predict_split(
    model: Model, params: Params, feed: Batches, part: str, task: TaskMetrics, hook: Hook
) -> list[dict[str, np.ndarray]]:
    """Return the predictions of M models for every example of a split, in test mode.

    Returns:
        For each model a dict with ``prediction`` and ``target`` [N]: classes, tokens, or numbers in the unit of the
        target ([N, K] for K targets); and the ``rows`` [N] of the dataset, unless it is a running text.
    """
    predicted, true = [], []
    for out, y in weight_scaling.predict_outputs(model, params, feed.looks(part), feed.fetch, hook):
        predicted.append(_lines(feed.in_units(task.answer(out)), task))
        true.append(_lines(feed.in_units(y), task))
    found = {"prediction": torch.cat(predicted, 1), "target": torch.cat(true, 1)}
    if task.kind != "language":
        found["rows"] = feed.index[part].cpu()
    return [{name: values[m].numpy() for name, values in found.items()} for m in range(len(found["target"]))]


def _lines(values: Tensor, task: TaskMetrics) -> Tensor:
    """Flatten windows of tokens [M, B, T] to one entry per token; keep one entry per example for other tasks."""
    return (values.flatten(1) if task.kind == "language" else values).cpu()
