"""Weight scaling: one deterministic forward pass in which every variant has its test-time form."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from dropout_lab.models import Hook, Model, Params, State


class WeightScaling:
    """One deterministic test-time pass, with the interface of :class:`MonteCarlo`.

    Args:
        model: the network.
        params: its parameters, [1, ...] each.
        hook: the test-time form of the variant.

    Attributes:
        block: number of examples per forward pass.
    """

    block = 2048

    def __init__(self, model: Model, params: Params, hook: Hook):
        self._model, self._params, self._hook = model, params, hook

    def run(self, x: Tensor, see: Callable[[Tensor], object]) -> None:
        """Call ``see`` with the float32 outputs [1, B, K] for a block of examples x [1, B, ...]."""
        with torch.inference_mode():
            see(self._model.forward(self._params, x, self._hook).float())


def predict_outputs(
    model: Model,
    params: Params,
    batches: Iterable[Tensor],
    fetch: Callable[[Tensor], tuple[Tensor, Tensor]],
    hook: Hook,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Iterate over model outputs for many examples, in large batches.

    Args:
        model: the stacked model.
        params: its parameters, [M, ...] each.
        batches: iterable of row batches of the dataset, [M, B] or windows [M, B, T].
        fetch: function that returns (x, y) for rows.
        hook: the test-time form of variants and regularizers, :meth:`Pack.testing`.

    Yields:
        float32 outputs [M, B, (T,) K] and targets [M, B(, T)].
    """
    state: State = None
    with torch.inference_mode():
        for rows in batches:
            x, y = fetch(rows)
            out, state = model.advance(params, x, hook, state)
            yield out.float(), y
