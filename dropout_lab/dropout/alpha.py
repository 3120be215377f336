"""Alpha dropout for self-normalising networks, which preserves the mean and variance of the activations."""

from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.dropout.base import UNITS, Dropout, mask_shape
from dropout_lab.dropout.masks import keep_mask, per_model
from dropout_lab.dropout.spatial import Spatial
from dropout_lab.rng import Randomness

# Saturation value of SELU: minus its scale times its alpha (Klambauer et al. 2017, section 2).
SATURATION = -1.7580993408473766


def alpha(x: Tensor, rate: Tensor | float, random: Randomness, shared: tuple[int, ...] = ()) -> Tensor:
    """Set dropped elements to the saturation value of SELU, then shift and scale all to mean 0 and variance 1.

    Args:
        x: activations of mean 0 and variance 1, of any shape; [M, ...] if ``rate`` is [M].
        rate: drop probability in [0, 1]; at rate 1, where all elements are dropped, the result is zero.
        random: source of the mask's bits.
        shared: negative axes along which elements share a mask element: () for units, (-2, -1) for whole maps.

    Returns:
        tensor of the shape of x, with the same mean and variance if x has mean 0 and variance 1.

    Source:
        Klambauer et al. 2017, NeurIPS, section 3 (new dropout technique).
    """
    rate = per_model(rate, x)
    keep = keep_mask(random.bits(mask_shape(x.shape, shared, rate)), rate)
    return _restored(torch.where(keep, x, SATURATION), rate)


def _restored(x: Tensor, rate: Tensor) -> Tensor:
    """Shift and scale x, after dropping, to mean 0 and variance 1; return zero at rate 1."""
    variance = (1 - rate) * (1 + rate * SATURATION**2)
    scale = torch.where(rate < 1, variance.clamp(min=torch.finfo(x.dtype).tiny).rsqrt(), 0)
    return scale * x - scale * rate * SATURATION


def dropped_elements(x: Tensor, out: Tensor, rate: Tensor | float) -> Tensor:
    """Return a bool tensor of the shape of x that is true where ``out`` has the value of dropped elements."""
    return out == _restored(torch.full_like(x, SATURATION), per_model(rate, x))


class Alpha(Dropout):
    """Alpha dropout as a module, see :func:`alpha`; the identity in eval mode."""

    kind: ClassVar[str] = "alpha"
    takes_input: ClassVar[bool] = False  # unlike the activations of SELU, data do not have mean 0 and variance 1
    preserves: ClassVar[tuple[str, ...]] = ("mean", "variance")
    zeroing: ClassVar[str] = "none"

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return alpha(x, rate, random)

    def dropped(self, x: Tensor, out: Tensor, rate: Tensor | float) -> Tensor:
        return dropped_elements(x, out, rate)


class FeatureAlpha(Spatial):
    """Alpha dropout of whole maps or features; equal to :class:`Alpha` at units without space or time."""

    kind: ClassVar[str] = "feature_alpha"
    rescales: ClassVar[bool] = False
    takes_input: ClassVar[bool] = False
    preserves: ClassVar[tuple[str, ...]] = ("mean", "variance")
    zeroing: ClassVar[str] = "none"

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return alpha(x, rate, random, self.shared[layout])

    def dropped(self, x: Tensor, out: Tensor, rate: Tensor | float) -> Tensor:
        return dropped_elements(x, out, rate)
