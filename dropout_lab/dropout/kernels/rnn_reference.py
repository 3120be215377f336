"""Reference implementation of the recurrent layer: one model, one step and one gate at a time, by autograd."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from dropout_lab.dropout.kernels.rnn_cells import RNN_CELLS, CellMasks

State = tuple[Tensor, ...]


def recurrent_product_reference(h: Tensor, weight: Tensor, mask: Tensor | None) -> Tensor:
    """Return the recurrent product [B, G * H] of one step of one model.

    Args:
        h: hidden state [B, H].
        weight: hidden-to-hidden weights [G * H, H].
        mask: factor on the hidden state, [B, H], or [G, B, H] for a mask per gate.
    """
    if mask is None or mask.dim() == 2:
        return (h if mask is None else h * mask) @ weight.T
    return torch.cat([(h * gate) @ part.T for gate, part in zip(mask, weight.chunk(len(mask)), strict=True)], -1)


def step_reference(kind: str, a: Tensor, u: Tensor, state: State, mask: Mapping[str, Tensor]) -> State:
    """Return the next state of a cell.

    Args:
        kind: ``lstm``, ``gru`` or ``rnn``.
        a: input projections [B, G * H].
        u: recurrent products [B, G * H].
        state: hidden state, and the memory cell of an LSTM, [B, H] each.
        mask: the masks of :class:`CellMasks` by name, [B, H] each.
    """
    h, *c = state
    a, u = (x.unflatten(-1, (-1, h.shape[-1])).unbind(-2) for x in (a, u))
    if kind == "lstm":
        i, f, o = (torch.sigmoid(a[k] + u[k]) for k in (0, 1, 3))
        cell = f * c[0] + i * torch.tanh(a[2] + u[2]) * mask["candidate"]
        cell = torch.where(mask["cell"] > 0, cell, 0)
        out = o * torch.tanh(cell) * mask["cell"]
        c = [mask["keep_cell"] * cell + (1 - mask["keep_cell"]) * c[0]]
    elif kind == "gru":
        r, z = (torch.sigmoid(a[k] + u[k]) for k in (0, 1))
        out = z * h + (1 - z) * torch.tanh(a[2] + r * u[2]) * mask["candidate"]
    else:
        out = torch.tanh(a[0] + u[0])
    return mask["keep_state"] * out + (1 - mask["keep_state"]) * h, *c


def run_sequence_reference(
    kind: str, x: Tensor, weights: Sequence[Tensor], start: State, masks: CellMasks
) -> tuple[Tensor, State]:
    """Run one layer of M recurrent networks over T steps; arguments and results are those of ``run_sequence``."""
    hidden, ends = [], []
    for m in range(len(x)):
        w_ih, w_hh, b_ih, b_hh = (weight[m] for weight in weights)
        state, steps = tuple(part[m] for part in start), []
        for t in range(x.shape[1]):
            mask = {n: f[m, t if f.shape[1] > 1 else 0] for n, f in masks.each().items() if f is not None}
            seen = x[m, t] if x.dim() == 5 else x[m, t].expand(RNN_CELLS[kind].count, *x.shape[2:])  # [G, B, D]
            a = torch.cat([gate @ part.T for gate, part in zip(seen, w_ih.chunk(len(seen)), strict=True)], -1) + b_ih
            u = recurrent_product_reference(state[0], w_hh, mask.pop("state", None)) + b_hh
            ones = dict.fromkeys(("candidate", "cell", "keep_state", "keep_cell"), torch.ones_like(state[0]))
            state = step_reference(kind, a, u, state, ones | mask)
            steps.append(state[0])
        hidden.append(torch.stack(steps))
        ends.append(state)
    return torch.stack(hidden), tuple(torch.stack(part) for part in zip(*ends, strict=True))
