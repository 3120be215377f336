"""A small transformer encoder over the patches of an image, M of them."""

from collections.abc import Sequence
from math import sqrt
from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.dropout.base import MAPS, PATHS, SCORES, STEPS
from dropout_lab.dropout.noise import Place
from dropout_lab.models.base import ACTIVATIONS, Hook, Model, Parameter, Params, affine, dense, norm, normalised
from dropout_lab.models.cnn import check_images
from dropout_lab.models.residual import path

WIDER = 4  # units inside the feed-forward part, as a multiple of the width


class Transformer(Model):
    """Patches as tokens with learned positions, blocks of self-attention and a feed-forward part, then the mean token.

    Unit dropout acts where Vaswani et al. 2017, NeurIPS, section 5.4 put it, on the embeddings and on the output of
    each part before it is added, and inside the feed-forward part; the attention probabilities and the two branches of
    each block are places of their own. Normalisation comes first in each part (pre-norm), as in vision transformers
    (Dosovitskiy et al. 2021, ICLR). The embeddings take the rate of the first block.

    Args:
        shape: of one example, (C, H, W).
        outputs: K.
        patch: side of a patch in pixels; must divide both sides of the image.
        width: features of a token.
        blocks: how many.
        heads: of attention; must divide the width.
        activation: name of the non-linearity.

    Raises:
        ValueError: the examples are no images, or cannot be cut so; the heads do not divide the width.
    """

    stacks: ClassVar[bool] = True

    def __init__(
        self, shape: Sequence[int], outputs: int, patch: int, width: int, blocks: int, heads: int, activation: str
    ):
        check_images(shape)
        if shape[1] % patch or shape[2] % patch:
            raise ValueError(f"cuts images into patches of {patch}x{patch} pixels, which must divide both sides")
        if width % heads:
            raise ValueError(f"has {heads} heads, which must divide its width of {width}")
        self._blocks = tuple(f"block{i}" for i in range(blocks))
        self._patch, self._heads, self._activation = patch, heads, ACTIVATIONS[activation]
        tokens = shape[1] * shape[2] // patch**2
        places = {"input": Place(MAPS, None), "embedding": Place(STEPS, 0)}
        parameters = dense(shape[0] * patch**2, width, "embed", "input", shared=True)
        parameters["positions"] = Parameter((tokens, width), width)
        for i, name in enumerate(self._blocks):
            places |= _places(name, i)
            parameters |= _parameters(name, width)
        parameters |= norm(width, "norm") | dense(width, outputs, "output", ruled_by=f"{self._blocks[-1]}.inner")
        super().__init__(parameters, places)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        tokens = _patches(hook("input", x), self._patch)
        h = hook("embedding", affine(params, "embed", tokens, hook) + params["positions"].unsqueeze(1))
        for name in self._blocks:
            mixed = self._attend(params, name, normalised(params, f"{name}.norm1", h), hook)
            h = h + hook(path(f"{name}.attention"), hook(f"{name}.mixed", mixed))
            inner = self._activation(affine(params, f"{name}.first", normalised(params, f"{name}.norm2", h), hook))
            out = affine(params, f"{name}.second", hook(f"{name}.inner", inner), hook)
            h = h + hook(path(f"{name}.feed_forward"), hook(f"{name}.out", out))
        return affine(params, "output", normalised(params, "norm", h).mean(2), hook)

    def _attend(self, params: Params, name: str, h: Tensor, hook: Hook) -> Tensor:
        """Multi-head self-attention over tokens h [M, B, T, D]."""
        q, k, v = (
            part.unflatten(3, (self._heads, -1)).transpose(2, 3)  # [M, B, heads, T, D / heads]
            for part in affine(params, f"{name}.query_key_value", h, hook).chunk(3, dim=3)
        )
        scores = torch.softmax(q @ k.transpose(3, 4) / sqrt(q.shape[4]), dim=4)
        mixed = hook(f"{name}.scores", scores) @ v
        return affine(params, f"{name}.project", mixed.transpose(2, 3).flatten(3), hook)


def _places(name: str, level: int) -> dict[str, Place]:
    """The places of one block, in the order of the network."""
    layouts = {
        f"{name}.scores": SCORES,
        f"{name}.mixed": STEPS,
        path(f"{name}.attention"): PATHS,
        f"{name}.inner": STEPS,
        f"{name}.out": STEPS,
        path(f"{name}.feed_forward"): PATHS,
    }
    return {place: Place(layout, level) for place, layout in layouts.items()}


def _parameters(name: str, width: int) -> dict[str, Parameter]:
    """The parameters of one block; its weights serve all tokens, so only a dropped branch thins them."""
    first, second = [path(f"{name}.attention")], [path(f"{name}.feed_forward")]
    inner = f"{name}.inner"
    return (
        norm(width, f"{name}.norm1", first)
        | dense(width, 3 * width, f"{name}.query_key_value", writes=first, ruled_by=inner)
        | dense(width, width, f"{name}.project", writes=first, ruled_by=inner)
        | norm(width, f"{name}.norm2", second)
        | dense(width, WIDER * width, f"{name}.first", writes=second, ruled_by=inner)
        | dense(WIDER * width, width, f"{name}.second", inner, second, shared=True)
    )


def _patches(x: Tensor, side: int) -> Tensor:
    """Images [M, B, C, H, W] as tokens [M, B, T, C * side * side], row by row."""
    rows = x.unflatten(4, (-1, side)).unflatten(3, (-1, side))  # [M, B, C, H/s, s, W/s, s]
    return rows.permute(0, 1, 3, 5, 2, 4, 6).flatten(4).flatten(2, 3)
