"""Bernoulli masks from raw random bits compared with a threshold."""

import torch
from torch import Tensor

from dropout_lab.streams import LEVELS


def per_model(rate: Tensor | float, x: Tensor) -> Tensor:
    """The rate shaped to broadcast over x.

    Args:
        rate: a number, or one per model [M].
        x: [M, ...] if the rate is [M].

    Returns:
        a tensor of x's dtype and device, [M, 1, ..., 1] or scalar.
    """
    rate = torch.as_tensor(rate, dtype=x.dtype, device=x.device)
    return rate.view(-1, *[1] * (x.dim() - 1)) if rate.dim() else rate


def kept(bits: Tensor, rate: Tensor) -> Tensor:
    """Which elements are kept, each with probability 1 - rate to the next 1/65536.

    Args:
        bits: int16, uniform over its whole range.
        rate: drop probability in [0, 1], broadcasting over bits.

    Returns:
        bool, of the broadcast shape. At rate 0 all are kept; at rate 1 one in 65,536 still is, so that the caller's
        scale, not the mask, must make rate 1 zero.
    """
    level = (rate.double() * LEVELS).round_().clamp_(0, LEVELS - 1) - LEVELS // 2
    return bits >= level.to(torch.int16)
