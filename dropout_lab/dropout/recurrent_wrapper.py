"""Base class of the variants that wrap a recurrent layer of torch."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from dropout_lab.dropout.base import CANDIDATES, MEMORY_CELLS, STATES, STEPS, Dropout
from dropout_lab.dropout.kernels.rnn_cells import RNN_CELLS as KINDS
from dropout_lab.dropout.kernels.rnn_cells import CellMasks
from dropout_lab.dropout.kernels.rnn_sequence import run_sequence
from dropout_lab.rng import Randomness

KIND = {nn.LSTM: "lstm", nn.GRU: "gru", nn.RNN: "rnn"}
PARTS = {"state": STATES, "candidate": CANDIDATES, "cell": MEMORY_CELLS}


class RecurrentWrapper(Dropout):
    """Variant around an ``nn.LSTM``, ``nn.GRU`` or ``nn.RNN``.

    The variant determines which masks are applied to the input of each layer and inside each layer. The output of the
    last layer is not dropped; use a separate module for it.

    Args:
        rate: drop probability in [0, 1].
        layer: the recurrent module, without dropout and projections; None if only the functions are used.
        generator: as for every variant.

    Raises:
        ValueError: if the rate is outside [0, 1].
        TypeError: if the layer is not supported.
    """

    def __init__(
        self, rate: Tensor | float = 0.5, layer: nn.RNNBase | None = None, generator: torch.Generator | None = None
    ):
        super().__init__(rate, generator)
        own = layer is None or (type(layer) in KIND and not layer.dropout and not layer.proj_size)
        if not own or getattr(layer, "nonlinearity", "tanh") != "tanh":
            raise TypeError(f"{self.kind} wraps an nn.LSTM, nn.GRU or nn.RNN with tanh and no dropout, not {layer}")
        self.layer = layer
        cell = None if layer is None else KINDS[KIND[type(layer)]]
        places = () if cell is None else cell.masks
        if cell is not None and not any(PARTS.get(part) in self.layouts for part in places):
            raise TypeError(f"{self.kind} has no site in {layer}")

    def forward(self, x: Tensor, state: Tensor | tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, object]:  # type: ignore[override]
        """Run the layer with dropout; same arguments and outputs as the layer.

        Args:
            x: batch [B, T, D] if the layer has ``batch_first``, else [T, B, D].
            state: initial state; zeros if None.
        """
        layer = self.layer
        if layer is None:
            raise RuntimeError(f"{type(self).__name__} was created without a layer")
        if x.dim() != 3:
            raise ValueError(f"{self.kind} requires a batch of sequences with three axes, not {tuple(x.shape)}")
        h, random, ends = x.transpose(0, 1) if layer.batch_first else x, self.random(x), []
        ways = 2 if layer.bidirectional else 1
        given = None if state is None else ((state,) if isinstance(state, Tensor) else state)
        for i in range(layer.num_layers):
            if self.training and STEPS in self.layouts:
                h = self._read(h, random)
            outs = []
            for way in range(ways):
                place = ways * i + way
                start = None if given is None else [part[place] for part in given]
                out, end = self._run(i, way, h, start, random)
                outs.append(out)
                ends.append(end)
            h = torch.cat(outs, 2)
        after = tuple(torch.cat(part) for part in zip(*ends, strict=True))
        return h.transpose(0, 1) if layer.batch_first else h, after if len(after) > 1 else after[0]

    def _read(self, h: Tensor, random: Randomness) -> Tensor:
        """Apply dropout to the input h [T, B, D] of the next layer; the result is [T, G, B, D] with a mask per gate."""
        steps = h.transpose(0, 1)
        if not self.per_gate:
            return self.sample(steps, self.rate, random, STEPS).transpose(0, 1)
        gates = KINDS[KIND[type(self.layer)]].count
        own = self.sample(steps.unsqueeze(1).expand(-1, gates, -1, -1), self.rate, random, STEPS)
        return own.permute(2, 1, 0, 3)

    def _run(
        self, i: int, way: int, x: Tensor, start: list[Tensor] | None, random: Randomness
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run one layer in one direction over x [T, (G,) B, D]; return states [T, B, H] and final states [1, B, H]."""
        layer = self.layer
        assert layer is not None
        kind = KIND[type(layer)]
        weights = [part.unsqueeze(0) for part in self._weights(i, way)]
        batch, units = x.shape[-2], layer.hidden_size
        if start is None:
            start = [x.new_zeros(batch, units)] * (2 if KINDS[kind].has_cell else 1)
        masks = self._masks(kind, (batch, x.shape[0], units), x, random)
        read = x.flip(0) if way else x
        out, ends = run_sequence(kind, read.unsqueeze(0), weights, tuple(part.unsqueeze(0) for part in start), masks)
        return (out[0].flip(0) if way else out[0]), ends

    def _weights(self, i: int, way: int) -> Iterator[Tensor]:
        layer = self.layer
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            name = f"{part}_l{i}{'_reverse' if way else ''}"
            weight = getattr(layer, name, None)
            yield getattr(layer, f"weight_hh_l{i}")[:, 0] * 0 if weight is None else weight

    def _masks(self, kind: str, shape: tuple[int, int, int], like: Tensor, random: Randomness) -> CellMasks:
        """Draw the masks of one layer.

        Args:
            kind: kind of cell.
            shape: (B, T, H).
            like: tensor with the dtype and device of the masks.
            random: source of the masks' bits.
        """
        masks = {}
        for part, layout in PARTS.items():
            if layout not in self.layouts or part not in KINDS[kind].masks:
                continue
            gates = (KINDS[kind].count,) if self.per_gate and part == "state" else ()
            sizes = (shape[0], *gates, *shape[1:])
            shared = self.shared.get(layout, ())
            ones = like.new_ones([1 if axis - len(sizes) in shared else size for axis, size in enumerate(sizes)])
            mask = self.sample(ones, self.rate, random, layout) if self.training else self.expected(ones, self.rate)
            if mask is not ones:
                turned = mask.transpose(0, 1) if mask.dim() == 3 else mask.permute(2, 1, 0, 3)
                masks[f"keep_{part}" if self.carries_previous else part] = turned.unsqueeze(0)
        return CellMasks(**masks)
