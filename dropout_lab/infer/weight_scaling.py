"""The deterministic test-time network: every variant in its expected form, one pass."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from dropout_lab.models import Hook, Model, Params

# Examples of all models together in one forward pass; large enough to hide overhead, small enough for any memory.
ROWS = 8192


def outputs(
    model: Model, params: Params, index: Tensor, fetch: Callable[[Tensor], tuple[Tensor, Tensor]], hook: Hook
) -> Iterator[tuple[Tensor, Tensor]]:
    """Model outputs over many examples, in large batches.

    Args:
        model: the stack's shape.
        params: each [M, ...].
        index: rows of the data set, [M, N].
        fetch: gives (x [M, B, ...], y [M, B]) for rows [M, B].
        hook: the variants' test-time form, :meth:`Noise.testing`.

    Yields:
        outputs [M, B, K] and targets [M, B].
    """
    with torch.inference_mode():
        for rows in index.split(max(1, ROWS // len(index)), dim=1):
            x, y = fetch(rows)
            yield model.forward(params, x, hook), y
