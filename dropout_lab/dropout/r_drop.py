"""R-Drop: two passes with different masks on the same batch, and a loss term that makes their predictions agree."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from dropout_lab.dropout.inverted import Inverted
from dropout_lab.settings import MOST, Options, setting


def r_drop(first: Tensor, second: Tensor) -> Tensor:
    """Return the symmetric divergence of two predictions, the mean of both Kullback-Leibler divergences.

    Args:
        first, second: logits [..., K].

    Returns:
        tensor [...], in nats.

    Source:
        Wu et al. 2021, NeurIPS, equation 2.
    """
    p, q = log_softmax(first, -1), log_softmax(second, -1)
    return ((p.exp() - q.exp()) * (p - q)).sum(-1) / 2


@dataclass(frozen=True)
class RDropOptions(Options):
    """Options of R-Drop."""

    kl_weight: float = setting(
        1.0,
        low=0,
        high=MOST,
        identity_key="variant.agreement",
        help="weight of the divergence between the two passes; equals half of alpha in the paper",
    )


class RDrop(Inverted):
    """Inverted dropout for R-Drop.

    The module itself is :class:`Inverted`. Run the network twice and add ``kl_weight`` times :func:`r_drop` of the two
    outputs to the mean of their losses. The paper adds ``alpha`` times the divergence to the sum of both losses; with
    the mean, which keeps learning rates comparable, this is ``kl_weight = alpha / 2``. A training step costs two
    forward and two backward passes.

    Args:
        rate, generator: as for every variant.
        kl_weight: weight of the divergence.
    """

    kind: ClassVar[str] = "r_drop"
    passes: ClassVar[int] = 2
    options: ClassVar[type[Options]] = RDropOptions

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        kl_weight: float = RDropOptions.kl_weight,
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, generator)
        self.kl_weight = kl_weight
