"""Max-norm constraint: an upper bound on the norm of the incoming weight vector of each unit."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.regularizers.base import Params, WeightRegularizer
from dropout_lab.settings import Options, setting


def project_norm(weight: Tensor, incoming: tuple[int, ...], radius: Tensor) -> None:
    """Scale every incoming weight vector whose norm exceeds the radius down to the radius, in place.

    Args:
        weight: [M, ...].
        incoming: axes over the incoming weights of one unit.
        radius: largest norm, [M]; infinite for a model without the constraint.
    """
    # torch's norm takes 15 times as long along an axis that is not the last, longer than the rest of a step.
    norm = weight.square().sum(incoming, keepdim=True).sqrt_()
    bound = radius.view(-1, *[1] * (weight.dim() - 1))
    weight.mul_(torch.where(norm > bound, bound / norm, 1))


@dataclass(frozen=True)
class MaxNormOptions(Options):
    """Options of the max-norm constraint."""

    max_norm: float = setting(
        3.0,
        low=0,
        open_low=True,
        pack="own",
        column="max_norm",
        help="maximum norm of the incoming weights of a unit",
    )


class MaxNorm(WeightRegularizer):
    """Projection of the weights after each step; embeddings are exempt, because they are not sums over inputs.

    Source:
        Srebro and Shraibman 2005, COLT; Srivastava et al. 2014, JMLR 15, section 5.1.
    """

    kind: ClassVar[str] = "max_norm"
    options: ClassVar[type[Options]] = MaxNormOptions
    numbers: ClassVar[tuple[str, ...]] = ("max_norm",)
    off: ClassVar[float] = math.inf

    def project(self, params: Params) -> None:
        for name, incoming in self.scene.weights.items():
            project_norm(params[name], incoming, self.at(name, 1))
