"""Optimizers over stacked parameters, with one learning rate per model.

The updates are torch's functional optimizers, fused where torch has fused kernels. These accept one learning rate per
call, so all tensors with the same learning rate are updated in one call. A typical pack, whose trials differ in other
settings, needs a single call.
"""

from collections.abc import Mapping, Sequence
from itertools import chain, groupby
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim.adadelta import adadelta
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from dropout_lab.config import TrainConf

# Float32 elements per cache line. torch's fused kernels process full cache lines and round the remaining elements
# differently, so stacked models give bit-identical results only if each one fills its cache lines.
CACHE_LINE = 16

# Indices of a parameter and of a piece of it, which covers adjacent models.
Piece = tuple[int, int]


def momentum_at(conf: TrainConf, epochs: float) -> float:
    """Return the momentum after this many epochs.

    It rises linearly from ``momentum_start`` to ``momentum`` over ``momentum_ramp`` epochs.

    Source:
        Hinton et al. 2012, arXiv:1207.0580, appendix A.1; Srivastava et al. 2014, JMLR, appendix A.2.
    """
    if epochs >= conf.momentum_ramp:
        return conf.momentum
    return conf.momentum_start + (conf.momentum - conf.momentum_start) * epochs / conf.momentum_ramp


class LrGroup:
    """Pieces of stacked parameters that share one learning rate.

    Args:
        lr: the learning rate.
        pieces: indices of the pieces.
        params: pieces of all parameters, by parameter.
        state: state of the optimizer by slot, split like the parameters.
        steps: number of completed updates.
    """

    def __init__(
        self,
        lr: float,
        pieces: Sequence[Piece],
        params: Sequence[Sequence[Tensor]],
        state: Mapping[str, Sequence[Sequence[Tensor]]],
        steps: int,
    ):
        self.lr, self.pieces = lr, pieces
        # The optimizer works in place, so these views of the parameters and their state remain valid.
        self.params = self.select(params)
        self.slots = {name: self.select(values) for name, values in state.items()}
        counts = torch.full((len(pieces),), float(steps), device=self.params[0].device)
        self.counts = list(counts.unbind())

    def select(self, values: Sequence[Sequence[Tensor]]) -> list[Tensor]:
        """Return this group's pieces of tensors that are split like the parameters."""
        return [values[i][piece] for i, piece in self.pieces]


class Optimizer:
    """Base class of optimizers, which update parameters [M, ...] and their state in place.

    Args:
        params: the stacked parameters.
        lr: learning rate of each model, [M], on the CPU, where its values are read without waiting for a device.
        conf: constants of the optimizer.
        speeds: factor of the learning rate per parameter, a number or [M] on the CPU; defaults to 1.

    Attributes:
        lr: the learning rates [M] on the device of the parameters.
        momentum: momentum of the next update, for optimizers that have one.
        power: if weights are multiplied by k, their learning rate must be multiplied by k to this power.
        stacks: whether adjacent models can be updated as one tensor with bit-identical results.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    power: ClassVar[int]
    stacks: ClassVar[bool] = False

    def __init__(
        self, params: Sequence[Tensor], lr: Tensor, conf: TrainConf, speeds: Sequence[float | Tensor] | None = None
    ):
        assert all(p.is_contiguous() for p in params), "fused kernels read memory in order"
        self.conf, self.steps, self._device = conf, 0, params[0].device
        self._keep_lr(lr)
        self.momentum = conf.momentum
        self._speeds = list(speeds) if speeds else [1.0] * len(params)
        self.state = {name: [torch.zeros_like(p, requires_grad=False) for p in params] for name in self.slots}
        self._params = list(params)
        # By parameter: the learning rate of each model, and the number of models of each piece.
        self._lrs: list[list[float]] = []
        self._sizes: list[list[int]] = []
        self._groups: list[LrGroup] = []
        self._cut()

    def _keep_lr(self, lr: Tensor) -> None:
        self._lr_values, self.lr = lr, lr.to(self._device)

    def set_lr(self, lr: Tensor) -> None:
        """Set the learning rate of each model, [M], on the CPU."""
        self._keep_lr(lr)
        before, after = self._lrs, self._lr_table()
        mapped = dict(zip(chain(*before), chain(*after), strict=True))
        if [[mapped[old] for old in lrs] for lrs in before] == after:  # the groups do not change
            self._lrs = after
            for group in self._groups:
                group.lr = mapped[group.lr]
        else:
            self._cut()

    def step(self, grads: Sequence[Tensor]) -> None:
        """Update the parameters once. The gradients, [M, ...] each, may be overwritten."""
        self.steps += 1
        # Fused kernels need contiguous tensors, and the gradient of a filter may be stored channels last.
        pieces = [g.contiguous().split(sizes) for g, sizes in zip(grads, self._sizes, strict=True)]
        with torch.no_grad():
            for group in self._groups:
                self.update(group, group.select(pieces))

    def update(self, group: LrGroup, grads: list[Tensor]) -> None:
        """Update the parameters and the state of one group."""
        raise NotImplementedError

    def select(self, models: Sequence[int], params: Sequence[Tensor]) -> None:
        """Keep these models of the pack, in this order; ``params`` are their parameters."""
        index = list(models)
        self._keep_lr(self._lr_values[index])
        self._speeds = [speed[index] if isinstance(speed, Tensor) else speed for speed in self._speeds]
        self.state = {name: [slot[index] for slot in slots] for name, slots in self.state.items()}
        self._params = list(params)
        self._cut()

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the parameters, the learning rates, the momentum and the number of updates."""
        return {"slots": self.state, "lr": self._lr_values, "momentum": self.momentum, "steps": self.steps}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from the state that :meth:`state_dict` returned."""
        for name, slots in self.state.items():
            for slot, value in zip(slots, state["slots"][name], strict=True):
                slot.copy_(value)
        self._keep_lr(state["lr"])
        self.momentum, self.steps = state["momentum"], state["steps"]
        self._cut()

    def _lr_table(self) -> list[list[float]]:
        """Return the learning rates by parameter and model."""
        return [(self._lr_values * speed).tolist() for speed in self._speeds]

    def _cut(self) -> None:
        """Split parameters and state into pieces of adjacent models, and group the pieces by learning rate."""
        self._lrs, self._sizes = self._lr_table(), []
        pieces: dict[float, list[Piece]] = {}
        for i, (p, lrs) in enumerate(zip(self._params, self._lrs, strict=True)):
            stacks = self.stacks and p[0].numel() % CACHE_LINE == 0
            runs = [(lr, len(list(run))) for lr, run in groupby(lrs)]
            cut = [(lr, size) for lr, n in runs for size in ([n] if stacks else [1] * n)]
            self._sizes.append([size for _, size in cut])
            for piece, (lr, _) in enumerate(cut):
                pieces.setdefault(lr, []).append((i, piece))
        params = self._split([p.detach() for p in self._params])
        state = {name: self._split(values) for name, values in self.state.items()}
        self._groups = [LrGroup(lr, chosen, params, state, self.steps) for lr, chosen in pieces.items()]

    def _split(self, values: Sequence[Tensor]) -> list[Sequence[Tensor]]:
        return [value.split(sizes) for value, sizes in zip(values, self._sizes, strict=True)]


class SGD(Optimizer):
    """Stochastic gradient descent with classical momentum in torch's form: v = m v + g, w = w - lr v.

    Nesterov momentum updates w = w - lr (g + m v) (Sutskever et al. 2013, ICML).
    """

    slots = ("momentum_buffer",)
    power = 2
    stacks = True

    def update(self, group: LrGroup, grads: list[Tensor]) -> None:
        sgd(
            group.params,
            grads,
            list(group.slots["momentum_buffer"]) if self.momentum else [],
            fused=True,
            weight_decay=0.0,
            momentum=self.momentum,
            lr=group.lr,
            dampening=0.0,
            # torch rejects Nesterov without momentum, which would be plain gradient descent.
            nesterov=self.conf.nesterov and self.momentum > 0,
            maximize=False,
        )


class Adam(Optimizer):
    """Adam with the usual constants (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1)."""

    slots = ("exp_avg", "exp_avg_sq")
    power = 1
    stacks = True
    epsilon = 1e-8

    def update(self, group: LrGroup, grads: list[Tensor]) -> None:
        adam(
            group.params,
            grads,
            group.slots["exp_avg"],
            group.slots["exp_avg_sq"],
            [],
            group.counts,
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=group.lr,
            weight_decay=0.0,
            eps=self.epsilon,
            maximize=False,
        )


class RMSProp(Optimizer):
    """RMSProp with torch's constants (Tieleman and Hinton 2012, lecture 6.5)."""

    slots = ("square_avg",)
    power = 1

    def update(self, group: LrGroup, grads: list[Tensor]) -> None:
        rmsprop(
            group.params,
            grads,
            group.slots["square_avg"],
            [],
            [],
            group.counts,
            foreach=True,
            lr=group.lr,
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

    def update(self, group: LrGroup, grads: list[Tensor]) -> None:
        adadelta(
            group.params,
            grads,
            group.slots["square_avg"],
            group.slots["acc_delta"],
            group.counts,
            foreach=True,
            lr=group.lr,
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
