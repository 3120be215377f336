"""Cutout: a square of the input image is blanked."""

from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.dropout.base import MAPS, UNITS, Dropout
from dropout_lab.dropout.masks import per_model, sample_uniform
from dropout_lab.rng import Randomness


def cutout(x: Tensor, rate: Tensor | float, random: Randomness) -> Tensor:
    """Blank one square a picture, its centre anywhere in the picture, all channels alike.

    The square's side is sqrt(rate * H * W) pixels. It may overhang the border, which the paper found to matter, so
    the part that is blanked is less than ``rate``. Nothing is rescaled.

    Args:
        x: pictures [..., C, H, W]; [M, ...] if ``rate`` is [M].
        rate: area of the square as a fraction of the picture, in [0, 1]; at 1 everything is zero.
        random: source of the centres.

    Returns:
        a tensor like x.

    Source:
        DeVries and Taylor 2017, arXiv:1708.04552.
    """
    rate = per_model(rate, x)
    height, width = x.shape[-2:]
    half = (rate * height * width).sqrt() / 2
    one_a_picture = (*x.shape[:-3], 1, 1, 1)
    middle = torch.tensor([height, width], device=x.device)
    row, column = (sample_uniform(random.bits(one_a_picture), x) * side for side in middle)
    rows = torch.arange(height, device=x.device, dtype=x.dtype).view(-1, 1) + 0.5
    columns = torch.arange(width, device=x.device, dtype=x.dtype) + 0.5
    inside = ((rows - row).abs() < half) & ((columns - column).abs() < half)
    return x * (~inside & (rate < 1))


class Cutout(Dropout):
    """Cutout of pictures [B, C, H, W] as a module, see :func:`cutout`; the identity in eval mode."""

    kind: ClassVar[str] = "cutout"
    layouts: ClassVar[tuple[str, ...]] = (MAPS,)
    needs: ClassVar[tuple[str, ...]] = (MAPS,)
    at_input: ClassVar[bool] = True
    takes_input: ClassVar[bool] = False  # it has a rate there already
    keeps: ClassVar[tuple[str, ...]] = ()
    fraction: ClassVar[str] = "about"
    layout: ClassVar[str] = MAPS

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return cutout(x, rate, random)
