"""Attention dropout: single attention probabilities are dropped."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import ATTENTION, UNITS, Dropout
from dropout_lab.dropout.inverted import inverted
from dropout_lab.rng import Randomness


def attention(scores: Tensor, rate: Tensor | float, random: Randomness) -> Tensor:
    """Inverted dropout of attention probabilities; a row that lost some is not brought back to sum 1.

    Args:
        scores: after the softmax, [..., heads, T, T]; [M, ...] if ``rate`` is [M].
        rate: drop probability in [0, 1].
        random: source of the mask's bits.

    Returns:
        a tensor like the scores with the same expectation.

    Source:
        the dropout inside attention of the authors' code of Vaswani et al. 2017, NeurIPS; studied as DropAttention by
        Zehui et al. 2019, arXiv:1907.11065, whose rescaled rows are another form.
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
