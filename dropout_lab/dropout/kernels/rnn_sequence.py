"""Recurrent layer over a whole sequence for M models, with drop masks inside, which fused layers do not support.

It is one autograd function. One product computes all input projections before the first step, and one product per
weight computes its gradient after the last step.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from dropout_lab.dropout.kernels.recurrent_matmul import make_matmul
from dropout_lab.dropout.kernels.rnn_cells import RNN_CELLS, CellMasks, CellTrace, RNNCell


class _Sequence(Function):
    """Autograd function of a sequence; it overwrites the input projections [M, T * B, G * H] with the gates."""

    @staticmethod
    def forward(
        ctx: Any,
        cell: RNNCell,
        inputs: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        h: Tensor,
        c: Tensor | None,
        *masks: Tensor | None,
    ) -> tuple[Tensor, ...]:
        models, batch, width = h.shape
        gates = inputs.view(models, -1, batch, inputs.shape[-1])
        count = gates.shape[1]

        def states(first: Tensor) -> Tensor:
            whole = gates.new_empty(models, count + 1, batch, width)
            whole[:, 0] = first
            return whole

        trace = CellTrace(gates, states(h))
        if c is not None:
            trace.cells, trace.inner = states(c), gates.new_empty(models, count, batch, width)
        elif cell.own_bias:
            trace.inner = torch.empty_like(gates)
        cell_masks = CellMasks(*masks)
        cell.forward(make_matmul(weight, cell_masks.state, count), trace, bias, cell_masks)
        ctx.mark_dirty(inputs)
        ctx.set_materialize_grads(False)
        ctx.cell, ctx.biased = cell, bias is not None
        ctx.save_for_backward(weight, inputs, trace.hidden, trace.cells, trace.inner, *masks)
        ends = () if trace.cells is None else (trace.cells[:, -1],)
        return inputs, trace.hidden[:, 1:], *ends

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _: None, out: Tensor | None, last: Tensor | None = None) -> tuple[Tensor | None, ...]:
        weight, inputs, hidden, cells, inner, *masks = ctx.saved_tensors
        gates = inputs.view(*hidden[:, 1:].shape[:3], -1)
        trace, cell_masks = CellTrace(gates, hidden, cells, inner), CellMasks(*masks)
        products = make_matmul(weight, cell_masks.state, gates.shape[1])
        out_gradient = torch.zeros_like(hidden[:, 1:]) if out is None else out
        gradients = ctx.cell.backward(products, trace, cell_masks, out_gradient, last)
        to_weight = products.gradient(gradients.products, hidden[:, :-1])
        to_bias = gradients.products.sum((1, 2)) if ctx.biased else None
        return None, gradients.gates.view_as(inputs), to_weight, to_bias, gradients.h, gradients.c, *[None] * len(masks)


def run_sequence(
    kind: str,
    x: Tensor,
    weights: Sequence[Tensor],
    start: Sequence[Tensor],
    masks: CellMasks,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run one layer of M recurrent networks over T steps.

    Args:
        kind: ``lstm``, ``gru`` or ``rnn`` (with tanh).
        x: inputs [M, T, B, D]; [M, T, G, B, D] for separate inputs per gate.
        weights: input-to-hidden [M, G * H, D], hidden-to-hidden [M, G * H, H] and their biases [M, G * H], with the
            gates in the order of ``torch.nn``.
        start: initial hidden state [M, B, H], and for an LSTM the initial memory cell [M, B, H].
        masks: masks inside the cell.

    Returns:
        hidden states [M, T, B, H], and the final state in the form of ``start``.

    Raises:
        ValueError: if the kind of cell does not support one of the masks.
    """
    cell = RNN_CELLS[kind]
    mask_by_name = masks.each()
    misplaced = [name for name, mask in mask_by_name.items() if mask is not None and name not in cell.masks]
    if misplaced:
        raise ValueError(f"a {kind} has no site for a mask of its {misplaced[0]}")
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    bias = bias_ih if cell.own_bias else bias_ih + bias_hh
    h, c = start[0], start[1] if cell.has_cell else None
    parts = (_projected(x, weight_ih, bias, cell.count), weight_hh, bias_hh if cell.own_bias else None, h, c)
    exact = [part if part is None else part.to(weight_hh.dtype) for part in (*parts, *mask_by_name.values())]
    # Under bf16 only the input projections are rounded; rounding errors of the state would add up over the steps.
    with torch.autocast(x.device.type, enabled=False):
        outputs = _Sequence.apply(cell, *exact)
    hidden = outputs[1]
    return hidden, (hidden[:, -1], *outputs[2:])


def _projected(x: Tensor, weight: Tensor, bias: Tensor, gates: int) -> Tensor:
    """Return the input projections of all steps, [M, T * B, G * H], in newly allocated memory."""
    if x.dim() == 4:
        return torch.baddbmm(bias.unsqueeze(1), x.flatten(1, 2), weight.transpose(1, 2))
    by_gate = weight.unflatten(1, (gates, -1)).transpose(2, 3)  # [M, G, D, H]
    out = torch.matmul(x.transpose(1, 2).flatten(2, 3), by_gate) + bias.unflatten(1, (gates, 1, -1))  # [M, G, T * B, H]
    return out.transpose(1, 2).flatten(2).clone()
