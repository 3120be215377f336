"""Stacked multi-layer perceptrons: one batched matrix product per layer for all M models."""

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import STEPS, UNITS
from dropout_lab.dropout.hook_interface import Hook
from dropout_lab.dropout.pack_dropout import Site
from dropout_lab.models.base import ACTIVATIONS, Model, Parameter, Params, affine, dense_parameters, input_layout
from dropout_lab.models.embedding import embed, embedding_parameters, token_mask


class MLP(Model):
    """Dense layers of given widths, with dropout after each hidden non-linearity.

    Args:
        shape: shape of one example; an image or series is flattened.
        outputs: number of classes or targets K.
        hidden: width of each hidden layer.
        activation: name of the hidden non-linearity.
        symbols: number of distinct symbols of a text dataset; 0 for other data. A text is represented by the mean of
            its token vectors.
        embedding: width of the token vectors.
    """

    stacks: ClassVar[bool] = True

    def __init__(
        self,
        shape: Sequence[int],
        outputs: int,
        hidden: Sequence[int],
        activation: str,
        symbols: int = 0,
        embedding: int = 64,
    ):
        self._layers = tuple(f"hidden{i}" for i in range(len(hidden)))
        self._activation = ACTIVATIONS[activation]
        layout = STEPS if symbols else input_layout(shape)
        places = {"input": Site(layout, None)}
        places |= {name: Site(UNITS, i, produced_by=f"{name}.weight") for i, name in enumerate(self._layers)}
        names = ("input", *self._layers)
        widths = (embedding if symbols else prod(shape), *hidden)
        self._reads = bool(symbols)
        parameters: dict[str, Parameter] = embedding_parameters(symbols, embedding) if symbols else {}
        for i, name in enumerate(self._layers):
            parameters |= dense_parameters(
                widths[i], widths[i + 1], name, names[i], [name], shared=self._reads and not i
            )
        parameters |= dense_parameters(widths[-1], outputs, "output", names[-1])
        super().__init__(parameters, places)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        if self._reads:
            count = token_mask(x).sum(2, keepdim=True).clamp(min=1)
            h = hook("input", embed(params, x)).sum(2) / count
        else:
            h = hook("input", x).flatten(2)
        for name in self._layers:
            h = hook.activated(name, self._activation, affine(params, name, h, hook))
        return affine(params, "output", h, hook)
