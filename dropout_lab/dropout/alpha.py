"""Alpha dropout for self-normalising networks: mean and variance of the activations are kept."""

from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.dropout.base import UNITS, Dropout, mask_shape
from dropout_lab.dropout.masks import keep_mask, per_model
from dropout_lab.dropout.spatial import Spatial
from dropout_lab.rng import Randomness

# The value SELU saturates at: minus its scale times its alpha (Klambauer et al. 2017, section 2).
SATURATION = -1.7580993408473766


def alpha(x: Tensor, rate: Tensor | float, random: Randomness, shared: tuple[int, ...] = ()) -> Tensor:
    """Set what is dropped to SELU's saturation value, then shift and scale all back to mean 0 and variance 1.

    Args:
        x: activations of mean 0 and variance 1, any shape; [M, ...] if ``rate`` is [M].
        rate: drop probability in [0, 1]; at 1, where nothing of x is left, everything is zero.
        random: source of the mask's bits.
        shared: axes from the end that share a mask element: none for units, (-2, -1) for whole maps.

    Returns:
        a tensor like x, of the same mean and variance if x has mean 0 and variance 1.

    Source:
        Klambauer et al. 2017, NeurIPS, section 3 (new dropout technique).
    """
    rate = per_model(rate, x)
    keep = keep_mask(random.bits(mask_shape(x.shape, shared, rate)), rate)
    return _restored(torch.where(keep, x, SATURATION), rate)


def _restored(x: Tensor, rate: Tensor) -> Tensor:
    """x after dropping, shifted and scaled back; zero at rate 1."""
    variance = (1 - rate) * (1 + rate * SATURATION**2)
    scale = torch.where(rate < 1, variance.clamp(min=torch.finfo(x.dtype).tiny).rsqrt(), 0)
    return scale * x - scale * rate * SATURATION


def dropped(x: Tensor, out: Tensor, rate: Tensor | float) -> Tensor:
    """Which elements hold the value that everything dropped gets, a bool tensor like x."""
    return out == _restored(torch.full_like(x, SATURATION), per_model(rate, x))


class Alpha(Dropout):
    """Alpha dropout as a module, see :func:`alpha`; the identity in eval mode."""

    kind: ClassVar[str] = "alpha"
    takes_input: ClassVar[bool] = False  # data are not of mean 0 and variance 1, as SELU's activations are
    keeps: ClassVar[tuple[str, ...]] = ("mean", "variance")
    fraction: ClassVar[str] = "none"

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return alpha(x, rate, random)

    def dropped(self, x: Tensor, out: Tensor, rate: Tensor | float) -> Tensor:
        return dropped(x, out, rate)


class FeatureAlpha(Spatial):
    """Alpha dropout of whole maps or features; between plain units it is alpha dropout."""

    kind: ClassVar[str] = "feature_alpha"
    rescales: ClassVar[bool] = False
    takes_input: ClassVar[bool] = False
    keeps: ClassVar[tuple[str, ...]] = ("mean", "variance")
    fraction: ClassVar[str] = "none"

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return alpha(x, rate, random, self.shared[layout])

    def dropped(self, x: Tensor, out: Tensor, rate: Tensor | float) -> Tensor:
        return dropped(x, out, rate)
