"""Optimizers over stacked parameters, with a learning rate for each model.

Written out because torch's take one learning rate for a whole tensor. Each follows the update of its namesake in
``torch.optim``, and the tests hold it to that, weights and state.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from dropout_lab.config import TrainConf


class Optimizer:
    """Updates parameters [M, ...] in place.

    Args:
        params: the stacked parameters.
        lr: learning rate of each model, [M].
        conf: the optimizer's constants.
        speeds: of each parameter, by which its learning rate is multiplied; 1 for all if not given.
    """

    def __init__(self, params: Sequence[Tensor], lr: Tensor, conf: TrainConf, speeds: Sequence[float] | None = None):
        self.lr, self.conf = lr, conf
        self._speeds = list(speeds) if speeds else [1.0] * len(params)
        self.state: dict[str, list[Tensor]] = {name: [torch.zeros_like(p) for p in params] for name in self.slots}
        self._shape_rates(params)
        self.steps = 0

    slots: tuple[str, ...] = ()

    def _shape_rates(self, params: Sequence[Tensor]) -> None:
        each = zip(params, self._speeds, strict=True)
        self._lrs = [(self.lr * speed).view(-1, *[1] * (p.dim() - 1)) for p, speed in each]

    def rate(self, lr: Tensor) -> None:
        """Go on with this learning rate of each model, [M]."""
        self.lr = lr
        self._lrs = [(lr * speed).view_as(old) for old, speed in zip(self._lrs, self._speeds, strict=True)]

    def step(self, params: Sequence[Tensor], grads: Sequence[Tensor]) -> None:
        """One update; the gradients may be overwritten."""
        self.steps += 1
        with torch.no_grad():
            torch._foreach_sub_(list(params), self.update(list(grads)))

    def update(self, grads: list[Tensor]) -> list[Tensor]:
        """What is subtracted from the parameters."""
        raise NotImplementedError

    def select(self, models: Sequence[int], params: Sequence[Tensor]) -> None:
        """Keep these models of the pack, in this order; ``params`` are the parameters kept."""
        index = list(models)
        self.lr = self.lr[index]
        self.state = {name: [slot[index] for slot in slots] for name, slots in self.state.items()}
        self._shape_rates(params)


class SGD(Optimizer):
    """Stochastic gradient descent with classical momentum in torch's form: v = m v + g, w = w - lr v."""

    slots = ("velocity",)

    def update(self, grads: list[Tensor]) -> list[Tensor]:
        velocity = self.state["velocity"]
        torch._foreach_mul_(velocity, self.conf.momentum)
        torch._foreach_add_(velocity, grads)
        return list(torch._foreach_mul(velocity, self._lrs))


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1) with the usual constants."""

    slots = ("mean", "square")
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def update(self, grads: list[Tensor]) -> list[Tensor]:
        mean, square = self.state["mean"], self.state["square"]
        torch._foreach_lerp_(mean, grads, 1 - self.beta1)
        torch._foreach_mul_(square, self.beta2)
        torch._foreach_addcmul_(square, grads, grads, 1 - self.beta2)
        root = torch._foreach_sqrt(square)
        torch._foreach_div_(root, (1 - self.beta2**self.steps) ** 0.5)
        torch._foreach_add_(root, self.epsilon)
        change = torch._foreach_div(mean, root)
        torch._foreach_mul_(change, [lr / (1 - self.beta1**self.steps) for lr in self._lrs])
        return list(change)


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam}
