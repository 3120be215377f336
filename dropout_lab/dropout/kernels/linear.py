"""Matrix products of dense layers, by the torch kernel that is fastest for their shape on a CPU."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from dropout_lab.dropout.kernels.torch_private import has_onednn, linear_onednn

# Layers with fewer outputs do not fill a vector register.
NARROW = 16
# Multiplications per model above which oneDNN was faster than BLAS on the machine of results/bench.
LARGE = 5 * 10**7


def dense(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Apply the dense layers of M models.

    The choice of kernel depends on the shape of one model's product over one batch, not on M. Only first derivatives
    are supported, and the caller must not change tensors in place.

    Args:
        x: inputs [M, B, in].
        weight: [M, in, out].
        bias: [M, out], or None.

    Returns:
        outputs [M, B, out].
    """
    chosen = bias is not None and x.device.type == "cpu" and x.dtype == torch.float32
    if chosen and not torch.is_autocast_enabled("cpu"):
        if weight.shape[2] < NARROW:
            return NarrowDense.apply(x, weight, bias)
        if has_onednn() and x.shape[1] * weight[0].numel() > LARGE:
            return WideDense.apply(x, weight, bias)
    return dense_reference(x, weight, bias)


def dense_reference(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Reference implementation of :func:`dense` by torch's public operations, without its restrictions."""
    return torch.bmm(x, weight) if bias is None else torch.baddbmm(bias.unsqueeze(1), x, weight)


class NarrowDense(torch.autograd.Function):
    """Dense layer with few outputs, computed in transposed form.

    The transposed products are faster where one row of outputs does not fill a vector register.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return torch.baddbmm(bias.unsqueeze(2), weight.mT, x.mT).mT

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        below = torch.bmm(slope, weight.mT) if ctx.needs_input_grad[0] else None
        return below, torch.bmm(slope.mT, x).mT, slope.sum(1)


class WideDense(torch.autograd.Function):
    """Large dense layer by oneDNN, except for the gradient of the weights, for which oneDNN is not faster."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return dense_onednn(x, weight.mT, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        below = dense_onednn(slope, weight, None) if ctx.needs_input_grad[0] else None
        return below, torch.bmm(x.mT, slope), slope.sum(1)


def dense_onednn(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return x [M, B, in] times weights [M, out, in] plus bias [M, out] by oneDNN, one model after another."""
    biases = [None] * len(x) if bias is None else bias.unbind()
    outs = [linear_onednn(*model) for model in zip(x.unbind(), weight.unbind(), biases, strict=True)]
    return torch.stack(outs) if len(outs) > 1 else outs[0].unsqueeze(0)
