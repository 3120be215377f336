"""Attention dropout: individual attention probabilities are dropped."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import ATTENTION, UNITS, Dropout
from dropout_lab.dropout.inverted import inverted
from dropout_lab.rng import Randomness


def attention(scores: Tensor, rate: Tensor | float, random: Randomness) -> Tensor:
    """Apply inverted dropout to attention probabilities; the rows are not renormalised to sum 1.

    Args:
        scores: attention probabilities after the softmax, [..., heads, T, T]; [M, ...] if ``rate`` is [M].
        rate: drop probability in [0, 1].
        random: source of the mask's bits.

    Returns:
        tensor of the shape of the scores, with the same expectation.

    Source:
        the attention dropout in the authors' code of Vaswani et al. 2017, NeurIPS. Zehui et al. 2019, arXiv:1907.11065,
        study it as DropAttention, in another form that renormalises the rows.
    """
    return inverted(scores, rate, random)


class Attention(Dropout):
    """Attention dropout as a module for probabilities [..., T, T], see :func:`attention`; the identity in eval mode."""

    kind: ClassVar[str] = "attention"
    layouts: ClassVar[tuple[str, ...]] = (ATTENTION,)
    needs: ClassVar[tuple[str, ...]] = (ATTENTION,)
    takes_input: ClassVar[bool] = False
    layout: ClassVar[str] = ATTENTION

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return attention(x, rate, random)
