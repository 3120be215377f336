"""Container of all regularizers of a pack, which calls each hook of those that override it."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from dropout_lab.dropout.hook_interface import Hook
from dropout_lab.regularizers.base import Loss, Params, Regularizer, Stopping


class RegularizerStack:
    """Regularizers that any trial of a pack has chosen.

    Args:
        made: the regularizers, in the order in which they act.
        models: number of models M.
    """

    def __init__(self, made: Sequence[Regularizer], models: int):
        self.made, self._models = list(made), models
        self._having: dict[str, list[Regularizer]] = {}

    def having(self, hook: str) -> list[Regularizer]:
        """Return the regularizers that override a hook; the others are not called."""
        if hook not in self._having:
            mine = [r for r in self.made if getattr(type(r), hook) is not getattr(Regularizer, hook)]
            self._having[hook] = mine
        return self._having[hook]

    def move(self, progress: float | Tensor) -> None:
        """Set the completed fraction of the training, in [0, 1]."""
        for regularizer in self.having("move"):
            regularizer.move(float(progress))

    def examples(self, x: Tensor) -> Tensor:
        """Return a changed training batch [M, B, ...]; called before normalisation."""
        for regularizer in self.having("examples"):
            x = regularizer.examples(x)
        return x

    def inputs(self, x: Tensor) -> Tensor:
        """Return a changed training batch [M, B, ...]; called after normalisation."""
        for regularizer in self.having("inputs"):
            x = regularizer.inputs(x)
        return x

    def weights(self, params: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the parameters for a training pass."""
        for regularizer in self.having("weights"):
            params = dict(regularizer.weights(params))
        return params

    def hook(self, inner: Hook, params: Params) -> Hook:
        """Return a hook that calls the regularizers around ``inner``, the hook of the dropout variant."""
        hooks = ("pre_activation", "activation", "post_dropout")
        return _Around(inner, self, params) if any(map(self.having, hooks)) else inner

    def loss(self, loss: Loss) -> Loss:
        """Return the training loss per example, derived from that of the task."""
        for regularizer in self.having("loss"):
            loss = regularizer.loss(loss)
        return loss

    def penalty(self, params: Params) -> Tensor | None:
        """Return the sum [M] of the loss terms, or None if there are none."""
        terms = [term for r in self.having("penalty") if (term := r.penalty(params)) is not None]
        return torch.stack(terms).sum(0) if terms else None

    def decay(self, params: Params, lr: Tensor) -> None:
        """Apply decoupled weight decay in place, before an optimizer step with learning rates [M]."""
        for regularizer in self.having("decay"):
            regularizer.decay(params, lr)

    def project(self, params: Params) -> None:
        """Project the weights onto their constraints after an optimizer step, in place."""
        for regularizer in self.having("project"):
            regularizer.project(params)

    @property
    def stopping(self) -> list[Stopping]:
        """Early-stopping rule of each of the M models."""
        for regularizer in self.having("stopping"):
            rule = regularizer.stopping()
            if rule is not None:
                return rule
        return [Stopping(math.inf)] * self._models

    def select(self, models: Sequence[int]) -> "RegularizerStack":
        """Return the regularizers of these models only; they continue the same streams."""
        return RegularizerStack([regularizer.select(models) for regularizer in self.made], len(list(models)))

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        """Return the state of each regularizer by kind."""
        return {regularizer.kind: regularizer.state_dict() for regularizer in self.made}

    def load_state_dict(self, state: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Continue from the state that :meth:`state_dict` returned."""
        for regularizer in self.made:
            regularizer.load_state_dict(state[regularizer.kind])


class _Around:
    """Hook that calls the regularizers before and after the dropout of an inner hook."""

    def __init__(self, inner: Hook, all_of: RegularizerStack, params: Params):
        self.training, self.carries_previous, self.per_gate = inner.training, inner.carries_previous, inner.per_gate
        self._inner, self._params = inner, params
        self._pre_activation = all_of.having("pre_activation")
        self._activation, self._post_dropout = all_of.having("activation"), all_of.having("post_dropout")
        self._sites: Mapping[str, Any] = all_of.made[0].scene.sites

    def __call__(self, name: str, x: Tensor) -> Tensor:
        if name not in self._sites:
            return self._inner(name, x)
        for regularizer in self._activation:
            x = regularizer.activation(name, x, self._params, self.training)
        x = self._inner(name, x)
        for regularizer in self._post_dropout:
            x = regularizer.post_dropout(name, x, self._params, self.training)
        return x

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        return self._inner.mask(name, shape, like)

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        return self(name, activation(x))

    def product(self, name: str, operation: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        x = self._inner.product(name, operation, x, weight, bias)
        for regularizer in self._pre_activation:
            x = regularizer.pre_activation(name, x, self._params, self.training)
        return x
