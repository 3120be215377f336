"""KL sparsity: a penalty that pulls the mean activation of hidden units towards a target."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.config import RegularizerConf
from dropout_lab.dropout.base import MAPS
from dropout_lab.regularizers.base import NetworkInfo, PackChoice, Params, Regularizer
from dropout_lab.settings import Options, setting


def bernoulli_kl(mean: Tensor, target: Tensor, bounded: bool) -> Tensor:
    """Return the Kullback-Leibler divergence [M, D] of a unit with the target mean from a unit with the given mean.

    Args:
        mean: mean activations of the units, [M, D].
        target: target of the mean activation, [M, 1].
        bounded: whether activations are between -1 and 1. A unit is then modelled as a Bernoulli variable with
            probability (1 + mean) / 2, otherwise as a normal variable of variance 1. The code of the authors of dropout
            uses the same two families.
    """
    if not bounded:
        return (mean - target).square() / 2
    part = ((1 + mean) / 2).clamp(1e-6, 1 - 1e-6)
    return target * (target / part).log() + (1 - target) * ((1 - target) / (1 - part)).log()


@dataclass(frozen=True)
class KLSparsityOptions(Options):
    """Options of KL sparsity."""

    kl_sparsity: float = setting(
        1e-3,
        low=0,
        pack="own",
        help="weight of the divergence of each hidden unit's mean activation in the loss",
    )
    kl_target: float = setting(
        0.05,
        low=0,
        high=1,
        open_low=True,
        open_high=True,
        pack="own",
        help="target of the mean activation per hidden unit",
    )


class KLSparsity(Regularizer):
    """Penalty of kl_sparsity times the divergence, summed over all hidden units.

    The mean activation is taken before dropout, over a batch and, in maps and sequences, over all positions.

    Source:
        Ng 2011, CS294A lecture notes, Sparse autoencoder; in the comparison of Srivastava et al. 2014, Table 9.
    """

    kind: ClassVar[str] = "kl_sparsity"
    options: ClassVar[type[Options]] = KLSparsityOptions
    numbers: ClassVar[tuple[str, ...]] = ("kl_sparsity", "kl_target")

    def __init__(self, scene: NetworkInfo, trials: PackChoice):
        super().__init__(scene, trials)
        self._seen: dict[str, list[Tensor]] = {}  # mean activations [M, D] in each pass of the step

    @classmethod
    def incompatibility(cls, conf: RegularizerConf, scene: NetworkInfo) -> str | None:
        return None if scene.sites else "requires hidden units, which this network does not have"

    def activation(self, name: str, x: Tensor, params: Params, training: bool) -> Tensor:
        if training:
            features = x.movedim(2, -1) if self.scene.sites[name].layout == MAPS else x
            self._seen.setdefault(name, []).append(features.flatten(1, -2).mean(1))
        return x

    def penalty(self, params: Params) -> Tensor | None:
        seen, self._seen = self._seen, {}
        target = self.own["kl_target"].unsqueeze(1)
        passes = [(mean, len(means)) for means in seen.values() for mean in means]
        terms = [bernoulli_kl(mean, target, self.scene.bounded).sum(1) / count for mean, count in passes]
        return self.strength * torch.stack(terms).sum(0)
