"""Cutout: a random square of each input image is zeroed."""

from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.dropout.base import MAPS, UNITS, Dropout
from dropout_lab.dropout.masks import per_model, sample_uniform
from dropout_lab.rng import Randomness


def cutout(x: Tensor, rate: Tensor | float, random: Randomness) -> Tensor:
    """Zero one square per image in all channels, with its centre anywhere in the image.

    The sides of the square are sqrt(rate * H * W) pixels. The square may extend beyond the border, which the paper
    reports to be important, so the zeroed fraction is less than ``rate``. Other pixels are not rescaled.

    Args:
        x: images [..., C, H, W]; [M, ...] if ``rate`` is [M].
        rate: area of the square as a fraction of the image, in [0, 1]; at rate 1 all pixels are zeroed.
        random: source of the centres.

    Returns:
        tensor of the shape of x.

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
    """Cutout of images [B, C, H, W] as a module, see :func:`cutout`; the identity in eval mode."""

    kind: ClassVar[str] = "cutout"
    layouts: ClassVar[tuple[str, ...]] = (MAPS,)
    needs: ClassVar[tuple[str, ...]] = (MAPS,)
    at_input: ClassVar[bool] = True
    takes_input: ClassVar[bool] = False  # ``rate`` itself applies to the input
    preserves: ClassVar[tuple[str, ...]] = ()
    zeroing: ClassVar[str] = "about"
    layout: ClassVar[str] = MAPS

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return cutout(x, rate, random)
