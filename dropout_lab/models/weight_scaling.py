"""The deterministic test-time network: every variant in its expected form, one pass."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from dropout_lab.models import Hook, Model, Params, State


class WeightScaling:
    """The one pass of a network in its test-time form, to be used as :class:`MonteCarlo` is.

    Args:
        model: the network's shape.
        params: its parameters, [1, ...] each.
        hook: the variant's test-time form.

    Attributes:
        block: how many examples to take at a time.
    """

    block = 2048

    def __init__(self, model: Model, params: Params, hook: Hook):
        self._model, self._params, self._hook = model, params, hook

    def run(self, x: Tensor, see: Callable[[Tensor], object]) -> None:
        """Show ``see`` the float32 outputs [1, B, K] for a block of examples x [1, B, ...]."""
        with torch.inference_mode():
            see(self._model.forward(self._params, x, self._hook).float())


def predict_outputs(
    model: Model,
    params: Params,
    looks: Iterable[Tensor],
    fetch: Callable[[Tensor], tuple[Tensor, Tensor]],
    hook: Hook,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Model outputs over many examples, in large batches.

    Args:
        model: the stack's shape.
        params: each [M, ...].
        looks: rows of the data set, [M, B] or windows [M, B, T], one after the other.
        fetch: gives (x, y) for rows.
        hook: the test-time form of variants and regularizers, :meth:`Pack.testing`.

    Yields:
        float32 outputs [M, B, (T,) K] and targets [M, B(, T)].
    """
    state: State = None
    with torch.inference_mode():
        for rows in looks:
            x, y = fetch(rows)
            out, state = model.advance(params, x, hook, state)
            yield out.float(), y
