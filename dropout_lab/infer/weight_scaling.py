"""The deterministic test-time network: every variant in its expected form, one pass."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from dropout_lab.models import Hook, Model, Params, State


def outputs(
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
        hook: the variants' test-time form, :meth:`Noise.testing`.

    Yields:
        float32 outputs [M, B, (T,) K] and targets [M, B(, T)].
    """
    state: State = None
    with torch.inference_mode():
        for rows in looks:
            x, y = fetch(rows)
            out, state = model.advance(params, x, hook, state)
            yield out.float(), y
