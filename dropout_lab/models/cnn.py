"""Stacked convolutional networks: blocks of convolution and pooling, then dense layers."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from dropout_lab.dropout.base import MAPS, UNITS
from dropout_lab.dropout.hook_interface import Hook
from dropout_lab.dropout.kernels.linear_maps import CONV
from dropout_lab.dropout.pack_dropout import Site
from dropout_lab.models.base import ACTIVATIONS, MONOTONE, Model, Parameter, Params, affine, dense_parameters

KERNEL = 3


class CNN(Model):
    """Blocks of 3x3 convolution (same padding), non-linearity and 2x2 max-pool, then dense layers; dropout after each.

    Args:
        shape: shape of one example, (C, H, W).
        outputs: number of outputs K.
        channels: number of filters of each block.
        head: width of each dense layer.
        activation: name of the hidden non-linearity.

    Raises:
        ValueError: the examples are not images, or are too small to be halved by every block.
    """

    def __init__(
        self, shape: Sequence[int], outputs: int, channels: Sequence[int], head: Sequence[int], activation: str
    ):
        check_images(shape)
        least = 2 ** len(channels)
        if min(shape[1:]) < least:
            raise ValueError(f"has {len(channels)} blocks and requires images of at least {least}x{least}")
        self._blocks = tuple(f"block{i}" for i in range(len(channels)))
        self._head = tuple(f"head{i}" for i in range(len(head)))
        self._activation = ACTIVATIONS[activation]
        layouts = {**dict.fromkeys(self._blocks, MAPS), **dict.fromkeys(self._head, UNITS)}
        places = {"input": Site(MAPS, None)} | {
            n: Site(layout, i, produced_by=f"{n}.weight") for i, (n, layout) in enumerate(layouts.items())
        }
        parameters: dict[str, Parameter] = {}
        names = ("input", *self._blocks, *self._head)
        widths = (shape[0], *channels)
        for i, name in enumerate(self._blocks):
            parameters |= conv_parameters(widths[i], widths[i + 1], name, names[i])
        flat = channels[-1] * (shape[1] // least) * (shape[2] // least)
        reads = (self._blocks[-1], *self._head)
        for i, name in enumerate(self._head):
            parameters |= dense_parameters((flat, *head)[i], head[i], name, reads[i], [name])
        parameters |= dense_parameters(head[-1], outputs, "output", reads[-1])
        super().__init__(parameters, places)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        h = hook("input", x)
        for name in self._blocks:
            h = convolution(params, name, h, hook)
            if self._activation in MONOTONE:
                # A monotone function commutes with the maximum, and after pooling it has a quarter of the elements.
                h = hook.activated(name, self._activation, max_pool(h))
            else:
                h = hook(name, max_pool(self._activation(h)))
        h = FlattenMaps.apply(h)
        for name in self._head:
            h = hook.activated(name, self._activation, affine(params, name, h, hook))
        return affine(params, "output", h, hook)


def check_images(shape: Sequence[int]) -> None:
    """Raise ValueError if examples of this shape are not images (C, H, W)."""
    if len(shape) != 3:
        raise ValueError("requires images, examples of shape (channels, height, width)")


def max_pool(x: Tensor) -> Tensor:
    """Apply 2x2 max-pooling to maps [M, B, C, H, W]."""
    return max_pool2d(x.flatten(0, 1), 2).unflatten(0, x.shape[:2])


class FlattenMaps(torch.autograd.Function):
    """Flatten maps [M, B, C, H, W] to vectors [M, B, C * H * W].

    The backward pass converts the gradient to channels-last memory format here, where the tensor is small. The maps are
    stored channels last, too; without the conversion masks would be multiplied with tensors of two memory formats, and
    larger gradients would be converted twice.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.maps = x.shape[2:]
        return x.flatten(2)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        return slope.unflatten(2, ctx.maps).movedim(2, -1).contiguous().movedim(-1, 2)


def conv_parameters(
    channels_in: int, channels_out: int, name: str, reads: str = "", thinned: Sequence[str] = (), ruled_by: str = ""
) -> dict[str, Parameter]:
    """Return the parameters of a 3x3 convolution.

    Args:
        channels_in: number of input channels.
        channels_out: number of filters.
        name: prefix of the parameter names.
        reads, ruled_by: as for :func:`dense_parameters`.
        thinned: sites whose masks remove the whole convolution. A filter is shared over positions, each with its own
            mask, so no single mask element removes part of it.
    """
    fan_in = channels_in * KERNEL**2
    shape = (channels_out, channels_in, KERNEL, KERNEL)
    return {
        f"{name}.weight": Parameter(shape, fan_in, (1, 2, 3), reads, ruled_by or reads, tuple(thinned)),
        f"{name}.bias": Parameter((channels_out,), fan_in, thinned=tuple(thinned)),
    }


def convolution(params: Params, name: str, x: Tensor, hook: Hook) -> Tensor:
    """Apply the convolution of each model to x [M, B, C, H, W] and return [M, B, O, H, W]."""
    return hook.product(f"{name}.weight", CONV, x, params[f"{name}.weight"], params[f"{name}.bias"])
