"""Max-norm: a bound on the length of the weights into each unit."""

import math
from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.regularizers.base import Params, WeightRegularizer


def project_norm(weight: Tensor, incoming: tuple[int, ...], radius: Tensor) -> None:
    """Shrink, in place, every incoming vector longer than the radius to it; shorter ones are left as they are.

    Args:
        weight: [M, ...].
        incoming: the axes that run over the weights into one unit.
        radius: [M]; infinite for a model without the bound.
    """
    # By torch's own norm it takes 15 times as long along an axis that is not the last, more than the rest of a step.
    norm = weight.square().sum(incoming, keepdim=True).sqrt_()
    bound = radius.view(-1, *[1] * (weight.dim() - 1))
    weight.mul_(torch.where(norm > bound, bound / norm, 1))


class MaxNorm(WeightRegularizer):
    """Projects after each step. A table of token vectors is no sum over inputs and has no incoming vectors.

    Source:
        Srebro and Shraibman 2005, COLT; Srivastava et al. 2014, JMLR 15, section 5.1.
    """

    kind: ClassVar[str] = "max_norm"
    numbers: ClassVar[tuple[str, ...]] = ("max_norm",)
    off: ClassVar[float] = math.inf

    def project(self, params: Params) -> None:
        for name, incoming in self.scene.weights.items():
            project_norm(params[name], incoming, self.at(name, 1))
