"""MaxDropout: the units with the largest activations are dropped."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import UNITS, Dropout
from dropout_lab.dropout.masks import per_model
from dropout_lab.rng import Randomness


def maxdropout(x: Tensor, rate: Tensor | float) -> Tensor:
    """Zero the activations in the upper part of their range.

    The activations of a whole batch are scaled to [0, 1] by their minimum and maximum, separately for each model, and
    those above 1 - rate are zeroed. ``rate`` is thus a fraction of the range, not of the units. The function is
    deterministic.

    Args:
        x: any shape; [M, ...] if ``rate`` is [M].
        rate: fraction of the range, in [0, 1]; at rate 1 all elements are zeroed.

    Returns:
        tensor of the shape of x.

    Source:
        do Santos et al. 2020, ICPR, arXiv:2007.13723.
    """
    single = not isinstance(rate, Tensor) or rate.dim() == 0
    rate = per_model(rate, x)
    flat = x.detach().reshape(1, -1) if single else x.detach().flatten(1)
    shape = [flat.shape[0]] + [1] * (x.dim() - 1)
    least, greatest = flat.amin(1).view(shape), flat.amax(1).view(shape)
    return x * ((x - least <= (1 - rate) * (greatest - least)) & (rate < 1))


class MaxDropout(Dropout):
    """MaxDropout as a module, see :func:`maxdropout`; the identity in eval mode."""

    kind: ClassVar[str] = "maxdropout"
    preserves: ClassVar[tuple[str, ...]] = ()
    zeroing: ClassVar[str] = "about"
    stochastic: ClassVar[bool] = False

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return maxdropout(x, rate)
