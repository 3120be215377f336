"""Floating-point precision of forward passes."""

from contextlib import AbstractContextManager, nullcontext

import torch


def arithmetic(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Return the context manager of a forward pass.

    Under ``bf16`` matrix products and convolutions round to 8 bits of mantissa and accumulate in fp32, as
    torch.autocast selects; weights, their gradients, the optimizer state and the loss remain fp32.

    Args:
        precision: ``fp32`` or ``bf16``.
        device: device of the computation.
    """
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()
