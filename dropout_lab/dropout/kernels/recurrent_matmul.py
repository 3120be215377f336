"""Step-wise product of the hidden state with the recurrent weights: unmasked, with a mask, or with a mask per gate.

The tensors of a step are [B, ...] for one model and [M, B, ...] for several, because the product without the model axis
is faster.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def unbind_steps(x: Tensor, count: int | None = None) -> Sequence[Tensor]:
    """Split x [M, T, ...] into its T steps; a constant x [M, 1, ...] is repeated ``count`` times."""
    steps = x[0].unbind(0) if len(x) == 1 else x.unbind(1)
    return steps * count if count is not None and len(steps) == 1 else steps


class RecurrentMatmul:
    """Product of the hidden state with the recurrent weights, and its gradients.

    Args:
        weight: hidden-to-hidden weights of all gates, [M, G * H, H].
    """

    def __init__(self, weight: Tensor):
        self.weight = weight[0] if len(weight) == 1 else weight
        self.turned = self.weight.transpose(-1, -2)
        self._add = torch.addmm if len(weight) == 1 else torch.baddbmm

    def forward(self, t: int, h: Tensor, start: Tensor, out: Tensor) -> None:
        """Write start + h W^T of step t to ``out``; h is [(M,) B, H], start and out are [(M,) B, G * H]."""
        self._add(start, h, self.turned, out=out)

    def backward(self, t: int, d: Tensor, base: Tensor, out: Tensor) -> None:
        """Write the gradient base + d W of the state of step t to ``out``.

        Args:
            t: step.
            d: gradient of the gates, [(M,) B, G * H].
            base: gradient of the state from other paths, [(M,) B, H].
            out: [(M,) B, H].
        """
        self._add(base, d, self.weight, out=out)

    def gradient(self, d: Tensor, before: Tensor) -> Tensor:
        """Return the gradient [M, G * H, H] of the weights.

        Args:
            d: gradients of the gates, [M, T, B, G * H].
            before: states before each step, [M, T, B, H].
        """
        return torch.bmm(d.flatten(1, 2).transpose(1, 2), before.flatten(1, 2))


class MaskedMatmul(RecurrentMatmul):
    """Recurrent product of the masked hidden state.

    Args:
        weight: as in :class:`RecurrentMatmul`.
        mask: [M, T or 1, B, H].
        count: number of steps T.
    """

    def __init__(self, weight: Tensor, mask: Tensor, count: int):
        super().__init__(weight)
        self.mask, self._each = mask, unbind_steps(mask, count)
        self._masked = torch.empty_like(self._each[0])
        self._product = torch.mm if len(weight) == 1 else torch.bmm

    def forward(self, t: int, h: Tensor, start: Tensor, out: Tensor) -> None:
        torch.mul(h, self._each[t], out=self._masked)
        self._add(start, self._masked, self.turned, out=out)

    def backward(self, t: int, d: Tensor, base: Tensor, out: Tensor) -> None:
        self._product(d, self.weight, out=self._masked)
        torch.addcmul(base, self._masked, self._each[t], out=out)

    def gradient(self, d: Tensor, before: Tensor) -> Tensor:
        return super().gradient(d, before * self.mask)


class PerGateMatmul(RecurrentMatmul):
    """Recurrent product with a separate mask on the hidden state for each gate.

    Args:
        weight: as in :class:`RecurrentMatmul`.
        mask: [M, T or 1, G, B, H].
        count: number of steps T.
    """

    def __init__(self, weight: Tensor, mask: Tensor, count: int):
        super().__init__(weight)
        self.mask, self._each, self._gates = mask, unbind_steps(mask, count), mask.shape[2]
        self._own = self.weight.unflatten(-2, (self._gates, -1))  # [(M,) G, H, H]

    def forward(self, t: int, h: Tensor, start: Tensor, out: Tensor) -> None:
        product = torch.matmul(h.unsqueeze(-3) * self._each[t], self._own.transpose(-1, -2))
        torch.add(start, product.transpose(-3, -2).flatten(-2), out=out)

    def backward(self, t: int, d: Tensor, base: Tensor, out: Tensor) -> None:
        product = torch.matmul(d.unflatten(-1, (self._gates, -1)).transpose(-3, -2), self._own)
        torch.add(base, (product * self._each[t]).sum(-3), out=out)

    def gradient(self, d: Tensor, before: Tensor) -> Tensor:
        seen = (before.unsqueeze(2) * self.mask).transpose(1, 2).flatten(2, 3)  # [M, G, T * B, H]
        by_gate = d.unflatten(-1, (self._gates, -1)).permute(0, 3, 4, 1, 2).flatten(3)  # [M, G, H, T * B]
        return torch.matmul(by_gate, seen).flatten(1, 2)


def make_matmul(weight: Tensor, mask: Tensor | None, count: int) -> RecurrentMatmul:
    """Return the recurrent product of ``count`` steps for a mask [M, T or 1, (G,) B, H], or for no mask."""
    if mask is None:
        return RecurrentMatmul(weight)
    return MaskedMatmul(weight, mask, count) if mask.dim() == 4 else PerGateMatmul(weight, mask, count)
