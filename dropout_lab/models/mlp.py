"""Multi-layer perceptrons, M at once: one stacked matrix product a layer."""

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import MAPS, UNITS
from dropout_lab.models.base import ACTIVATIONS, Model, Params, Site, affine, dense


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
        self.sites = tuple(f"hidden{i}" for i in range(len(hidden)))
        self.layouts = {"input": MAPS if len(shape) == 3 else UNITS, **dict.fromkeys(self.sites, UNITS)}
        names = ("input", *self.sites)
        widths = (prod(shape), *hidden)
        self.parameters = {}
        for i, site in enumerate(self.sites):
            self.parameters |= dense(widths[i], widths[i + 1], site, reads=names[i], writes=site)
        self.parameters |= dense(widths[-1], outputs, "output", reads=names[-1])
        self._activation = ACTIVATIONS[activation]

    def forward(self, params: Params, x: Tensor, site: Site) -> Tensor:
        h = site("input", x).flatten(2)
        for name in self.sites:
            h = site(name, self._activation(affine(params, name, h)))
        return affine(params, "output", h)
