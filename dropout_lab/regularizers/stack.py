"""All the regularizers of a pack, as the engine calls them: each hook goes to those that have one."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from dropout_lab.regularizers.base import Loss, Params, Regularizer, Stopping


class Hook(Protocol):
    """What a model calls at its places and for its layers."""

    training: bool
    holds: bool
    per_gate: bool

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """Factors at a place inside a recurrent layer or a text."""
        ...

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """Activations at a place."""
        ...

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Activations of x at a place."""
        ...

    def product(self, name: str, operation: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """What a layer gives."""
        ...


class RegularizerStack:
    """The regularizers that any trial of a pack has chosen, from the outermost to the innermost.

    Args:
        made: in the order in which they act.
        models: M.
    """

    def __init__(self, made: Sequence[Regularizer], models: int):
        self.made, self._models = list(made), models
        self._having: dict[str, list[Regularizer]] = {}

    def having(self, hook: str) -> list[Regularizer]:
        """Those that override a hook; the others cost nothing."""
        if hook not in self._having:
            mine = [r for r in self.made if getattr(type(r), hook) is not getattr(Regularizer, hook)]
            self._having[hook] = mine
        return self._having[hook]

    def move(self, progress: float | Tensor) -> None:
        """Tell how much of the training is done, in [0, 1]."""
        for regularizer in self.having("move"):
            regularizer.move(float(progress))

    def examples(self, x: Tensor) -> Tensor:
        """A training batch [M, B, ...] before it is normalised."""
        for regularizer in self.having("examples"):
            x = regularizer.examples(x)
        return x

    def inputs(self, x: Tensor) -> Tensor:
        """A training batch [M, B, ...] as the network gets it."""
        for regularizer in self.having("inputs"):
            x = regularizer.inputs(x)
        return x

    def weights(self, params: dict[str, Tensor]) -> dict[str, Tensor]:
        """The parameters that a training pass uses."""
        for regularizer in self.having("weights"):
            params = dict(regularizer.weights(params))
        return params

    def hook(self, inner: Hook, params: Params) -> Hook:
        """What a model calls: the regularizers around ``inner``, which has the dropout."""
        return _Around(inner, self, params) if any(map(self.having, ("sums", "units", "dropped"))) else inner

    def loss(self, loss: Loss) -> Loss:
        """The loss of each example in training, made of the task's."""
        for regularizer in self.having("loss"):
            loss = regularizer.loss(loss)
        return loss

    def penalty(self, params: Params) -> Tensor | None:
        """The terms that are added to the loss, [M]; None if there are none."""
        terms = [term for r in self.having("penalty") if (term := r.penalty(params)) is not None]
        return torch.stack(terms).sum(0) if terms else None

    def decay(self, params: Params, lr: Tensor) -> None:
        """What shrinks the weights in place before a step."""
        for regularizer in self.having("decay"):
            regularizer.decay(params, lr)

    def project(self, params: Params) -> None:
        """Bring the weights back into their bounds after a step, in place."""
        for regularizer in self.having("project"):
            regularizer.project(params)

    @property
    def stopping(self) -> list[Stopping]:
        """When each of the M models stops."""
        for regularizer in self.having("stopping"):
            found = regularizer.stopping()
            if found is not None:
                return found
        return [Stopping(math.inf)] * self._models

    def select(self, models: Sequence[int]) -> "RegularizerStack":
        """The regularizers of these models only; they draw on from the same streams."""
        return RegularizerStack([regularizer.select(models) for regularizer in self.made], len(list(models)))


class _Around:
    """Calls the regularizers around the dropout of a hook."""

    def __init__(self, inner: Hook, all_of: RegularizerStack, params: Params):
        self.training, self.holds, self.per_gate = inner.training, inner.holds, inner.per_gate
        self._inner, self._params = inner, params
        self._sums, self._units, self._dropped = (all_of.having(hook) for hook in ("sums", "units", "dropped"))
        self._sites: Mapping[str, Any] = all_of.made[0].scene.sites

    def __call__(self, name: str, x: Tensor) -> Tensor:
        if name not in self._sites:
            return self._inner(name, x)
        for regularizer in self._units:
            x = regularizer.units(name, x, self._params, self.training)
        x = self._inner(name, x)
        for regularizer in self._dropped:
            x = regularizer.dropped(name, x, self._params, self.training)
        return x

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        return self._inner.mask(name, shape, like)

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        return self(name, activation(x))

    def product(self, name: str, operation: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        x = self._inner.product(name, operation, x, weight, bias)
        for regularizer in self._sums:
            x = regularizer.sums(name, x, self._params, self.training)
        return x
