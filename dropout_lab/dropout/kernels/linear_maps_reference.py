"""Reference implementations of the linear maps: one product or convolution per model, or per example."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import conv2d, linear


def dense_map_reference(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Map x [M, B, ..., in] by weights [M, in, out] or [1, in, out], and bias [M, out]."""
    outs = []
    for m in range(len(x)):
        w = m if len(weight) == len(x) else 0  # one model may map the inputs of many passes
        outs.append(linear(x[m], weight[w].T, None if bias is None else bias[w]))
    return torch.stack(outs)


def dense_map_per_example_reference(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Map x [M, B, ..., in] by weights [M, B, in, out] per example, and bias [M, out]."""
    models, batch = x.shape[:2]
    outs = [
        torch.stack([linear(x[m, b], weight[m, b].T, None if bias is None else bias[m]) for b in range(batch)])
        for m in range(models)
    ]
    return torch.stack(outs)


def conv_map_reference(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int] = (1, 1),
    padding: Sequence[int] | str = "same",
    dilation: Sequence[int] = (1, 1),
) -> Tensor:
    """Convolve x [M, B, C, H, W] with filters [M, (B,) O, C, k, k] per model or per example, and add bias [M, O]."""
    outs = []
    for m in range(len(x)):
        b = None if bias is None else bias[m]
        if weight.dim() == 5:
            outs.append(conv2d(x[m], weight[m], b, stride, padding, dilation))
        else:
            examples = [conv2d(x[m, i], weight[m, i], b, stride, padding, dilation) for i in range(x.shape[1])]
            outs.append(torch.stack(examples))
    return torch.stack(outs)
