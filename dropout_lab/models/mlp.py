"""Multi-layer perceptrons, M at once: one stacked matrix product a layer."""

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import MAPS, UNITS
from dropout_lab.dropout.noise import Place
from dropout_lab.models.base import ACTIVATIONS, Hook, Model, Parameter, Params, affine, dense


class MLP(Model):
    """Dense layers of any widths, with dropout after each hidden non-linearity.

    Args:
        shape: of one example; an image is flattened.
        outputs: K, the number of classes or targets.
        hidden: width of each hidden layer.
        activation: name of the hidden non-linearity.
    """

    stacks: ClassVar[bool] = True

    def __init__(self, shape: Sequence[int], outputs: int, hidden: Sequence[int], activation: str):
        self._layers = tuple(f"hidden{i}" for i in range(len(hidden)))
        self._activation = ACTIVATIONS[activation]
        places = {"input": Place(MAPS if len(shape) == 3 else UNITS, None)}
        places |= {name: Place(UNITS, i) for i, name in enumerate(self._layers)}
        names = ("input", *self._layers)
        widths = (prod(shape), *hidden)
        parameters: dict[str, Parameter] = {}
        for i, name in enumerate(self._layers):
            parameters |= dense(widths[i], widths[i + 1], name, names[i], [name])
        parameters |= dense(widths[-1], outputs, "output", names[-1])
        super().__init__(parameters, places)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        h = hook("input", x).flatten(2)
        for name in self._layers:
            h = hook(name, self._activation(affine(params, name, h, hook)))
        return affine(params, "output", h, hook)
