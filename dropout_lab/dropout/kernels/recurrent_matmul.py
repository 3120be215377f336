"""The product of the hidden state with the recurrent weights, step by step: plain, with a mask on the state, or with
one mask for each gate.

A step's tensors are [B, ...] for one model and [M, B, ...] for several, since a product without the model axis is the
faster one.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def unbind_steps(x: Tensor, count: int | None = None) -> Sequence[Tensor]:
    """x [M, T, ...] as its T steps; one that lasts, [M, 1, ...], ``count`` times."""
    each = x[0].unbind(0) if len(x) == 1 else x.unbind(1)
    return each * count if count is not None and len(each) == 1 else each


class RecurrentMatmul:
    """Products of the state with the weights, and back.

    Args:
        weight: hidden-to-hidden weights of all gates, [M, G * H, H].
    """

    def __init__(self, weight: Tensor):
        self.weight = weight[0] if len(weight) == 1 else weight
        self.turned = self.weight.transpose(-1, -2)
        self._add = torch.addmm if len(weight) == 1 else torch.baddbmm

    def forward(self, t: int, h: Tensor, start: Tensor, out: Tensor) -> None:
        """start + h W^T in step t; h is [(M,) B, H], start and out are [(M,) B, G * H]."""
        self._add(start, h, self.turned, out=out)

    def backward(self, t: int, d: Tensor, base: Tensor, out: Tensor) -> None:
        """base + d W in step t: what the gradient d of the gates means for the state; all as in :meth:`forward`."""
        self._add(base, d, self.weight, out=out)

    def gradient(self, d: Tensor, before: Tensor) -> Tensor:
        """Gradient [M, G * H, H] of the weights, for gradients d [M, T, B, G * H] of the gates and the states
        [M, T, B, H] before each step."""
        return torch.bmm(d.flatten(1, 2).transpose(1, 2), before.flatten(1, 2))


class MaskedMatmul(RecurrentMatmul):
    """The state is multiplied by a mask on its way to the gates.

    Args:
        weight: as above.
        mask: [M, T or 1, B, H].
        count: T.
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
    """Each gate sees the state through a mask of its own.

    Args:
        weight: as above.
        mask: [M, T or 1, G, B, H].
        count: T.
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
        own = d.unflatten(-1, (self._gates, -1)).permute(0, 3, 4, 1, 2).flatten(3)  # [M, G, H, T * B]
        return torch.matmul(own, seen).flatten(1, 2)


def make_matmul(weight: Tensor, mask: Tensor | None, count: int) -> RecurrentMatmul:
    """The products of T = ``count`` steps through a mask [M, T or 1, (G,) B, H]; None for no mask."""
    if mask is None:
        return RecurrentMatmul(weight)
    return MaskedMatmul(weight, mask, count) if mask.dim() == 4 else PerGateMatmul(weight, mask, count)
