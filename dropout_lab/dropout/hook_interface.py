"""Interface between a model and what acts at its sites: dropout and regularizers."""

from collections.abc import Callable, Sequence
from typing import Protocol

from torch import Tensor

from dropout_lab.dropout.kernels.linear_maps import LinearMap


class Hook(Protocol):
    """Interface that a model calls at every site: for training, for evaluation, or without dropout.

    Attributes:
        training: whether this is a training pass. Other mode-dependent layers, such as batch normalisation, use it too.
        carries_previous: whether a dropped element of a recurrent layer keeps its value of the previous step instead of
            becoming zero.
        per_gate: whether each gate of a recurrent layer has its own masks.
    """

    training: bool
    carries_previous: bool
    per_gate: bool

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """Return the factors at a site inside a recurrent layer or a text; None if nothing is dropped there.

        The factors have this shape [M, ...], with size 1 along axes whose elements share a factor.
        """
        ...

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """Return the activations or recurrent weights x [M, ...] of the named site after dropout."""
        ...

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Return the activations of the pre-activations x [M, ...] at the named site after dropout."""
        ...

    def product(self, name: str, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the output of the layer whose weight has this name for its input x [M, B, ...]."""
        ...


class PlainHook:
    """Hook that applies no dropout."""

    training = False
    carries_previous = False
    per_gate = False

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """Return None: nothing is dropped."""
        return None

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """Return x unchanged."""
        return x

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Return the activations of x without dropout."""
        return self(name, activation(x))

    def product(self, name: str, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the output of the layer without dropout."""
        return operation(x, weight, bias)
