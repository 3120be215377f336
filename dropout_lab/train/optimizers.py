"""Optimizers over stacked parameters, with a learning rate for each model.

The updates are torch's own, fused where it has fused kernels. Those take one learning rate a call, so what has the same
rate is updated together: in one call for the usual pack, whose trials differ in other things.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor
from torch.optim.adadelta import adadelta
from torch.optim.rmsprop import rmsprop

from dropout_lab.config import TrainConf


class Run:
    """What is updated at one learning rate: some of the parameters of some of the models.

    Each model's parameters are tensors of their own here. A fused kernel rounds the last few elements of a tensor
    differently, so a model gets the same bits alone and in a pack only if it ends where it would end alone.

    Args:
        rate: the learning rate.
        places: which parameters, and which model of each.
        params: all parameters, [M, ...] each.
        state: all of the optimizer's state, by slot, as the parameters.
        steps: updates so far.
    """

    def __init__(
        self,
        rate: float,
        places: Sequence[tuple[int, int]],
        params: Sequence[Tensor],
        state: Mapping[str, Sequence[Tensor]],
        steps: int,
    ):
        self.rate, self._places = rate, places
        # Cut once: the optimizer works in place, so these stay the parameters and their state.
        self.params = self.of([p.detach().unbind() for p in params])
        self.slots = {name: self.of([value.unbind() for value in values]) for name, values in state.items()}
        # One count for all, in the form that torch asks for.
        self.count = torch.tensor(float(steps), device=params[0].device)
        self.counts = [self.count] * len(places)

    def of(self, values: Sequence[Sequence[Tensor]]) -> list[Tensor]:
        """What belongs to these among tensors given by parameter and model."""
        return [values[i][m] for i, m in self._places]


class Optimizer:
    """Updates parameters [M, ...] in place, and their state.

    Args:
        params: the stacked parameters.
        lr: learning rate of each model, [M].
        conf: the optimizer's constants.
        speeds: of each parameter, by which its learning rate is multiplied, one number or [M]; 1 for all if not given.

    Attributes:
        power: the learning rate for k w is that for w times k to this power.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    power: ClassVar[int]

    def __init__(
        self, params: Sequence[Tensor], lr: Tensor, conf: TrainConf, speeds: Sequence[float | Tensor] | None = None
    ):
        assert all(p.is_contiguous() for p in params), "fused kernels go through memory as it lies"
        self.lr, self.conf, self.steps = lr, conf, 0
        self._speeds = list(speeds) if speeds else [1.0] * len(params)
        self.state = {name: [torch.zeros_like(p, requires_grad=False) for p in params] for name in self.slots}
        self._params = list(params)
        self._runs = list(self._cut())

    def rate(self, lr: Tensor) -> None:
        """Go on with this learning rate of each model, [M]."""
        self.lr = lr
        self._runs = list(self._cut())

    def step(self, grads: Sequence[Tensor]) -> None:
        """One update; the gradients, [M, ...] each, may be overwritten."""
        self.steps += 1
        # A fused kernel goes through memory as it lies, and the gradient of a filter may lie channels last.
        each = [grad.contiguous().unbind() for grad in grads]
        with torch.no_grad():
            for run in self._runs:
                self.update(run, run.of(each))

    def update(self, run: Run, grads: list[Tensor]) -> None:
        """Update a run; whether its count goes up by one before or in this is up to the kernel."""
        raise NotImplementedError

    def select(self, models: Sequence[int], params: Sequence[Tensor]) -> None:
        """Keep these models of the pack, in this order; ``params`` are the parameters kept."""
        index = list(models)
        self.lr = self.lr[index]
        self._speeds = [speed[index] if isinstance(speed, Tensor) else speed for speed in self._speeds]
        self.state = {name: [slot[index] for slot in slots] for name, slots in self.state.items()}
        self._params = list(params)
        self._runs = list(self._cut())

    def _cut(self) -> Iterator[Run]:
        found: dict[float, list[tuple[int, int]]] = {}
        for i, speed in enumerate(self._speeds):
            for m, rate in enumerate((self.lr * speed).tolist()):
                found.setdefault(rate, []).append((i, m))
        for rate, places in found.items():
            yield Run(rate, places, self._params, self.state, self.steps)


class SGD(Optimizer):
    """Stochastic gradient descent with classical momentum in torch's form: v = m v + g, w = w - lr v; with Nesterov's
    look ahead w = w - lr (g + m v) (Sutskever et al. 2013, ICML)."""

    slots = ("momentum_buffer",)
    power = 2

    def update(self, run: Run, grads: list[Tensor]) -> None:
        torch._fused_sgd_(
            run.params,
            grads,
            run.slots["momentum_buffer"] if self.conf.momentum else [],
            weight_decay=0.0,
            momentum=self.conf.momentum,
            lr=run.rate,
            dampening=0.0,
            # Without momentum there is nothing to look ahead along, and torch refuses to.
            nesterov=self.conf.nesterov and self.conf.momentum > 0,
            maximize=False,
            is_first_step=False,
        )


class Adam(Optimizer):
    """Adam with the usual constants (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1)."""

    slots = ("exp_avg", "exp_avg_sq")
    power = 1
    epsilon = 1e-8

    def update(self, run: Run, grads: list[Tensor]) -> None:
        run.count += 1
        torch._fused_adam_(
            run.params,
            grads,
            run.slots["exp_avg"],
            run.slots["exp_avg_sq"],
            [],
            run.counts,
            lr=run.rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=0.0,
            eps=self.epsilon,
            amsgrad=False,
            maximize=False,
        )


class RMSProp(Optimizer):
    """RMSProp with torch's constants (Tieleman and Hinton 2012, lecture 6.5)."""

    slots = ("square_avg",)
    power = 1

    def update(self, run: Run, grads: list[Tensor]) -> None:
        rmsprop(
            run.params,
            grads,
            run.slots["square_avg"],
            [],
            [],
            run.counts,
            foreach=True,
            lr=run.rate,
            alpha=0.99,
            eps=1e-8,
            weight_decay=0.0,
            momentum=0.0,
            centered=False,
        )


class Adadelta(Optimizer):
    """Adadelta with torch's constants (Zeiler 2012, arXiv:1212.5701, algorithm 1)."""

    slots = ("square_avg", "acc_delta")
    power = 0

    def update(self, run: Run, grads: list[Tensor]) -> None:
        adadelta(
            run.params,
            grads,
            run.slots["square_avg"],
            run.slots["acc_delta"],
            run.counts,
            foreach=True,
            lr=run.rate,
            rho=0.9,
            eps=1e-6,
            weight_decay=0.0,
            maximize=False,
        )


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "adam": Adam,
    "rmsprop": RMSProp,
    "adadelta": Adadelta,
}
