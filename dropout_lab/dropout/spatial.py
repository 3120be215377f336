"""Spatial dropout: whole feature maps, or features over all time steps, are dropped."""

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import MAPS, STEPS, UNITS, Dropout, mask_shape
from dropout_lab.dropout.masks import keep_mask, per_model, rescale_factor
from dropout_lab.rng import Randomness


def spatial(x: Tensor, rate: Tensor | float, random: Randomness, shared: tuple[int, ...]) -> Tensor:
    """Apply inverted dropout with one mask element for all elements along the shared axes.

    Args:
        x: any shape; [M, ...] if ``rate`` is [M].
        rate: drop probability in [0, 1].
        random: source of the mask's bits.
        shared: negative axes, (-2, -1) for maps [..., C, H, W], (-2,) for sequences [..., T, D].

    Returns:
        tensor of the shape of x, with the same expectation.

    Source:
        Tompson et al. 2015, CVPR, section 3.2.
    """
    rate = per_model(rate, x)
    return x * keep_mask(random.bits(mask_shape(x.shape, shared, rate)), rate) * rescale_factor(rate)


class Spatial(Dropout):
    """Spatial dropout at maps and sequences; equal to inverted dropout at units without space or time."""

    kind: ClassVar[str] = "spatial"
    rescales: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = (MAPS, STEPS)
    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {UNITS: (), MAPS: (-2, -1), STEPS: (-2,)}

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return spatial(x, rate, random, self.shared[layout])


class Spatial2d(Spatial):
    """Spatial dropout of whole maps of an input [B, C, H, W], as ``torch.nn.Dropout2d``."""

    layout: ClassVar[str] = MAPS


class Spatial1d(Spatial):
    """Spatial dropout of whole channels of an input [B, C, L], as ``torch.nn.Dropout1d``."""

    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {UNITS: (-1,)}
