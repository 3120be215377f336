"""LSTM over the rows of an image or the tokens of a text, M of them, with dropout on the outputs of the layers."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.dropout.base import MAPS, RECURRENT, STEPS, UNITS
from dropout_lab.dropout.noise import Place
from dropout_lab.models.base import Hook, Model, Parameter, Params, State, affine, dense
from dropout_lab.models.embedding import embedded, table, there

GATES = 4
PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class LSTM(Model):
    """Layers of fused LSTM whose last state goes to the output layer; of a running text, every state.

    Unit dropout acts on the output of each layer, not on the recurrent connections: between layers with a mask at every
    step, on the last layer on its last state, or on all of a running text (Zaremba et al. 2014, arXiv:1409.2329). The
    recurrent weights are places of their own.

    Args:
        shape: of one example: (C, H, W) is H steps of C*W numbers, (T,) is T tokens, () a running text.
        outputs: K.
        units: hidden units of each layer.
        layers: number of layers.
        symbols, embedding: of texts, and the width of their vectors.

    Raises:
        ValueError: the examples have no rows to read.
    """

    broadcasts: ClassVar[bool] = False

    def __init__(
        self, shape: Sequence[int], outputs: int, units: int, layers: int, symbols: int = 0, embedding: int = 0
    ):
        if len(shape) != 3 and not symbols:
            raise ValueError("needs images, whose rows it reads as time steps, or texts")
        self._layers = tuple(f"layer{i}" for i in range(layers))
        self._reads, self._runs = bool(symbols), not shape
        places = {"input": Place(STEPS if symbols else MAPS, None)}
        parameters: dict[str, Parameter] = table(symbols, embedding) if symbols else {}
        width, below = (embedding if symbols else shape[0] * shape[2]), "input"
        for i, name in enumerate(self._layers):
            places[_recurrent(name)] = Place(RECURRENT, i)
            last = name == self._layers[-1] and not self._runs
            places[name] = Place(UNITS if last else STEPS, i)
            parameters |= _parameters(name, width, units, below)
            width, below = units, name
        parameters |= dense(units, outputs, "output", below, shared=self._runs)
        super().__init__(parameters, places)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        return self.advance(params, x, hook, None)[0]

    def advance(self, params: Params, x: Tensor, hook: Hook, state: State) -> tuple[Tensor, State]:
        read = embedded(params, x) if self._reads else x
        h = hook("input", read)  # [M, B, T, D], or [M, B, C, H, W] of which the rows are read
        h = h if self._reads else h.transpose(2, 3).flatten(3)
        after: list[Tensor] = []
        for i, name in enumerate(self._layers):
            h, *ends = _layer(params, name, h, hook, state[2 * i : 2 * i + 2] if state else None)
            after += ends
            if name == self._layers[-1] and not self._runs:
                h = _last(h, x) if self._reads else h[:, :, -1]
            h = hook(name, h)
        return affine(params, "output", h, hook), tuple(after) if self._runs else None


def _recurrent(layer: str) -> str:
    return f"{layer}.weight_hh"


def _parameters(name: str, width: int, units: int, below: str) -> dict[str, Parameter]:
    """The parameters of one layer that reads ``width`` numbers at the place ``below``."""
    rows = GATES * units
    shapes = [(rows, width), (rows, units), (rows,), (rows,)]
    found = {}
    for part, size in zip(PARTS, shapes, strict=True):
        incoming = (1,) if len(size) == 2 else ()
        found[f"{name}.{part}"] = Parameter(size, units, incoming, below if part == "weight_ih" else "")
    return found


def _last(h: Tensor, x: Tensor) -> Tensor:
    """Of the states h [M, B, T, H], that at the last token of each text x [M, B, T]."""
    steps = torch.arange(x.shape[2], device=x.device)
    at = (there(x) * steps).amax(2)
    return h.gather(2, at[:, :, None, None].expand(-1, -1, 1, h.shape[3])).squeeze(2)


def _layer(params: Params, name: str, x: Tensor, hook: Hook, state: State) -> tuple[Tensor, Tensor, Tensor]:
    """All outputs [M, B, T, H] of one layer over x [M, B, T, F], and its hidden and cell state at the end [M, B, H]."""
    weights = [params[f"{name}.{part}"] for part in PARTS]
    weights[1] = hook(_recurrent(name), weights[1])
    zero = x.new_zeros(x.shape[1], weights[1].shape[2])
    outs, hiddens, cells = [], [], []
    for m in range(len(x)):
        own = [w[m] for w in weights]
        start = (zero, zero) if state is None else tuple(part[m] for part in state)
        # cuDNN needs to be told that a backward pass may follow.
        train = torch.is_grad_enabled()
        starts = tuple(part.unsqueeze(0) for part in start)
        out, hidden, cell = torch.lstm(x[m], starts, own, True, 1, 0.0, train, False, True)
        outs.append(out)
        hiddens.append(hidden[0])
        cells.append(cell[0])
    return _stacked(outs), _stacked(hiddens), _stacked(cells)


def _stacked(each: list[Tensor]) -> Tensor:
    return torch.stack(each) if len(each) > 1 else each[0].unsqueeze(0)
