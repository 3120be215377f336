"""Stacked residual networks, dense or convolutional."""

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import avg_pool2d

from dropout_lab.dropout.base import MAPS, PATHS, UNITS
from dropout_lab.dropout.hook_interface import Hook
from dropout_lab.dropout.pack_dropout import Site
from dropout_lab.models.base import (
    ACTIVATIONS,
    Model,
    Parameter,
    Params,
    affine,
    dense_parameters,
    input_layout,
    layer_norm_parameters,
    normalize_features,
)
from dropout_lab.models.cnn import check_images, conv_parameters, convolution


def residual_site(block: str) -> str:
    """Return the name of the site of the residual branch of a block, where the whole branch may be dropped."""
    return f"{block}.path"


class ResMLP(Model):
    """Dense residual blocks between an input and an output layer; dropout inside each block or of whole branches.

    A block is x + W2 f(W1 norm(x)), with unit dropout after f: the pre-activation form of He et al. 2016, ECCV, with
    layer normalisation, which needs no batch statistics.

    Args:
        shape: shape of one example; an image or series is flattened.
        outputs: number of outputs K.
        width: number of units between the blocks and inside them.
        blocks: number of blocks.
        activation: name of the non-linearity.
    """

    stacks: ClassVar[bool] = True

    def __init__(self, shape: Sequence[int], outputs: int, width: int, blocks: int, activation: str):
        self._blocks = tuple(f"block{i}" for i in range(blocks))
        self._activation = ACTIVATIONS[activation]
        places = {"input": Site(input_layout(shape), None)}
        parameters = dense_parameters(prod(shape), width, "stem", "input")
        for i, name in enumerate(self._blocks):
            places |= {name: Site(UNITS, i, produced_by=f"{name}.first.weight"), residual_site(name): Site(PATHS, i)}
            parameters |= layer_norm_parameters(width, f"{name}.norm", [residual_site(name)])
            parameters |= dense_parameters(
                width, width, f"{name}.first", writes=[name, residual_site(name)], ruled_by=name
            )
            parameters |= dense_parameters(width, width, f"{name}.second", name, [residual_site(name)])
        parameters |= layer_norm_parameters(width, "norm") | dense_parameters(
            width, outputs, "output", ruled_by=self._blocks[-1]
        )
        super().__init__(parameters, places)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        h = affine(params, "stem", hook("input", x).flatten(2), hook)
        for name in self._blocks:
            inner = affine(params, f"{name}.first", normalize_features(params, f"{name}.norm", h), hook)
            inner = hook(name, self._activation(inner))
            h = h + hook(residual_site(name), affine(params, f"{name}.second", inner, hook))
        return affine(params, "output", normalize_features(params, "norm", h), hook)


class ResCNN(Model):
    """Convolutional residual blocks, then global average pooling; maps are halved once, in the middle of the network.

    A block is x + conv f(conv f(norm(x))), with unit dropout between the convolutions as in wide residual networks
    (Zagoruyko and Komodakis 2016, BMVC); the normalisation is over the channels of each pixel.

    Args:
        shape: shape of one example, (C, H, W).
        outputs: number of outputs K.
        channels: number of maps between the blocks and inside them.
        blocks: number of blocks.
        activation: name of the non-linearity.

    Raises:
        ValueError: the examples are not images, or are too small.
    """

    def __init__(self, shape: Sequence[int], outputs: int, channels: int, blocks: int, activation: str):
        check_images(shape)
        if min(shape[1:]) < 2:
            raise ValueError("halves its feature maps once and requires images of at least 2x2")
        self._blocks = tuple(f"block{i}" for i in range(blocks))
        self._activation = ACTIVATIONS[activation]
        places = {"input": Site(MAPS, None)}
        parameters: dict[str, Parameter] = conv_parameters(shape[0], channels, "stem", "input")
        for i, name in enumerate(self._blocks):
            places |= {name: Site(MAPS, i, produced_by=f"{name}.first.weight"), residual_site(name): Site(PATHS, i)}
            parameters |= layer_norm_parameters(channels, f"{name}.norm", [residual_site(name)])
            parameters |= conv_parameters(
                channels, channels, f"{name}.first", thinned=[residual_site(name)], ruled_by=name
            )
            parameters |= conv_parameters(channels, channels, f"{name}.second", name, [residual_site(name)])
        parameters |= layer_norm_parameters(channels, "norm") | dense_parameters(
            channels, outputs, "output", ruled_by=self._blocks[-1]
        )
        super().__init__(parameters, places)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        h = convolution(params, "stem", hook("input", x), hook)
        for i, name in enumerate(self._blocks):
            if i == (len(self._blocks) + 1) // 2:
                h = avg_pool2d(h.flatten(0, 1), 2).unflatten(0, h.shape[:2])
            inner = self._activation(_normalised(params, f"{name}.norm", h))
            inner = hook.activated(name, self._activation, convolution(params, f"{name}.first", inner, hook))
            h = h + hook(residual_site(name), convolution(params, f"{name}.second", inner, hook))
        pooled = self._activation(_normalised(params, "norm", h)).flatten(3).mean(3)
        return affine(params, "output", pooled, hook)


def _normalised(params: Params, name: str, x: Tensor) -> Tensor:
    """Apply layer normalisation over the channels of maps [M, B, C, H, W]."""
    return normalize_features(params, name, x.movedim(2, -1)).movedim(-1, 2)
