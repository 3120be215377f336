"""Block dropout: groups of neighbouring units are dropped together."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.dropout.base import STEPS, UNITS, Dropout
from dropout_lab.dropout.masks import keep_mask, per_model, rescale_factor
from dropout_lab.rng import Randomness
from dropout_lab.settings import MOST, Options, setting


def block(x: Tensor, rate: Tensor | float, random: Randomness, size: int) -> Tensor:
    """Apply inverted dropout with one mask element per group of ``size`` neighbouring units.

    Args:
        x: [..., D]; [M, ...] if ``rate`` is [M]. The last group is smaller if ``size`` does not divide D.
        rate: drop probability of a group, in [0, 1].
        random: source of the mask's bits.
        size: number of units per group.

    Returns:
        tensor of the shape of x, with the same expectation.

    Source:
        not from a single paper: the mask of Srivastava et al. 2014, applied to groups instead of single units.
    """
    rate = per_model(rate, x)
    groups = -(-x.shape[-1] // size)
    keep = keep_mask(random.bits((*x.shape[:-1], groups)), rate).repeat_interleave(size, -1)[..., : x.shape[-1]]
    return x * keep * rescale_factor(rate)


@dataclass(frozen=True)
class BlockOptions(Options):
    """Options of the variants that drop blocks."""

    block_size: int = setting(
        3, low=1, high=MOST, help="side length of a dropped block in pixels, or number of units per group"
    )


class Block(Dropout):
    """Dropout of groups of units as a module, see :func:`block`; the identity in eval mode.

    Args:
        rate, generator: as for every variant.
        block_size: number of units per group.
    """

    kind: ClassVar[str] = "block"
    layouts: ClassVar[tuple[str, ...]] = (UNITS, STEPS)
    needs: ClassVar[tuple[str, ...]] = (UNITS, STEPS)
    options: ClassVar[type[Options]] = BlockOptions

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        block_size: int = BlockOptions.block_size,
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, generator)
        self.block_size = block_size

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return block(x, rate, random, self.block_size)
