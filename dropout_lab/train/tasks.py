"""Losses and scores of the tasks."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dropout_lab.metrics import Task, score_of


@dataclass(frozen=True)
class TaskMetrics:
    """Losses and scores per example, for M models at once.

    Args:
        kind: ``classification``: cross-entropy in nats, and accuracy; ``regression``: squared error of the standardised
            target, and the root mean squared error in the original unit of the target; ``language``: cross-entropy of
            the next token in nats, and its exponential, the perplexity.
        characters: whether the tokens of a text are characters.
    """

    kind: Task
    characters: bool = False

    @property
    def score_name(self) -> str:
        return score_of(self.kind).name

    def loss(self, out: Tensor, y: Tensor) -> Tensor:
        """Return the loss of each example [M, B], or of each token [M, B, T] of a text.

        Args:
            out: outputs [M, B, K].
            y: targets [M, B], or [M, B, K] for K regression targets, over which the loss is averaged.
        """
        if self.kind == "regression":
            return (out.squeeze(2) - y).square() if y.dim() == 2 else (out - y).square().mean(2)
        if self.kind == "classification":
            # With few classes torch computes the softmax several times faster across examples than across classes.
            return nn.functional.cross_entropy(out.mT, y, reduction="none")
        flat = nn.functional.cross_entropy(out.flatten(0, -2), y.flatten(), reduction="none")
        return flat.view(y.shape)

    def divergence(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the divergence [M, ...] of two predictions [M, ..., K] in nats.

        This is the mean of the Kullback-Leibler divergences in both directions. For regression these are the
        divergences of normal distributions with variance 1/2, whose negative log-likelihood is the squared error up to
        a constant.
        """
        if self.kind == "regression":
            return (first - second).square().sum(-1)
        p, q = nn.functional.log_softmax(first, -1), nn.functional.log_softmax(second, -1)
        return ((p.exp() - q.exp()) * (p - q)).sum(-1) / 2

    def hits(self, out: Tensor, y: Tensor) -> Tensor:
        """Return the quantity that the score averages over examples [M, B]: correct predictions or losses."""
        return (self.answer(out) == y).float() if self.kind == "classification" else self.loss(out, y)

    def answer(self, out: Tensor) -> Tensor:
        """Return the predictions [M, B(, T)] of outputs [M, B, (T,) K]: a class, a token or the standardised target.

        K regression targets keep the shape [M, B, K].
        """
        return out.squeeze(2) if self.kind == "regression" else out.argmax(-1)  # squeeze keeps several targets

    def score(self, mean_hits: Tensor, target_scale: Tensor) -> Tensor:
        """Return the score [M] from the mean of :meth:`hits` [M] and the divisor of the normalised target [M]."""
        if self.kind == "language":
            return mean_hits.exp()
        return mean_hits if self.kind == "classification" else mean_hits.sqrt() * target_scale

    def further(self, loss: float) -> dict[str, float]:
        """Return metrics derived from a mean loss: bits per character for a character language model."""
        known = self.kind == "language" and self.characters
        return {"bits_per_character": loss / math.log(2)} if known else {}

    def gap(self, train: float, test: float) -> float:
        """Return the generalisation gap: the amount by which the training score is better than the test score."""
        return score_of(self.kind).gap(train, test)


def sum_batches(parts: list[Tensor]) -> Tensor:
    """Return the sum [M] over batches of values [M, B] or [M, B, T], in double precision."""
    return torch.stack([p.double().flatten(1).sum(1) for p in parts]).sum(0)
