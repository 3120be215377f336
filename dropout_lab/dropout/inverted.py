"""Inverted dropout: kept elements are divided by 1 - rate during training, so test time needs no rescaling."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import UNITS, Dropout
from dropout_lab.dropout.masks import apply_mask, mask_factor, relu_dropout
from dropout_lab.rng import Randomness


def inverted(x: Tensor, rate: Tensor | float, random: Randomness) -> Tensor:
    """Zero each element with probability ``rate`` and divide the others by 1 - rate, independently for each element.

    Args:
        x: any shape; [M, ...] if ``rate`` is [M].
        rate: drop probability in [0, 1]; at rate 1 all elements are zeroed.
        random: source of the mask's bits.

    Returns:
        tensor of the shape of x, with the same expectation.

    Source:
        the rescaled form of Srivastava et al. 2014, JMLR 15, end of section 10.
    """
    return apply_mask(x, mask_factor(random.bits(x.shape), rate, x, rescaled=True))


class Inverted(Dropout):
    """Inverted dropout as a module, see :func:`inverted`; the identity in eval mode."""

    kind: ClassVar[str] = "inverted"
    rescales: ClassVar[bool] = True

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return inverted(x, rate, random)

    def rectified(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return relu_dropout(x, mask_factor(random.bits(x.shape), rate, x, rescaled=True))
