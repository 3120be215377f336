"""Gradient norms and clipping for each model of a pack."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm


def gradient_norms(grads: Sequence[Tensor]) -> Tensor:
    """Return the Euclidean norm of the gradient of each model over all parameters [M, ...], [M]."""
    if len(grads[0]) == 1:
        return get_total_norm(grads).view(1)
    norms = torch.stack([torch.linalg.vector_norm(g.flatten(1), dim=1) for g in grads], 1)
    return torch.linalg.vector_norm(norms, dim=1)


def clip_gradients(grads: Sequence[Tensor], most: Tensor) -> None:
    """Scale the gradients of each model in place to a norm of at most ``most`` [M]; infinity means no clipping.

    Source:
        Pascanu et al. 2013, ICML, algorithm 1.
    """
    norms = gradient_norms(grads)
    # A NaN norm leaves the gradients unchanged, so that divergence is detected.
    factor = torch.where(norms > most, most / norms, 1.0)
    for g in grads:
        g.mul_(factor.view(-1, *[1] * (g.dim() - 1)))
