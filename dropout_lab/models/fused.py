"""Torch's fused recurrent layers, applied to the models of a stack one after another."""

from collections.abc import Sequence

import torch
from torch import Tensor

from dropout_lab.dropout.kernels.linear_maps import split_models

ONE_WAY = {"gru": torch.gru, "rnn": torch.rnn_tanh}


def run_fused_layer(
    kind: str, x: Tensor, weights: Sequence[Tensor], start: Sequence[Tensor]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run one recurrent layer over all steps.

    Args:
        kind: ``lstm``, ``gru`` or ``rnn``.
        x: inputs [M, B, T, D].
        weights: input-to-hidden weights, hidden-to-hidden weights and their biases, [M, ...] each.
        start: the initial state, [M, B, H] each.

    Returns:
        The hidden states [M, B, T, H] and the final state.
    """
    outs: list[Tensor] = []
    ends: list[tuple[Tensor, ...]] = []
    for m, (read, *layer_weights) in enumerate(zip(split_models(x), *map(split_models, weights), strict=True)):
        states = [part[m : m + 1] for part in start]
        train = torch.is_grad_enabled()  # cuDNN must know whether a backward pass may follow
        if kind == "lstm":
            out, *end = torch.lstm(read, states, layer_weights, True, 1, 0.0, train, False, True)
        else:
            out, *end = ONE_WAY[kind](read, states[0], layer_weights, True, 1, 0.0, train, False, True)
        outs.append(out)
        ends.append(tuple(end))
    return _stacked(outs), tuple(torch.cat(part) if len(part) > 1 else part[0] for part in zip(*ends, strict=True))


def _stacked(outs: list[Tensor]) -> Tensor:
    return torch.stack(outs) if len(outs) > 1 else outs[0].unsqueeze(0)
