"""Loss and score of a stack of models on one part of its data."""

from dataclasses import dataclass

from torch import Tensor

from dropout_lab.infer import weight_scaling
from dropout_lab.models import Hook, Model, Params
from dropout_lab.train.feed import Feed
from dropout_lab.train.tasks import Task, total


@dataclass(frozen=True)
class Evaluation:
    """Mean loss and score, one entry a model."""

    loss: list[float]
    score: list[float]


def evaluate(model: Model, params: Params, feed: Feed, part: str, task: Task, hook: Hook) -> Evaluation:
    """Evaluate M models in test mode.

    Args:
        part: ``train``, ``val`` or ``test``.
        hook: the variants' test-time form.
    """
    losses: list[Tensor] = []
    hits: list[Tensor] = []
    count = 0
    for out, y in weight_scaling.outputs(model, params, feed.looks(part), feed.fetch, hook):
        count += y[0].numel()
        losses.append(task.loss(out, y))
        hits.append(task.hits(out, y))
    score = task.score(total(hits) / count, feed.target_scale)
    return Evaluation((total(losses) / count).tolist(), score.tolist())
