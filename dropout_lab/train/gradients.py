"""What is done to the gradients of a step before the optimizer sees them, for each model of a pack."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm


def gradient_norms(grads: Sequence[Tensor]) -> Tensor:
    """Euclidean norm of each model's gradient over all parameters [M, ...] together, [M]."""
    if len(grads[0]) == 1:
        return get_total_norm(grads).view(1)
    each = torch.stack([torch.linalg.vector_norm(g.flatten(1), dim=1) for g in grads], 1)
    return torch.linalg.vector_norm(each, dim=1)


def clip_gradients(grads: Sequence[Tensor], most: Tensor) -> None:
    """Scale the gradients of each model down, in place, to a norm of at most ``most`` [M]; infinity leaves them.

    Source:
        Pascanu et al. 2013, ICML, algorithm 1.
    """
    found = gradient_norms(grads)
    # A norm that is no number stays one, so that a model that diverges is seen to.
    factor = torch.where(found > most, most / found, 1.0)
    for g in grads:
        g.mul_(factor.view(-1, *[1] * (g.dim() - 1)))
