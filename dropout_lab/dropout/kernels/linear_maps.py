"""Linear maps of a network for M models and B examples, with weights per model or per example.

Variants that act on weights need both forms.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from dropout_lab.dropout.kernels.linear import dense, dense_reference

# Cost model for skipping unused rows of weights when one model maps S stacked inputs: least number of outputs, cost of
# gathering one weight, and cost of the calls per example, the costs in multiplications.
WIDE, GATHER, CALLS = 64, 8, 1_000_000


class LinearMap(Protocol):
    """Linear map with weights; the weights of one model may map the stacked x of many passes as one large product."""

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Map x [M, B, ...] by one weight per model, [M, ...], and bias [M, out]."""
        ...

    def each(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Map x [M, B, ...] by one weight per example, [M, B, ...], and bias [M, out]."""
        ...


class DenseMap:
    """Fully connected map of x [M, B, ..., in] by weights [(M, B,) in, out] to [M, B, ..., out].

    Args:
        fast: whether to use the fastest kernel, as the training engine does; see
            :mod:`dropout_lab.dropout.kernels.linear`.
    """

    def __init__(self, fast: bool = False):
        self._fast = fast

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if len(weight) < len(x):
            used = _used(x, weight)
            return _folded(self, x, weight, bias) if used is None else _gathered(x, weight[0], bias, used)
        flat = x.flatten(1, -2) if x.dim() > 3 else x
        out = (dense if self._fast else dense_reference)(flat, weight, bias)
        return out.view(*x.shape[:-1], weight.shape[-1]) if x.dim() > 3 else out

    def each(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        rows = x.flatten(2, -2) if x.dim() > 3 else x.unsqueeze(2)  # [M, B, T, in]
        out = torch.matmul(rows, weight).view(*x.shape[:-1], weight.shape[-1])
        return out if bias is None else out + bias.view(len(bias), *[1] * (x.dim() - 2), -1)


class ConvMap:
    """Convolution of x [M, B, C, H, W] with weights [(M, B,) O, C, k, k] to [M, B, O, H, W].

    Args:
        stride, padding, dilation: as in ``torch.nn.functional.conv2d``.
    """

    def __init__(
        self, stride: Sequence[int] = (1, 1), padding: Sequence[int] | str = "same", dilation: Sequence[int] = (1, 1)
    ):
        self._how: dict[str, Any] = {"stride": tuple(stride), "padding": _tuple(padding), "dilation": tuple(dilation)}

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if len(weight) < len(x):
            return _folded(self, x, weight, bias)
        # On a CPU, grouped and vmapped convolutions are 2.5 to 4 times slower than one model after another. Compared
        # with channels last, the default memory order is up to 1.6 times slower, and 9 times slower in pooling.
        biases = [None] * len(x) if bias is None else split_models(bias)
        outs = [
            conv2d(_last(maps), _last(filters), line, **self._how)
            for maps, filters, line in zip(split_models(x), split_models(weight), biases, strict=True)
        ]
        if len(outs) == 1:
            return outs[0].unsqueeze(0)
        # Masks are drawn in memory order, which must be the same as for a single model.
        return torch.stack([out.movedim(1, -1) for out in outs]).movedim(-1, 2)

    def each(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        examples = x.shape[0] * x.shape[1]
        flat = conv2d(x.reshape(1, -1, *x.shape[3:]), weight.flatten(0, 2), groups=examples, **self._how)
        out = flat.view(*x.shape[:2], -1, *flat.shape[2:])
        return out if bias is None else out + bias.view(len(bias), 1, -1, 1, 1)


def split_models(x: Tensor) -> Sequence[Tensor]:
    """Split x [M, ...] into one tensor per model.

    A single model is returned as a view, so that its gradient keeps its memory order; the gradient of a slice would be
    copied into a tensor of zeros with another memory order.
    """
    return [x.squeeze(0)] if len(x) == 1 else x.unbind()


def _last(x: Tensor) -> Tensor:
    """Return x in channels-last memory format; ``contiguous`` would leave the strides of a single channel undefined."""
    return x.to(memory_format=torch.channels_last)


def _folded(operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Map x [S, B, ...] by the weights [1, ...] of one model, as one large batch."""
    return operation(x.flatten(0, 1).unsqueeze(0), weight, bias)[0].unflatten(0, x.shape[:2])


def _used(x: Tensor, weight: Tensor) -> Tensor | None:
    """Return which inputs of each example are nonzero in any of the S passes, or None if skipping does not pay.

    A unit that a ReLU sets to zero is zero in every pass with dropout. This holds for about half of the units in a new
    network, and for more in a trained one.

    Args:
        x: inputs [S, B, in].
        weight: weights [1, in, out] of one model.

    Returns:
        bool tensor [B, in].
    """
    stacked, examples, width = (*x.shape[:2], weight.shape[2])
    if x.dim() > 3 or x.device.type != "cpu" or torch.is_grad_enabled() or width < WIDE:
        return None
    used = (x.amax(0) > 0) | (x.amin(0) < 0)
    lines = int(used.sum()) / examples
    saved = stacked * (x.shape[2] - lines) * width
    return used if saved > lines * width * GATHER + CALLS else None


def _gathered(x: Tensor, weight: Tensor, bias: Tensor | None, used: Tensor) -> Tensor:
    """Map x [S, B, in] by the weights [in, out] of one model, example by example, skipping the unused inputs."""
    out = x.new_empty(*x.shape[:2], weight.shape[1])
    for b, lines in enumerate(used):
        rows = lines.nonzero().squeeze(1)
        torch.mm(x[:, b].index_select(1, rows), weight.index_select(0, rows), out=out[:, b])
    return out if bias is None else out.add_(bias)


def _tuple(padding: Sequence[int] | str) -> tuple[int, ...] | str:
    return padding if isinstance(padding, str) else tuple(padding)


DENSE_MAP, CONV = DenseMap(fast=True), ConvMap()
