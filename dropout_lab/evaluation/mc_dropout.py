"""Monte Carlo dropout: stacked forward passes of one trained network with the noise of its training.

Every block of examples has separate random streams, from which the passes draw one after the other. A pass therefore
has the same drop masks whatever passes it is stacked with, and the first k passes are the same for any total number of
passes. The rounding of matrix products may depend on the size of the stack.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy

import torch
from torch import Tensor

from dropout_lab.dropout.hooks import TrainingHook
from dropout_lab.dropout.kernels.linear_maps import LinearMap
from dropout_lab.dropout.pack_dropout import PackDropout
from dropout_lab.models import Hook, Model, Params, State
from dropout_lab.rng import PackRandomness, Streams

# Examples per block: the maximum, the minimum if memory allows, and the number of passes that should fit into one
# stack. The block size must not depend on the number of passes, because each block has its own random streams.
BLOCK, LEAST, TOGETHER = 256, 8, 100
# Maximum number of elements of the largest activation, mask or stack of weights: for stacked passes, to fit into the
# cache; for one pass over a block, to fit into memory.
STACKED = 1 << 20
BOUND = 1 << 24

See = Callable[[Tensor], object]
Around = Callable[[Hook, Params], Hook]


def zeros_hook(hook: Hook, params: Params) -> Hook:
    """Return the hook unchanged, for a network with no other hook at its sites."""
    return hook


class StackedHook:
    """Hook of stacked passes: layers before the first noise are computed once, then the model axis runs over passes.

    Args:
        noise: noise of the S passes.
        params: parameters of the one network, [1, ...] each.
        count: S.
    """

    training = False  # batch normalization uses its running statistics

    def __init__(self, noise: PackDropout, params: Params, count: int):
        self._noise, self._hook, self._count = noise, TrainingHook(noise, params), count
        self.carries_previous, self.per_gate = noise.carries_previous, noise.per_gate

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """Return the factors [S, ...] at a site inside a recurrent layer or in a text."""
        return self._hook.mask(name, (self._count, *shape[1:]), like)

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """Return x [1 or S, ...], with noise at the sites of the variant."""
        return self._hook(name, self._each(x)) if name in self._noise.rates else x

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Return the activations of x [1 or S, ...], with noise at the sites of the variant."""
        if name not in self._noise.rates or len(x) < self._count:
            return self(name, activation(x))  # one activation for all passes
        return self._hook.activated(name, activation, x)

    def product(self, name: str, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the output of the linear map whose weights [1, ...] have this name, for x [1 or S, ...]."""
        if name not in self._noise.rates:
            return operation(x, weight, bias)
        return self._hook.product(name, operation, self._each(x), self._each(weight), self._each(bias))

    def _each(self, x: Tensor) -> Tensor:
        return x if len(x) == self._count else x.expand(self._count, *x.shape[1:])


class FoldedHook:
    """Hook of a network without a model axis: the batch holds all passes over the examples, [1, S * B, ...]."""

    training = False
    carries_previous = False
    per_gate = False

    def __init__(self, passes: StackedHook, count: int):
        self._passes, self._count = passes, count

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """Return None; such a network has no sites inside recurrent layers or texts."""
        return None

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """Return x [1, S * B, ...], with noise at the sites of the variant."""
        apart = x[0].unflatten(0, (self._count, -1))
        return self._passes(name, apart).flatten(0, 1).unsqueeze(0)

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Return the activations of x, with noise at the sites of the variant."""
        return self(name, activation(x))

    def product(self, name: str, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the output of the linear map without noise; such a network does not expose its weights."""
        return operation(x, weight, bias)


class MonteCarlo:
    """T stochastic forward passes of one network.

    Args:
        model: the architecture.
        params: its parameters, [1, ...] each.
        noise: the noise of its training.
        passes: T.
        streams: random streams of the passes.
        example: one example [1, 1, ...], to measure the memory of a pass.
        around: wraps the noise in the other hooks at the sites, such as batch normalization, in their test-time form.

    Attributes:
        block: number of examples per call of :meth:`run`.
    """

    def __init__(
        self,
        model: Model,
        params: Params,
        noise: PackDropout,
        passes: int,
        streams: Streams,
        example: Tensor,
        around: Around = zeros_hook,
    ):
        self._model, self._params, self._around = model, params, around
        self._noise, self._passes, self._streams, self._blocks = noise, passes, streams, 0
        self._size = _footprint(model, params, noise, example, around)
        self.block = max(1, min(BLOCK, max(LEAST, STACKED // (TOGETHER * self._size)), BOUND // self._size))

    def _stacks(self, examples: int) -> Iterator[tuple[PackDropout, int]]:
        """Yield the noise and the number of passes of each stack over the next block of examples."""
        at_once = min(self._passes, max(1, STACKED // (examples * self._size)))
        noise = self._noise.of_passes(self._streams.within(str(self._blocks)))
        self._blocks += 1
        for first in range(0, self._passes, at_once):
            noise.begin()
            yield noise, min(at_once, self._passes - first)

    def run(self, x: Tensor, see: See) -> None:
        """Run the passes over the next block of examples.

        Args:
            x: examples [1, B, ...].
            see: called with the float32 outputs [S, B, K] of each stack of passes, in order.
        """
        with torch.inference_mode():
            for noise, count in self._stacks(x.shape[1]):
                see(forward_passes(self._model, self._params, x, noise, count, None, self._around)[0])

    def read(self, windows: Callable[[], Iterator[Tensor]]) -> Iterator[Iterator[Tensor]]:
        """Run the passes over a running text.

        Args:
            windows: returns an iterator over the windows x [1, B, T] of the text.

        Yields:
            for each stack of passes, an iterator over its outputs [S, B, T, K] per window, to be consumed before the
            next stack.
        """
        for noise, count in self._stacks(next(windows()).shape[1:].numel()):
            yield self._reading(noise, count, windows())

    def _reading(self, noise: PackDropout, count: int, windows: Iterator[Tensor]) -> Iterator[Tensor]:
        state: State = None
        with torch.inference_mode():
            for x in windows:
                out, state = forward_passes(self._model, self._params, x, noise, count, state, self._around)
                yield out


def forward_passes(
    model: Model, params: Params, x: Tensor, noise: PackDropout, count: int, state: State, around: Around = zeros_hook
) -> tuple[Tensor, State]:
    """Run S passes at once.

    Args:
        model: the architecture.
        params: parameters, [1, ...] each.
        x: examples [1, B, ...].
        noise: noise of these passes, see :meth:`PackDropout.of_passes`.
        count: S.
        state: recurrent state of a running text, [S, ...].
        around: as in :class:`MonteCarlo`.

    Returns:
        float32 outputs [S, B, ..., K], and the new recurrent state.
    """
    if model.alone:
        folded = x.expand(count, *x.shape[1:]).flatten(0, 1).unsqueeze(0)
        out, state = model.advance(
            params, folded, around(FoldedHook(StackedHook(noise, params, count), count), params), None
        )
        return out[0].unflatten(0, (count, -1)).float(), state
    one = params
    if not model.broadcasts:
        params = {name: p.expand(count, *p.shape[1:]) for name, p in params.items()}
        x = x.expand(count, *x.shape[1:])
    out, state = model.advance(params, x, around(StackedHook(noise, params, count), one), state)
    return out.expand(count, *out.shape[1:]).float(), state


class _Measuring(PackRandomness):
    """Random bits that record the largest number of bits requested in one call."""

    def __init__(self, device: torch.device) -> None:
        self.most, self._device = 1, device

    def bits(self, shape: Sequence[int]) -> Tensor:
        words = torch.zeros(tuple(shape), dtype=torch.int16, device=self._device)
        self.most = max(self.most, words.numel())
        return words


class _Seeing(StackedHook):
    """Hook that records the size of the largest tensor at any site."""

    most = 1

    def __call__(self, name: str, x: Tensor) -> Tensor:
        out = super().__call__(name, x)
        self.most = max(self.most, out.numel())
        return out

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        return self(name, activation(x))


def _footprint(model: Model, params: Params, noise: PackDropout, example: Tensor, around: Around) -> int:
    """Return the number of elements of the largest tensor in one pass over one example."""
    probe, measuring = copy(noise), _Measuring(example.device)
    probe.random = dict.fromkeys(probe.random, measuring)
    seeing = _Seeing(probe, params, 1)
    hook: Hook = FoldedHook(seeing, 1) if model.alone else seeing
    with torch.inference_mode():
        model.advance(params, example, around(hook, params), None)
    return max(seeing.most, measuring.most)
