"""Convolutional networks, M of them: blocks of convolution and pooling, then a dense head."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d

from dropout_lab.dropout.base import MAPS, UNITS
from dropout_lab.models.base import ACTIVATIONS, Model, Parameter, Params, Site, affine, dense

KERNEL = 3


class CNN(Model):
    """Blocks of 3x3 convolution (same padding), non-linearity and 2x2 max-pool, then dense layers; dropout after each.

    Args:
        shape: of one example, (C, H, W).
        outputs: K.
        channels: filters of each block.
        head: width of each dense layer.
        activation: name of the hidden non-linearity.

    Raises:
        ValueError: the examples are no images, or too small to be halved by every block.
    """

    def __init__(
        self, shape: Sequence[int], outputs: int, channels: Sequence[int], head: Sequence[int], activation: str
    ):
        if len(shape) != 3:
            raise ValueError("needs images, examples of shape (channels, height, width)")
        least = 2 ** len(channels)
        if min(shape[1:]) < least:
            raise ValueError(f"has {len(channels)} blocks and needs images of at least {least}x{least}")
        self._blocks = tuple(f"block{i}" for i in range(len(channels)))
        self._head = tuple(f"head{i}" for i in range(len(head)))
        self.sites = (*self._blocks, *self._head)
        self.layouts = {"input": MAPS, **dict.fromkeys(self._blocks, MAPS), **dict.fromkeys(self._head, UNITS)}
        self._activation = ACTIVATIONS[activation]
        self.parameters = {}
        for name, c_in, c_out in zip(self._blocks, (shape[0], *channels), channels, strict=False):
            fan_in = c_in * KERNEL**2
            # A filter is shared over positions, each with its own mask: no parameter of it is ever thinned out.
            self.parameters[f"{name}.weight"] = Parameter((c_out, c_in, KERNEL, KERNEL), fan_in, (1, 2, 3))
            self.parameters[f"{name}.bias"] = Parameter((c_out,), fan_in)
        flat = channels[-1] * (shape[1] // least) * (shape[2] // least)
        reads = (self._blocks[-1], *self._head)
        for i, name in enumerate(self._head):
            self.parameters |= dense((flat, *head)[i], head[i], name, reads=reads[i], writes=name)
        self.parameters |= dense(head[-1], outputs, "output", reads=reads[-1])

    def forward(self, params: Params, x: Tensor, site: Site) -> Tensor:
        h = site("input", x)
        for name in self._blocks:
            h = self._activation(_conv(params[f"{name}.weight"], params[f"{name}.bias"], h))
            pooled = max_pool2d(h.flatten(0, 1), 2)
            h = site(name, pooled.unflatten(0, h.shape[:2]))
        h = h.flatten(2)
        for name in self._head:
            h = site(name, self._activation(affine(params, name, h)))
        return affine(params, "output", h)


def _conv(weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
    """Each model's own convolution: weight [M, O, C, k, k], bias [M, O], x [M, B, C, H, W]."""
    # Grouped and vmapped convolutions are 2.5 to 4 times slower on a CPU than one model after another.
    each = [conv2d(x[m], weight[m], bias[m], padding=KERNEL // 2) for m in range(len(x))]
    return torch.stack(each) if len(each) > 1 else each[0].unsqueeze(0)
