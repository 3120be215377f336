"""Max-norm: a bound on the length of the weights into each unit (Srebro and Shraibman 2005; Srivastava 2014, 5.1)."""

import torch
from torch import Tensor


def project(weight: Tensor, incoming: tuple[int, ...], radius: Tensor) -> None:
    """Shrink, in place, every incoming vector longer than the radius to it; shorter ones are left as they are.

    Args:
        weight: [M, ...].
        incoming: the axes that run over the weights into one unit.
        radius: [M]; infinite for a model without the bound.
    """
    norm = torch.linalg.vector_norm(weight, dim=incoming, keepdim=True)
    bound = radius.view(-1, *[1] * (weight.dim() - 1))
    weight.mul_(torch.where(norm > bound, bound / norm, 1))
