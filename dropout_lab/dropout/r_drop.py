"""R-Drop: two thinned networks see the same batch, and are made to agree."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from dropout_lab.dropout.inverted import Inverted


def r_drop(first: Tensor, second: Tensor) -> Tensor:
    """Symmetric divergence of the predictions of two passes: the mean of both Kullback-Leibler divergences.

    Args:
        first, second: logits [..., K].

    Returns:
        [...], in nats.

    Source:
        Wu et al. 2021, NeurIPS, equation 2.
    """
    p, q = log_softmax(first, -1), log_softmax(second, -1)
    return ((p.exp() - q.exp()) * (p - q)).sum(-1) / 2


class RDrop(Inverted):
    """Inverted dropout for R-Drop. As a module it is :class:`Inverted`; run the network twice and add
    ``agreement`` times :func:`r_drop` of the two outputs to the mean of their losses.

    The paper adds both losses and ``alpha`` times the divergence; the mean of the losses, which keeps learning rates
    comparable, makes that ``agreement = alpha / 2``. A training step costs two forward passes and their gradients.

    Args:
        rate, generator: as for every variant.
        agreement: weight of the divergence.
    """

    kind: ClassVar[str] = "r_drop"
    passes: ClassVar[int] = 2
    options: ClassVar[tuple[str, ...]] = ("agreement",)

    def __init__(self, rate: Tensor | float = 0.5, agreement: float = 1.0, generator: torch.Generator | None = None):
        super().__init__(rate, generator)
        self.agreement = agreement
