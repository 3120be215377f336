"""Forward and backward passes of recurrent cells over a whole sequence, with drop masks inside the cell.

Gates are in the order of ``torch.nn``: input, forget, candidate, output of an LSTM; reset, update, candidate of a GRU.
The derivatives of the gates are computed for all steps at once.
"""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import torch
from torch import Tensor

from dropout_lab.dropout.kernels.recurrent_matmul import RecurrentMatmul, unbind_steps
from dropout_lab.dropout.kernels.torch_private import sigmoid_backward, tanh_backward


@dataclass(frozen=True)
class CellMasks:
    """Masks of a cell, as factors of shape [M, T or 1, B, H]; None for no mask.

    Args:
        state: factor on the hidden state before the recurrent product; [M, T or 1, G, B, H] for a mask per gate.
        candidate: factor on the candidate before it is added to the memory.
        cell: mask of the memory cell. The cell is zeroed where it is 0 and kept unscaled elsewhere; the factor itself
            scales the output of the cell, because a factor inside the memory would act again in every step.
        keep_state, keep_cell: fraction of the update that the hidden state, or the memory cell, takes (zoneout).
    """

    state: Tensor | None = None
    candidate: Tensor | None = None
    cell: Tensor | None = None
    keep_state: Tensor | None = None
    keep_cell: Tensor | None = None

    def each(self) -> dict[str, Tensor | None]:
        """Return the masks by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass
class CellTrace:
    """Tensors that the forward pass saves for the backward pass.

    Args:
        gates: activations of the gates, [M, T, B, G * H].
        hidden: hidden states, starting with the initial one, [M, T + 1, B, H].
        cells: memory cells of an LSTM, of the same shape.
        inner: tanh of the memory cells of an LSTM, [M, T, B, H]; recurrent products of a GRU, [M, T, B, G * H].
    """

    gates: Tensor
    hidden: Tensor
    cells: Tensor | None = None
    inner: Tensor | None = None


@dataclass
class CellGradients:
    """Gradients of the inputs of a sequence.

    Args:
        gates: gradient of the input projections, [M, T, B, G * H].
        products: gradient of the recurrent products, of the same shape; differs from ``gates`` in a GRU.
        h, c: gradients of the initial hidden state and memory cell, [M, B, H].
    """

    gates: Tensor
    products: Tensor
    h: Tensor
    c: Tensor | None = None


class RNNCell:
    """Base class of the recurrent cells.

    Attributes:
        count: number of gates G.
        masks: names of the fields of :class:`CellMasks` that the cell supports.
        has_cell: whether the cell has a memory cell in addition to the hidden state.
        own_bias: whether the bias of the recurrent product cannot be merged into that of the input projection.
    """

    count: ClassVar[int]
    masks: ClassVar[tuple[str, ...]]
    has_cell: ClassVar[bool] = False
    own_bias: ClassVar[bool] = False

    def forward(self, products: RecurrentMatmul, trace: CellTrace, bias: Tensor | None, masks: CellMasks) -> None:
        """Fill the trace, which holds the input projections in ``gates`` and the initial states."""
        raise NotImplementedError

    def backward(
        self, products: RecurrentMatmul, trace: CellTrace, masks: CellMasks, out: Tensor, last: Tensor | None
    ) -> CellGradients:
        """Backpropagate gradients ``out`` [M, T, B, H] of the states and ``last`` [M, B, H] of the last memory cell."""
        raise NotImplementedError


def _over(mask: Tensor | None, count: int) -> Any:
    return [None] * count if mask is None else unbind_steps(mask, count)


def _single(x: Tensor) -> Tensor:
    return x[0] if len(x) == 1 else x


class LSTMCell(RNNCell):
    """LSTM of Hochreiter and Schmidhuber 1997 with forget gates (Gers et al. 2000)."""

    count = 4
    masks = ("state", "candidate", "cell", "keep_state", "keep_cell")
    has_cell = True

    def forward(self, products: RecurrentMatmul, trace: CellTrace, bias: Tensor | None, masks: CellMasks) -> None:
        assert trace.cells is not None
        assert trace.inner is not None
        gates, h, c, tanh = (unbind_steps(x) for x in (trace.gates, trace.hidden, trace.cells, trace.inner))
        count, width = len(gates), trace.hidden.shape[-1]
        i, f, g, o = (unbind_steps(part) for part in trace.gates.unflatten(-1, (4, width)).unbind(-2))
        both = unbind_steps(trace.gates[..., : 2 * width])
        candidate, factor = _over(masks.candidate, count), _over(masks.cell, count)
        stays = _over(None if masks.cell is None else (masks.cell > 0).to(trace.gates.dtype), count)
        keep_h, keep_c = _over(masks.keep_state, count), _over(masks.keep_cell, count)
        for t in range(count):
            products.forward(t, h[t], gates[t], gates[t])
            both[t].sigmoid_()
            g[t].tanh_()
            o[t].sigmoid_()
            new = c[t + 1]
            torch.mul(f[t], c[t], out=new)
            new.addcmul_(i[t], g[t] if candidate[t] is None else g[t] * candidate[t])
            if factor[t] is not None:
                new.mul_(stays[t])
            torch.tanh(new, out=tanh[t])
            torch.mul(o[t], tanh[t], out=h[t + 1])
            if factor[t] is not None:
                h[t + 1].mul_(factor[t])
            if keep_c[t] is not None:
                torch.lerp(c[t], new, keep_c[t], out=new)
            if keep_h[t] is not None:
                torch.lerp(h[t], h[t + 1], keep_h[t], out=h[t + 1])

    def _slopes(self, trace: CellTrace, masks: CellMasks) -> tuple[Tensor, Tensor, Tensor]:
        """Return the derivatives of the gates [M, T, B, 4, H], by which the gradient of the cell (output gate: of the
        state) is multiplied, and those [M, T, B, H] from state to cell and from cell to previous cell."""
        assert trace.cells is not None
        assert trace.inner is not None
        i, f, g, o = trace.gates.unflatten(-1, (4, -1)).unbind(-2)
        slopes = torch.empty_like(trace.gates).unflatten(-1, (4, -1))
        to_i, to_f, to_g, to_o = slopes.unbind(-2)
        masked, share = (g, i) if masks.candidate is None else (g * masks.candidate, i * masks.candidate)
        sigmoid_backward(masked, i, out=to_i)
        sigmoid_backward(trace.cells[:, :-1], f, out=to_f)
        tanh_backward(share, g, out=to_g)
        sigmoid_backward(trace.inner, o, out=to_o)
        cell, before = tanh_backward(o, trace.inner), f
        if masks.cell is not None:
            stays = masks.cell > 0
            slopes[..., :3, :].mul_(stays.unsqueeze(-2))
            before = f * stays
        for factor in (masks.cell, masks.keep_state):
            if factor is not None:
                to_o.mul_(factor)
                cell.mul_(factor)
        return slopes, cell, before

    def backward(
        self, products: RecurrentMatmul, trace: CellTrace, masks: CellMasks, out: Tensor, last: Tensor | None
    ) -> CellGradients:
        slopes, *others = self._slopes(trace, masks)
        gates = slopes.flatten(-2)
        to_all, to_three, to_o = unbind_steps(gates), unbind_steps(slopes[..., :3, :]), unbind_steps(slopes[..., 3, :])
        through, before, outs = (unbind_steps(x) for x in (*others, out))
        count = len(outs)
        keep_h, keep_c = _over(masks.keep_state, count), _over(masks.keep_cell, count)
        dh = outs[-1].clone(memory_format=torch.contiguous_format)
        dc = torch.zeros_like(dh) if last is None else _single(last).clone(memory_format=torch.contiguous_format)
        spare, none = torch.empty_like(dh), torch.zeros_like(dh)
        for t in reversed(range(count)):
            held = None
            if keep_c[t] is not None:
                held = dc - dc * keep_c[t]
                dc.mul_(keep_c[t])
            to_o[t].mul_(dh)
            dc.addcmul_(dh, through[t])
            to_three[t].mul_(dc.unsqueeze(-2))
            dc.mul_(before[t])
            if held is not None:
                dc.add_(held)
            products.backward(t, to_all[t], outs[t - 1] if t else none, spare)
            if keep_h[t] is not None:
                spare.add_(dh - dh * keep_h[t])
            dh, spare = spare, dh
        return CellGradients(gates, gates, dh.view_as(trace.hidden[:, 0]), dc.view_as(trace.hidden[:, 0]))


class GRUCell(RNNCell):
    """GRU of Cho et al. 2014 in the form of cuDNN and torch, with the reset gate after the recurrent product."""

    count = 3
    masks = ("state", "candidate", "keep_state")
    own_bias = True

    def forward(self, products: RecurrentMatmul, trace: CellTrace, bias: Tensor | None, masks: CellMasks) -> None:
        assert bias is not None
        assert trace.inner is not None
        gates, h, inner = unbind_steps(trace.gates), unbind_steps(trace.hidden), unbind_steps(trace.inner)
        count, width = len(gates), trace.hidden.shape[-1]
        r, z, n = (unbind_steps(part) for part in trace.gates.unflatten(-1, (3, width)).unbind(-2))
        both, add = unbind_steps(trace.gates[..., : 2 * width]), unbind_steps(trace.inner[..., : 2 * width])
        reset = unbind_steps(trace.inner[..., 2 * width :])
        candidate, keep = _over(masks.candidate, count), _over(masks.keep_state, count)
        start = _single(bias.unsqueeze(1))
        for t in range(count):
            products.forward(t, h[t], start, inner[t])
            both[t].add_(add[t]).sigmoid_()
            n[t].addcmul_(r[t], reset[t]).tanh_()
            torch.lerp(n[t] if candidate[t] is None else n[t] * candidate[t], h[t], z[t], out=h[t + 1])
            if keep[t] is not None:
                torch.lerp(h[t], h[t + 1], keep[t], out=h[t + 1])

    def _slopes(self, trace: CellTrace, masks: CellMasks) -> tuple[Tensor, Tensor, Tensor]:
        """Return the derivatives of the recurrent products [M, T, B, 3, H], of the candidate before its tanh and of the
        previous state, [M, T, B, H]; the gradient of the state is multiplied by each of them."""
        assert trace.inner is not None
        r, z, n = trace.gates.unflatten(-1, (3, -1)).unbind(-2)
        reset = trace.inner.unflatten(-1, (3, -1))[..., 2, :]
        slopes = torch.empty_like(trace.gates).unflatten(-1, (3, -1))
        to_r, to_z, to_q = slopes.unbind(-2)
        masked, share = (n, 1 - z) if masks.candidate is None else (n * masks.candidate, (1 - z) * masks.candidate)
        change = trace.hidden[:, :-1] - masked
        if masks.keep_state is not None:
            change.mul_(masks.keep_state)
            share.mul_(masks.keep_state)
        candidate = tanh_backward(share, n)
        sigmoid_backward(change, z, out=to_z)
        torch.mul(candidate, r, out=to_q)
        sigmoid_backward(candidate * reset, r, out=to_r)
        before = z if masks.keep_state is None else torch.lerp(torch.ones_like(z), z, masks.keep_state.expand_as(z))
        return slopes, candidate, before

    def backward(
        self, products: RecurrentMatmul, trace: CellTrace, masks: CellMasks, out: Tensor, last: Tensor | None
    ) -> CellGradients:
        slopes, candidate, before = self._slopes(trace, masks)
        flat = slopes.flatten(-2)
        to_all, to_each, stays, outs = (unbind_steps(x) for x in (flat, slopes, before, out))
        total = torch.empty(trace.hidden[:, 1:].shape, dtype=out.dtype, device=out.device)
        dhs = unbind_steps(total)
        dhs[-1].copy_(outs[-1])
        start = torch.zeros_like(dhs[0], memory_format=torch.contiguous_format)
        for t in reversed(range(len(outs))):
            to_each[t].mul_(dhs[t].unsqueeze(-2))
            earlier = dhs[t - 1] if t else start
            torch.addcmul(outs[t - 1] if t else start, dhs[t], stays[t], out=earlier)
            products.backward(t, to_all[t], earlier, earlier)
        gates = slopes.clone()
        torch.mul(total, candidate, out=gates[..., 2, :])
        return CellGradients(gates.flatten(-2), flat, start.view_as(trace.hidden[:, 0]))


class ElmanCell(RNNCell):
    """Recurrent cell of Elman 1990, with tanh."""

    count = 1
    masks = ("state", "keep_state")

    def forward(self, products: RecurrentMatmul, trace: CellTrace, bias: Tensor | None, masks: CellMasks) -> None:
        gates, h = unbind_steps(trace.gates), unbind_steps(trace.hidden)
        keep = _over(masks.keep_state, len(gates))
        for t in range(len(gates)):
            products.forward(t, h[t], gates[t], gates[t])
            gates[t].tanh_()
            if keep[t] is None:
                h[t + 1].copy_(gates[t])
            else:
                torch.lerp(h[t], gates[t], keep[t], out=h[t + 1])

    def backward(
        self, products: RecurrentMatmul, trace: CellTrace, masks: CellMasks, out: Tensor, last: Tensor | None
    ) -> CellGradients:
        slope = tanh_backward(torch.ones_like(trace.gates), trace.gates)
        if masks.keep_state is not None:
            slope.mul_(masks.keep_state)
        to_all, outs = unbind_steps(slope), unbind_steps(out)
        keep = _over(masks.keep_state, len(outs))
        dh = outs[-1].clone(memory_format=torch.contiguous_format)
        spare, none = torch.empty_like(dh), torch.zeros_like(dh)
        for t in reversed(range(len(outs))):
            to_all[t].mul_(dh)
            products.backward(t, to_all[t], outs[t - 1] if t else none, spare)
            if keep[t] is not None:
                spare.add_(dh - dh * keep[t])
            dh, spare = spare, dh
        return CellGradients(slope, slope, dh.view_as(trace.hidden[:, 0]))


RNN_CELLS: dict[str, RNNCell] = {"lstm": LSTMCell(), "gru": GRUCell(), "rnn": ElmanCell()}
