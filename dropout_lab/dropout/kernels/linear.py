"""How the products of dense layers are computed: by the fastest of torch's kernels for their shape on a CPU."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Outputs that fill no vector register.
NARROW = 16
# Multiplications of one model from which oneDNN's product was faster than the BLAS's on the machine of results/bench.
LARGE = 5 * 10**7
# What torch's own compiler calls for linear layers on a CPU; no part of its public interface, so it may be missing.
_linear = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if torch.backends.mkldnn.is_available() else None


def dense(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x [M, B, in] by weights [M, in, out] and bias [M, out] or none, [M, B, out].

    The kernel depends on the shape of one model's product over one batch, not on M. For the engine, which takes first
    derivatives of it and changes nothing in place.
    """
    chosen = bias is not None and x.device.type == "cpu" and x.dtype == torch.float32
    if chosen and not torch.is_autocast_enabled("cpu"):
        if weight.shape[2] < NARROW:
            return NarrowDense.apply(x, weight, bias)
        if has_onednn() and x.shape[1] * weight[0].numel() > LARGE:
            return WideDense.apply(x, weight, bias)
    return dense_reference(x, weight, bias)


def dense_reference(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """As :func:`dense`, by torch's own operations, with all that these allow."""
    return torch.bmm(x, weight) if bias is None else torch.baddbmm(bias.unsqueeze(1), x, weight)


def has_onednn() -> bool:
    """Whether oneDNN's product can be called."""
    return _linear is not None


class NarrowDense(torch.autograd.Function):
    """A layer of few outputs, with outputs and gradients computed the other way round, which is faster where a line of
    outputs does not fill a register."""

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
    """A large layer by oneDNN, but for the gradient of its weights, in which it is no faster."""

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
    """x [M, B, in] by weights [M, out, in] and bias [M, out] by oneDNN, model by model."""
    assert _linear is not None
    each = [
        _linear(own, w, None if bias is None else bias[m], "none", [], "")
        for m, (own, w) in enumerate(zip(x.unbind(), weight.unbind(), strict=True))
    ]
    return torch.stack(each) if len(each) > 1 else each[0].unsqueeze(0)
