"""Stacked transformer encoders over the patches of an image, the steps of a series or the tokens of a text."""

from collections.abc import Sequence
from math import sqrt
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from dropout_lab.dropout.base import ATTENTION, PATHS, STEPS
from dropout_lab.dropout.hook_interface import Hook
from dropout_lab.dropout.pack_dropout import Site
from dropout_lab.models.base import (
    ACTIVATIONS,
    SERIES,
    Model,
    Parameter,
    Params,
    affine,
    dense_parameters,
    input_layout,
    layer_norm_parameters,
    normalize_features,
)
from dropout_lab.models.cnn import check_images
from dropout_lab.models.embedding import embed, embedding_parameters, token_mask
from dropout_lab.models.residual import residual_site

WIDER = 4  # width of the feed-forward layer relative to the width of a token


class TransformerSizes(NamedTuple):
    """Sizes of a transformer.

    Args:
        patch: side of a patch in pixels; must divide both sides of an image.
        width: number of features of a token.
        blocks: number of blocks.
        heads: number of attention heads; must divide the width.
    """

    patch: int
    width: int
    blocks: int
    heads: int


class Transformer(Model):
    """Transformer encoder with learned positions; the mean of the output tokens goes to the output layer.

    Each block has self-attention and a feed-forward layer. Unit dropout acts as in Vaswani et al. 2017, NeurIPS,
    section 5.4, on the embeddings and on the output of each sublayer before the residual sum, and also inside the
    feed-forward layer. The attention probabilities and the two residual branches of each block are separate sites.
    Each sublayer normalises its input (pre-norm), as in vision transformers (Dosovitskiy et al. 2021, ICLR). The
    embeddings use the rate of the first block.

    Args:
        shape: shape of one example: (C, H, W), (T, F) for a series of T steps, or (T,) for a text of T tokens.
        outputs: number of outputs K.
        sizes: sizes of the network.
        activation: name of the non-linearity.
        symbols: number of distinct symbols of a text dataset; 0 for other data.

    Raises:
        ValueError: the examples are not images, patches do not divide them, or the heads do not divide the width.
    """

    stacks: ClassVar[bool] = True

    def __init__(self, shape: Sequence[int], outputs: int, sizes: TransformerSizes, activation: str, symbols: int = 0):
        width = sizes.width
        if width % sizes.heads:
            raise ValueError(f"has {sizes.heads} heads, which must divide its width of {width}")
        self._blocks = tuple(f"block{i}" for i in range(sizes.blocks))
        self._patch, self._heads, self._activation = sizes.patch, sizes.heads, ACTIVATIONS[activation]
        self._reads, self._series = bool(symbols), len(shape) == SERIES
        places = {"input": Site(STEPS if symbols else input_layout(shape), None), "embedding": Site(STEPS, 0)}
        parameters = embedding_parameters(symbols, width) if symbols else _embedding(shape, sizes)
        tokens = shape[0] if symbols or self._series else shape[1] * shape[2] // sizes.patch**2
        parameters["positions"] = Parameter((tokens, width), width)
        for i, name in enumerate(self._blocks):
            places |= _places(name, i)
            parameters |= _parameters(name, width)
        parameters |= layer_norm_parameters(width, "norm") | dense_parameters(
            width, outputs, "output", ruled_by=f"{self._blocks[-1]}.inner"
        )
        super().__init__(parameters, places)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        if self._reads:
            h, here = hook("input", embed(params, x)), token_mask(x)
        else:
            steps = hook("input", x)
            h, here = affine(params, "embed", steps if self._series else _patches(steps, self._patch), hook), None
        h = hook("embedding", h + params["positions"].unsqueeze(1))
        for name in self._blocks:
            mixed = self._attend(params, name, normalize_features(params, f"{name}.norm1", h), hook, here)
            h = h + hook(residual_site(f"{name}.attention"), hook(f"{name}.mixed", mixed))
            inner = self._activation(
                affine(params, f"{name}.first", normalize_features(params, f"{name}.norm2", h), hook)
            )
            out = affine(params, f"{name}.second", hook(f"{name}.inner", inner), hook)
            h = h + hook(residual_site(f"{name}.feed_forward"), hook(f"{name}.out", out))
        return affine(params, "output", _mean(normalize_features(params, "norm", h), here), hook)

    def _attend(self, params: Params, name: str, h: Tensor, hook: Hook, here: Tensor | None) -> Tensor:
        """Apply multi-head self-attention to tokens h [M, B, T, D], with keys only where ``here`` [M, B, T] is true."""
        q, k, v = (
            part.unflatten(3, (self._heads, -1)).transpose(2, 3)  # [M, B, heads, T, D / heads]
            for part in affine(params, f"{name}.query_key_value", h, hook).chunk(3, dim=3)
        )
        scores = q @ k.transpose(3, 4) / sqrt(q.shape[4])
        if here is not None:
            scores = scores.masked_fill(~here[:, :, None, None, :], -torch.inf)
        mixed = hook(f"{name}.scores", torch.softmax(scores, dim=4)) @ v
        return affine(params, f"{name}.project", mixed.transpose(2, 3).flatten(3), hook)


def _embedding(shape: Sequence[int], sizes: TransformerSizes) -> dict[str, Parameter]:
    """Return the parameters of the layer that maps a step or patch to a token."""
    if len(shape) == SERIES:
        return dense_parameters(shape[1], sizes.width, "embed", "input", shared=True)
    check_images(shape)
    patch = sizes.patch
    if shape[1] % patch or shape[2] % patch:
        raise ValueError(f"cuts images into patches of {patch}x{patch} pixels, which must divide both sides")
    return dense_parameters(shape[0] * patch**2, sizes.width, "embed", "input", shared=True)


def _mean(h: Tensor, here: Tensor | None) -> Tensor:
    """Return the mean [M, B, D] of the tokens h [M, B, T, D] where ``here`` is true."""
    if here is None:
        return h.mean(2)
    return (h * here.unsqueeze(3)).sum(2) / here.sum(2, keepdim=True).clamp(min=1)


def _places(name: str, depth: int) -> dict[str, Site]:
    """Return the sites of one block, in the order of the network."""
    layouts = {
        f"{name}.scores": ATTENTION,
        f"{name}.mixed": STEPS,
        residual_site(f"{name}.attention"): PATHS,
        f"{name}.inner": STEPS,
        f"{name}.out": STEPS,
        residual_site(f"{name}.feed_forward"): PATHS,
    }
    return {place: Site(layout, depth) for place, layout in layouts.items()}


def _parameters(name: str, width: int) -> dict[str, Parameter]:
    """Return the parameters of one block.

    The weights are shared over tokens, so only a dropped branch removes them.
    """
    first, second = [residual_site(f"{name}.attention")], [residual_site(f"{name}.feed_forward")]
    inner = f"{name}.inner"
    return (
        layer_norm_parameters(width, f"{name}.norm1", first)
        | dense_parameters(width, 3 * width, f"{name}.query_key_value", writes=first, ruled_by=inner)
        | dense_parameters(width, width, f"{name}.project", writes=first, ruled_by=inner)
        | layer_norm_parameters(width, f"{name}.norm2", second)
        | dense_parameters(width, WIDER * width, f"{name}.first", writes=second, ruled_by=inner)
        | dense_parameters(WIDER * width, width, f"{name}.second", inner, second, shared=True)
    )


def _patches(x: Tensor, side: int) -> Tensor:
    """Split images [M, B, C, H, W] into patches [M, B, T, C * side * side], row by row."""
    rows = x.unflatten(4, (-1, side)).unflatten(3, (-1, side))  # [M, B, C, H/s, s, W/s, s]
    return rows.permute(0, 1, 3, 5, 2, 4, 6).flatten(4).flatten(2, 3)
