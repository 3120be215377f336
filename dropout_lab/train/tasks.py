"""What is learnt: the loss of a task and the figure it is judged by."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class TaskMetrics:
    """Losses and scores per example, for M models at once.

    Args:
        kind: ``classification``: cross-entropy in nats, and accuracy; ``regression``: squared error of the
            standardised target, and the root mean squared error in the target's own unit; ``language``: cross-entropy
            of the next token in nats, and its exponential, the perplexity.
        characters: whether the tokens of a text are characters.
    """

    kind: Literal["classification", "regression", "language"]
    characters: bool = False

    @property
    def score_name(self) -> str:
        return {"classification": "accuracy", "regression": "rmse", "language": "perplexity"}[self.kind]

    def loss(self, out: Tensor, y: Tensor) -> Tensor:
        """Loss of each example [M, B] for outputs [M, B, K] and targets [M, B], its mean over K targets [M, B, K]; of
        each token [M, B, T] of a text."""
        if self.kind == "regression":
            return (out.squeeze(2) - y).square() if y.dim() == 2 else (out - y).square().mean(2)
        if self.kind == "classification":
            # Of few classes, torch takes the softmax of all examples side by side several times faster than one by one.
            return nn.functional.cross_entropy(out.mT, y, reduction="none")
        flat = nn.functional.cross_entropy(out.flatten(0, -2), y.flatten(), reduction="none")
        return flat.view(y.shape)

    def divergence(self, first: Tensor, second: Tensor) -> Tensor:
        """How far two predictions [M, ..., K] of an example are apart, [M, ...]: the mean of both Kullback-Leibler
        divergences, in nats; of a regression those of normal distributions of variance 1/2, for whose likelihood the
        squared error stands."""
        if self.kind == "regression":
            return (first - second).square().sum(-1)
        p, q = nn.functional.log_softmax(first, -1), nn.functional.log_softmax(second, -1)
        return ((p.exp() - q.exp()) * (p - q)).sum(-1) / 2

    def hits(self, out: Tensor, y: Tensor) -> Tensor:
        """What the score sums up over examples [M, B]: right answers, or squared errors."""
        return (self.answer(out) == y).float() if self.kind == "classification" else self.loss(out, y)

    def answer(self, out: Tensor) -> Tensor:
        """What the outputs [M, B, (T,) K] say: a class or token, or the standardised target, [M, B(, T)]."""
        return out.squeeze(2) if self.kind == "regression" else out.argmax(-1)  # several targets stay apart

    def score(self, mean_hits: Tensor, target_scale: Tensor) -> Tensor:
        """The score [M] from the mean of :meth:`hits` [M] and the deviation of the target [M]."""
        if self.kind == "language":
            return mean_hits.exp()
        return mean_hits if self.kind == "classification" else mean_hits.sqrt() * target_scale

    def further(self, loss: float) -> dict[str, float]:
        """Other figures that follow from a mean loss: bits per character of a language model that reads them."""
        known = self.kind == "language" and self.characters
        return {"bits_per_character": loss / math.log(2)} if known else {}

    def gap(self, train: float, test: float) -> float:
        """How much better the model does on what it has seen: positive if it overfits."""
        return train - test if self.kind == "classification" else test - train


def sum_batches(parts: list[Tensor]) -> Tensor:
    """Sum [M] over batches of values [M, B] or [M, B, T], in double precision."""
    return torch.stack([p.double().flatten(1).sum(1) for p in parts]).sum(0)
