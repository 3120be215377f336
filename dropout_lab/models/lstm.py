"""LSTM over the rows of an image, M of them, with dropout on the outputs of the layers."""

from collections.abc import Sequence

import torch
from torch import Tensor

from dropout_lab.dropout.base import MAPS, RECURRENT, STEPS, UNITS
from dropout_lab.dropout.noise import Place
from dropout_lab.models.base import Hook, Model, Parameter, Params, affine, dense

GATES = 4
PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class LSTM(Model):
    """Layers of fused LSTM whose last state goes to the output layer.

    Unit dropout acts on the output of each layer, not on the recurrent connections: between layers with a mask at every
    step, on the last layer on its last state (Zaremba et al. 2014, arXiv:1409.2329). The recurrent weights are places
    of their own.

    Args:
        shape: of one example, (C, H, W): H steps of C*W numbers.
        outputs: K.
        units: hidden units of each layer.
        layers: number of layers.

    Raises:
        ValueError: the examples have no rows to read.
    """

    def __init__(self, shape: Sequence[int], outputs: int, units: int, layers: int):
        if len(shape) != 3:
            raise ValueError("needs images, whose rows it reads as time steps")
        self._layers = tuple(f"layer{i}" for i in range(layers))
        places = {"input": Place(MAPS, None)}
        parameters: dict[str, Parameter] = {}
        width, below = shape[0] * shape[2], "input"
        for i, name in enumerate(self._layers):
            places[_recurrent(name)] = Place(RECURRENT, i)
            places[name] = Place(UNITS if name == self._layers[-1] else STEPS, i)
            rows = GATES * units
            shapes = [(rows, width), (rows, units), (rows,), (rows,)]
            for part, size in zip(PARTS, shapes, strict=True):
                incoming = (1,) if len(size) == 2 else ()
                reads = below if part == "weight_ih" else ""
                parameters[f"{name}.{part}"] = Parameter(size, units, incoming, reads)
            width, below = units, name
        last = self._layers[-1]
        parameters |= dense(units, outputs, "output", last)
        super().__init__(parameters, places)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        h = hook("input", x).transpose(2, 3).flatten(3)  # [M, B, H, C*W]
        for name in self._layers[:-1]:
            h = hook(name, _layer(params, name, h, hook))
        last = self._layers[-1]
        return affine(params, "output", hook(last, _layer(params, last, h, hook)[:, :, -1]), hook)


def _recurrent(layer: str) -> str:
    return f"{layer}.weight_hh"


def _layer(params: Params, name: str, x: Tensor, hook: Hook) -> Tensor:
    """All outputs [M, B, T, H] of one layer over x [M, B, T, F], starting from zero states."""
    weights = [params[f"{name}.{part}"] for part in PARTS]
    weights[1] = hook(_recurrent(name), weights[1])
    start = x.new_zeros(1, x.shape[1], weights[1].shape[2])
    each = []
    for m in range(len(x)):
        own = [w[m] for w in weights]
        # cuDNN needs to be told that a backward pass may follow.
        train = torch.is_grad_enabled()
        out, _, _ = torch.lstm(x[m], (start, start), own, True, 1, 0.0, train, False, True)
        each.append(out)
    return torch.stack(each) if len(each) > 1 else each[0].unsqueeze(0)
