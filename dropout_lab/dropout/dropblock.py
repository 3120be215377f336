"""DropBlock: square regions of feature maps are dropped."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from dropout_lab.dropout.base import MAPS, UNITS, Dropout
from dropout_lab.dropout.block import BlockOptions
from dropout_lab.dropout.masks import keep_mask, per_model
from dropout_lab.rng import Randomness
from dropout_lab.settings import Options


def dropblock(x: Tensor, rate: Tensor | float, random: Randomness, size: int) -> Tensor:
    """Drop squares with sides of ``size`` pixels, with a separate mask per map, and rescale by the kept fraction.

    Corners are drawn only where the whole square fits, with the probability gamma at which about the fraction ``rate``
    of the pixels is dropped: gamma = rate / size^2 * H W / ((H - size + 1) (W - size + 1)), the paper's correction for
    the border. Squares may overlap, so the dropped fraction is slightly below ``rate``.

    Args:
        x: [..., C, H, W]; [M, ...] if ``rate`` is [M]. A map smaller than ``size`` is dropped as a whole.
        rate: drop probability of a pixel, in [0, 1]; at rate 1 all elements are zeroed.
        random: source of the mask's bits.
        size: side of the square in pixels.

    Returns:
        tensor of the shape of x; for each model, kept values are multiplied by elements / kept elements.

    Source:
        Ghiasi et al. 2018, NeurIPS, algorithm 1.
    """
    rate = per_model(rate, x)
    height, width = x.shape[-2:]
    rows, columns = min(size, height), min(size, width)
    places = (height - rows + 1) * (width - columns + 1)
    gamma = (rate * height * width / (rows * columns * places)).clamp(max=1)
    corners = ~keep_mask(random.bits((*x.shape[:-2], height - rows + 1, width - columns + 1)), gamma)
    around = pad(corners.to(x.dtype), (columns - 1, columns - 1, rows - 1, rows - 1))
    fallen = max_pool2d(around.flatten(0, -3).unsqueeze(1), (rows, columns), stride=1).view(x.shape)
    keep = (1 - fallen) * (rate < 1)
    part = keep.flatten(1).mean(1).view(-1, *[1] * (x.dim() - 1)) if rate.dim() else keep.mean()
    return x * keep * torch.where(part > 0, 1 / part, 0)


class DropBlock(Dropout):
    """DropBlock on maps [B, C, H, W] as a module, see :func:`dropblock`; the identity in eval mode.

    Args:
        rate, generator: as for every variant.
        block_size: side of the square in pixels.
    """

    kind: ClassVar[str] = "dropblock"
    layouts: ClassVar[tuple[str, ...]] = (MAPS,)
    needs: ClassVar[tuple[str, ...]] = (MAPS,)
    zeroing: ClassVar[str] = "about"
    options: ClassVar[type[Options]] = BlockOptions
    layout: ClassVar[str] = MAPS

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        block_size: int = BlockOptions.block_size,
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, generator)
        self.block_size = block_size

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return dropblock(x, rate, random, self.block_size)
