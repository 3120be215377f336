"""Predictive distributions: running averages of the outputs of many members, and measures of their disagreement.

Members are the passes of one network or the networks of an ensemble. They are added in stacks of S, and their outputs
are not stored.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import log_softmax, one_hot

Arrays = dict[str, np.ndarray]


class ClassDistribution:
    """The predictive distribution over K classes for B examples.

    Args:
        average: ``probabilities`` for the mean of the members' probabilities, ``logits`` for the softmax of the mean of
            their logits, which is the normalized geometric mean of the probabilities.
        at: numbers of members, ascending, after which to record the distribution as well.
    """

    def __init__(self, average: str = "probabilities", at: Sequence[int] = ()):
        self._average, self._at = average, at
        self._count = 0
        self._sums: dict[str, Tensor] = {}
        self._shots: list[Tensor] = []

    def add(self, out: Tensor) -> None:
        """Add the logits [S, B, K] of further members."""
        log_p = log_softmax(out.double(), -1)
        p = log_p.exp()
        averaged = p if self._average == "probabilities" else log_p
        for k in self._at:
            if self._count < k <= self._count + len(out):
                self._shots.append(self._mean(self._sums.get("averaged", 0) + averaged[: k - self._count].sum(0), k))
        votes = one_hot(out.argmax(-1), out.shape[-1])
        parts = {"averaged": averaged, "p": p, "squares": p.square(), "entropy": -(p * log_p).sum(-1), "votes": votes}
        for name, values in parts.items():
            self._sums[name] = self._sums.get(name, 0) + values.sum(0)
        self._count += len(out)

    def _mean(self, total: Tensor, count: int) -> Tensor:
        return total / count if self._average == "probabilities" else torch.softmax(total / count, -1)

    def shots(self) -> list[np.ndarray]:
        """Return the recorded distributions [B, K], one per number of members in ``at`` that was reached."""
        return [shot.cpu().numpy() for shot in self._shots]

    def done(self) -> Arrays:
        """Return the distribution over all members and its measures of uncertainty.

        Returns:
            ``probabilities`` [B, K], and for each example [B]: ``entropy`` of these probabilities, in nats;
            ``mutual_information`` between class and member, which is the entropy of the mean probabilities minus the
            mean of the members' entropies, in nats (Houlsby et al. 2011, arXiv:1112.5745); ``variation_ratio``, the
            fraction of members that do not vote for the most frequent class (Gal 2016, section 3.3.1); and
            ``variance`` of the probabilities over members, summed over classes.
        """
        sums, count = self._sums, self._count
        mean_prediction = self._mean(sums["averaged"], count)
        mean = sums["p"] / count
        spread = (sums["squares"] / count - mean.square()).clamp(min=0).sum(-1)
        arrays = {
            "probabilities": mean_prediction,
            "entropy": _entropy(mean_prediction),
            "mutual_information": (_entropy(mean) - sums["entropy"] / count).clamp(min=0),
            "variation_ratio": 1 - sums["votes"].amax(-1).double() / count,
            "variance": spread,
        }
        return {name: values.cpu().numpy() for name, values in arrays.items()}


def _entropy(p: Tensor) -> Tensor:
    return torch.special.entr(p).sum(-1)


class ValueDistribution:
    """The predictive distribution of a scalar target for B examples: a mixture of normals with equal precision.

    Args:
        y: targets [B], in the unit of the data; all other values here have the same unit.
        precisions: G candidates of tau, the inverse variance of the noise.
        at: numbers of members, ascending, after which to record mean and log-likelihood as well.
    """

    def __init__(self, y: Tensor, precisions: Iterable[float], at: Sequence[int] = ()):
        self._y, self._at, self._count = y.double(), at, 0
        self._tau = torch.tensor(list(precisions), dtype=torch.float64, device=y.device)
        self._sum = self._squares = torch.zeros_like(self._y)
        self._log = torch.full((len(self._tau), len(y)), -torch.inf, dtype=torch.float64, device=y.device)
        self._shots: list[tuple[Tensor, Tensor]] = []

    def add(self, out: Tensor) -> None:
        """Add the predictions [S, B] of further members."""
        out = out.double()
        for k in self._at:
            if self._count < k <= self._count + len(out):
                part = out[: k - self._count]
                self._shots.append(((self._sum + part.sum(0)) / k, self._likelihood(self._with(part), k)))
        # Squares around the target: squares around 0 would lose digits to cancellation.
        off = out - self._y
        self._sum, self._squares = self._sum + out.sum(0), self._squares + off.square().sum(0)
        self._log = self._with(out)
        self._count += len(out)

    def _with(self, out: Tensor) -> Tensor:
        """Return log sum exp(-tau / 2 (y - member)^2) over all members added so far and these, [G, B]."""
        exponents = -(out - self._y).square() / 2
        each = [torch.logsumexp(tau * exponents, 0) for tau in self._tau]
        return torch.logaddexp(self._log, torch.stack(each))

    def _likelihood(self, log: Tensor, count: int) -> Tensor:
        tau = self._tau.unsqueeze(1)
        return log - math.log(count) - math.log(2 * math.pi) / 2 + tau.log() / 2

    def shots(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the recorded mean [B] and log-likelihood [G, B], one pair per number of members in ``at``."""
        return [(mean.cpu().numpy(), log.cpu().numpy()) for mean, log in self._shots]

    def done(self) -> Arrays:
        """Return mean, variance and log-likelihood over all members.

        Returns:
            ``mean`` [B] and ``variance`` [B] over members, and ``log_likelihood`` [G, B] of the target under the
            mixture, in nats (Gal and Ghahramani 2016, ICML, equation 8).
        """
        mean = self._sum / self._count
        variance = (self._squares / self._count - (mean - self._y).square()).clamp(min=0)
        mean_prediction = {
            "mean": mean,
            "variance": variance,
            "log_likelihood": self._likelihood(self._log, self._count),
        }
        return {name: values.cpu().numpy() for name, values in mean_prediction.items()}
