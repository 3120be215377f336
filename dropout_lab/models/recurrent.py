"""Stacked recurrent networks over series, the rows of an image or the tokens of a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from dropout_lab.dropout.base import CANDIDATES, MEMORY_CELLS, RECURRENT, STATES, STEPS, UNITS, WORDS
from dropout_lab.dropout.hook_interface import Hook
from dropout_lab.dropout.kernels.linear_maps import DENSE_MAP
from dropout_lab.dropout.kernels.rnn_cells import RNN_CELLS as KINDS
from dropout_lab.dropout.kernels.rnn_cells import CellMasks
from dropout_lab.dropout.kernels.rnn_sequence import run_sequence
from dropout_lab.dropout.pack_dropout import Site
from dropout_lab.models import embedding
from dropout_lab.models.base import (
    IMAGE,
    SERIES,
    Model,
    Parameter,
    Params,
    State,
    affine,
    dense_parameters,
    input_layout,
)
from dropout_lab.models.fused import run_fused_layer

PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


@dataclass(frozen=True)
class RecurrentShape:
    """Architecture of a recurrent network.

    Args:
        kind: cell type: ``lstm``, ``gru`` or ``rnn``.
        units: number of hidden units per layer and direction.
        layers: number of layers.
        bidirectional: whether each layer also reads backwards.
        pooling: input of the output layer: the ``last`` state, or the ``mean`` or ``max`` over the steps.
        tied: whether the output layer uses the token embedding as its weights (Press and Wolf 2017, EACL).
        symbols: number of distinct symbols of a text dataset; 0 for other data.
        embedding: width of the token vectors.
    """

    kind: str
    units: int
    layers: int
    bidirectional: bool = False
    pooling: str = "last"
    tied: bool = False
    symbols: int = 0
    embedding: int = 64


class RecurrentModel(Model):
    """Layers of LSTM, GRU or RNN cells whose pooled states, or every state of a running text, go to the output layer.

    Activation dropout acts on the output of each layer: at every step between layers, and on the input of the output
    layer after the last one. The recurrent weights, the states and cells inside each layer and the word types are
    separate sites. A layer without inner dropout runs as torch's fused layer.

    Args:
        shape: shape of one example: (T, F) is T steps of F numbers, (C, H, W) is H steps of C*W numbers, (T,) is T
            tokens, () is a running text.
        outputs: number of outputs K.
        form: architecture of the network.

    Raises:
        ValueError: the examples are not sequences or images, or ``form`` does not fit them.
    """

    broadcasts: ClassVar[bool] = False

    def __init__(self, shape: Sequence[int], outputs: int, form: RecurrentShape):
        self._form, self._reads, self._runs = form, bool(form.symbols), not shape
        self._series = len(shape) == SERIES
        _check(shape, form)
        self._layers = tuple(f"layer{i}" for i in range(form.layers))
        self._ways = ("", ".reverse") if form.bidirectional else ("",)
        places = {"input": Site(STEPS if self._reads else input_layout(shape), None)}
        parameters: dict[str, Parameter] = {}
        if self._reads:
            places["words"] = Site(WORDS, 0, role="embedding")
            parameters |= embedding.embedding_parameters(form.symbols, form.embedding)
        width, below = _width(shape, form), "input"
        for i, name in enumerate(self._layers):
            last = name == self._layers[-1]
            for way in self._ways:
                places |= _places(name + way, i, form.kind)
                parameters |= _parameters(name + way, width, form, below)
            layout = UNITS if last and not self._runs else STEPS
            places[name] = Site(layout, i, role="output" if last else "inter_layer")
            width, below = form.units * len(self._ways), name
        head = dense_parameters(width, outputs, "output", below, shared=self._runs)
        if form.tied:
            del head["output.weight"]
        super().__init__(parameters | head, places)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        return self.advance(params, x, hook, None)[0]

    def advance(self, params: Params, x: Tensor, hook: Hook, state: State) -> tuple[Tensor, State]:
        h = self._read(params, x, hook)
        after: list[Tensor] = []
        count = 2 if KINDS[self._form.kind].has_cell else 1  # number of state tensors per layer
        for i, name in enumerate(self._layers):
            ways = []
            for way in self._ways:
                read = _turned(h, x, self._reads) if way else h
                layer_state = state[count * i : count * (i + 1)] if state else None
                out, ends = self._layer(params, name + way, read, hook, layer_state)
                ways.append(out)
                after += ends
            if name != self._layers[-1]:
                h = self._given(name, _both(ways, x, self._reads), hook)
        h = _both(ways, x, self._reads) if self._runs else self._pooled(ways, x)
        h = hook(self._layers[-1], h)
        if self._form.tied:
            out = DENSE_MAP(h, params[embedding.NAME].transpose(1, 2), params["output.bias"])
        else:
            out = affine(params, "output", h, hook)
        return out, tuple(after) if self._runs else None

    def _read(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        """Return the input of the first layer, [M, B, T, D], or [M, B, G, T, D] with one mask per gate."""
        if self._series:
            return self._given("input", x, hook)
        if not self._reads:
            return hook("input", x).transpose(2, 3).flatten(3)  # the rows of maps [M, B, C, H, W]
        read = self._given("input", embedding.embed(params, x), hook)
        there = hook.mask("words", (*x.shape, self._form.symbols), read)
        if there is None:
            return read
        if there.shape[3] > 1:  # one factor per word type
            there = there.squeeze(2).expand(-1, x.shape[1], -1).gather(2, x).unsqueeze(3)
        return read * (there if read.dim() == 4 else there.unsqueeze(2))

    def _given(self, name: str, h: Tensor, hook: Hook) -> Tensor:
        """Return h [M, B, T, D] after dropout at this site, with an axis of gates if each gate has its own mask."""
        gates = KINDS[self._form.kind].count
        return hook(name, h.unsqueeze(2).expand(-1, -1, gates, -1, -1) if hook.per_gate else h)

    def _layer(
        self, params: Params, name: str, x: Tensor, hook: Hook, state: State
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the states [M, B, T, H] of one layer over x and its final state, [M, B, H] each."""
        form, cell = self._form, KINDS[self._form.kind]
        weights = [params[f"{name}.{part}"] for part in PARTS]
        weights[1] = hook(f"{name}.weight_hh", weights[1])
        models, batch, count = x.shape[0], x.shape[1], x.shape[-2]
        every = (models, batch, count, form.units)
        gates = (cell.count,) if hook.per_gate else ()
        inner = {"state": hook.mask(f"{name}.state", (models, batch, *gates, count, form.units), x)}
        inner |= {
            part: hook.mask(f"{name}.{part}", every, x)
            for part in ("candidate", "cell")
            if f"{name}.{part}" in self.places
        }
        masks = _masks(inner, hook.carries_previous)
        if state is None:
            zero = x.new_zeros(models, batch, form.units)
            state = (zero, zero) if cell.has_cell else (zero,)
        if masks is None and x.dim() == 4:
            return run_fused_layer(form.kind, x, weights, state)
        steps = x.transpose(1, 2) if x.dim() == 4 else x.permute(0, 3, 2, 1, 4)
        out, ends = run_sequence(form.kind, steps, weights, state, masks or CellMasks())
        return out.transpose(1, 2), ends

    def _pooled(self, ways: Sequence[Tensor], x: Tensor) -> Tensor:
        """Pool the states of the last layer over the steps, [M, B, D].

        Each direction is pooled in its reading order, so that ``last`` is the state after the whole sequence.
        """
        there = embedding.token_mask(x) if self._reads else torch.ones_like(ways[0][..., 0], dtype=torch.bool)
        pooled = []
        for h in ways:
            if self._form.pooling == "last":
                steps = torch.arange(h.shape[2], device=h.device)
                at = (there * steps).amax(2)[:, :, None, None].expand(-1, -1, 1, h.shape[3])
                pooled.append(h.gather(2, at).squeeze(2) if self._reads else h[:, :, -1])
            elif self._form.pooling == "mean":
                pooled.append((h * there.unsqueeze(3)).sum(2) / there.sum(2).clamp(min=1).unsqueeze(2))
            else:
                # States are between -1 and 1, so -2 never wins; a text without tokens has state 0.
                most = torch.where(there.unsqueeze(3), h, -2).amax(2)
                pooled.append(torch.where(there.any(2, keepdim=True), most, 0))
        return torch.cat(pooled, 2) if len(pooled) > 1 else pooled[0]


def _check(shape: Sequence[int], form: RecurrentShape) -> None:
    if len(shape) not in (SERIES, IMAGE) and not form.symbols:
        raise ValueError("requires series, texts, or images, whose rows it reads as time steps")
    if form.bidirectional and not shape:
        raise ValueError("cannot read running text backwards; set model.bidirectional=false")
    if form.tied and shape:
        raise ValueError("can tie its output to the token embeddings for running text only; set model.tied=false")
    if form.tied and form.embedding != form.units:
        raise ValueError(
            f"has embeddings of size {form.embedding} and {form.units} units, which must be equal for model.tied=true"
        )


def _width(shape: Sequence[int], form: RecurrentShape) -> int:
    """Return how many numbers the first layer reads at each step."""
    if form.symbols:
        return form.embedding
    return shape[1] if len(shape) == SERIES else shape[0] * shape[2]


def _places(name: str, depth: int, kind: str) -> dict[str, Site]:
    """Return the sites inside one layer and direction."""
    sites = {
        f"{name}.weight_hh": Site(RECURRENT, depth, role="recurrent"),
        f"{name}.state": Site(STATES, depth, role="recurrent"),
    }
    inside = {"candidate": CANDIDATES, "cell": MEMORY_CELLS}
    return sites | {f"{name}.{part}": Site(inside[part], depth) for part in KINDS[kind].masks if part in inside}


def _parameters(name: str, width: int, form: RecurrentShape, below: str) -> dict[str, Parameter]:
    """Return the parameters of one layer and direction that reads ``width`` numbers at the site ``below``."""
    rows = KINDS[form.kind].count * form.units
    shapes = [(rows, width), (rows, form.units), (rows,), (rows,)]
    parameters = {}
    for part, size in zip(PARTS, shapes, strict=True):
        incoming = (1,) if len(size) == 2 else ()
        parameters[f"{name}.{part}"] = Parameter(size, form.units, incoming, below if part == "weight_ih" else "")
    return parameters


def _masks(inner: dict[str, Tensor | None], carries_previous: bool) -> CellMasks | None:
    """Return the masks [M, B, (G,) T, H] of a layer in the form that the cells take; None if there are none."""
    if all(mask is None for mask in inner.values()):
        return None
    mask_by_name = {}
    for part, mask in inner.items():
        if mask is not None:
            turned = mask.transpose(1, 2) if mask.dim() == 4 else mask.permute(0, 3, 2, 1, 4)
            mask_by_name[f"keep_{part}" if carries_previous else part] = turned
    return CellMasks(**mask_by_name)


def _turned(h: Tensor, x: Tensor, reads: bool) -> Tensor:
    """Reverse the steps of h [M, B, ..., T, D]; in texts x [M, B, T] only the tokens; padding stays in position."""
    if not reads:
        return h.flip(-2)
    steps = torch.arange(x.shape[2], device=x.device)
    there = embedding.token_mask(x)
    first = torch.where(there, steps, x.shape[2]).amin(2, keepdim=True)
    last = (there * steps).amax(2, keepdim=True)
    at = torch.where((steps >= first) & (steps <= last), first + last - steps, steps)
    lead = at.view(*at.shape[:2], *[1] * (h.dim() - 4), at.shape[2], 1)
    return h.gather(-2, lead.expand_as(h))


def _both(ways: Sequence[Tensor], x: Tensor, reads: bool) -> Tensor:
    """Concatenate the states of both directions to [M, B, T, D]."""
    if len(ways) == 1:
        return ways[0]
    return torch.cat([ways[0], _turned(ways[1], x, reads)], 3)
