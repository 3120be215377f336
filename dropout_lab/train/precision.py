"""In what arithmetic a network is computed."""

from contextlib import AbstractContextManager, nullcontext

import torch


def arithmetic(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """The context of a forward pass.

    Under ``bf16`` matrix products and convolutions round to 8 bits of mantissa and add up in fp32, as torch.autocast
    chooses; weights, gradients of the weights, the optimizer's state and the loss stay in fp32.

    Args:
        precision: ``fp32`` or ``bf16``.
        device: where it is computed.
    """
    return torch.autocast(device.type, torch.bfloat16) if precision == "bf16" else nullcontext()
