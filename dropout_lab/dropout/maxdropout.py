"""MaxDropout: the most active units are dropped."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import UNITS, Dropout
from dropout_lab.dropout.masks import per_model
from dropout_lab.rng import Randomness


def maxdropout(x: Tensor, rate: Tensor | float) -> Tensor:
    """Zero what lies in the upper part of the range of activations.

    The activations of each model's whole batch are brought to [0, 1] by their least and greatest; those above
    1 - rate are zeroed. ``rate`` is thus a part of the range and not of the units, and nothing is drawn.

    Args:
        x: any shape; [M, ...] if ``rate`` is [M].
        rate: in [0, 1]; at 1 everything is zero.

    Returns:
        a tensor like x.

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
    keeps: ClassVar[tuple[str, ...]] = ()
    fraction: ClassVar[str] = "about"
    stochastic: ClassVar[bool] = False

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return maxdropout(x, rate)
