"""Monte Carlo dropout: passes of one trained network with the noise of its training, many at a time.

Every block of examples has random streams of its own, in which the passes lie one after the other. So a pass has the
same masks whatever others it is stacked with, and the first passes of many are those of few; products of stacks of
another size may round otherwise.
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

# Examples of a block: at most, at least if memory allows it, and such that so many passes fit into one stack. A block
# must not depend on how many passes are asked for.
BLOCK, LEAST, TOGETHER = 256, 8, 100
# Elements of the largest activation, mask or stack of weights: of the passes that are stacked, few enough for the
# cache; of one pass over a block, few enough for any memory.
STACKED = 1 << 20
BOUND = 1 << 24

See = Callable[[Tensor], object]
Around = Callable[[Hook, Params], Hook]


def zeros_hook(hook: Hook, params: Params) -> Hook:
    """A network in which the noise is all that its places are given."""
    return hook


class StackedHook:
    """The hook of stacked passes: what comes before the first noise is computed once, from there on the model axis
    runs over passes.

    Args:
        noise: of the S passes.
        params: of the one network, [1, ...] each.
        count: S.
    """

    training = False  # for what else goes by that: batch normalisation keeps to its running statistics

    def __init__(self, noise: PackDropout, params: Params, count: int):
        self._noise, self._hook, self._count = noise, TrainingHook(noise, params), count
        self.holds, self.per_gate = noise.holds, noise.per_gate

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """The factors at a place inside a recurrent layer or a text, [S, ...]."""
        return self._hook.mask(name, (self._count, *shape[1:]), like)

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """x [1 or S, ...], with noise where the variant acts."""
        return self._hook(name, self._each(x)) if name in self._noise.rates else x

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """The activations of x [1 or S, ...], with noise where the variant acts."""
        if name not in self._noise.rates or len(x) < self._count:
            return self(name, activation(x))  # once for all passes
        return self._hook.activated(name, activation, x)

    def product(self, name: str, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The layer whose weights [1, ...] bear this name, for x [1 or S, ...]."""
        if name not in self._noise.rates:
            return operation(x, weight, bias)
        return self._hook.product(name, operation, self._each(x), self._each(weight), self._each(bias))

    def _each(self, x: Tensor) -> Tensor:
        return x if len(x) == self._count else x.expand(self._count, *x.shape[1:])


class FoldedHook:
    """The hook of a network that runs by itself: its batch is all passes over the examples, [1, S * B, ...]."""

    training = False
    holds = False
    per_gate = False

    def __init__(self, passes: StackedHook, count: int):
        self._passes, self._count = passes, count

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """None: such a network has no such places."""
        return None

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """x [1, S * B, ...], with noise where the variant acts."""
        apart = x[0].unflatten(0, (self._count, -1))
        return self._passes(name, apart).flatten(0, 1).unsqueeze(0)

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """The activations of x, with noise where the variant acts."""
        return self(name, activation(x))

    def product(self, name: str, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The layer as it is: such a network tells nobody of its weights."""
        return operation(x, weight, bias)


class MonteCarlo:
    """T passes of one network.

    Args:
        model: the network's shape.
        params: its parameters, [1, ...] each.
        noise: of its training.
        passes: T.
        streams: what the passes draw from.
        example: one example [1, 1, ...], to see how much a pass takes.
        around: puts around the noise what else the network calls at its places, as batch normalisation; in its
            test-time form.

    Attributes:
        block: how many examples to take at a time.
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
        """For each stack of passes over the next so many examples its noise, and the number of passes in it."""
        at_once = min(self._passes, max(1, STACKED // (examples * self._size)))
        noise = self._noise.of_passes(self._streams.within(str(self._blocks)))
        self._blocks += 1
        for first in range(0, self._passes, at_once):
            noise.begin()
            yield noise, min(at_once, self._passes - first)

    def run(self, x: Tensor, see: See) -> None:
        """Show ``see`` the float32 outputs [S, B, K] of the passes over the next block of examples x [1, B, ...], in
        order."""
        with torch.inference_mode():
            for noise, count in self._stacks(x.shape[1]):
                see(forward_passes(self._model, self._params, x, noise, count, None, self._around)[0])

    def read(self, windows: Callable[[], Iterator[Tensor]]) -> Iterator[Iterator[Tensor]]:
        """For each stack of passes, its outputs [S, B, T, K] over the windows x [1, B, T] of a running text; the
        windows of one are to be looked at before those of the next."""
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
    """S passes at once.

    Args:
        model: the network's shape.
        params: [1, ...] each.
        x: examples [1, B, ...].
        noise: of these passes, see :meth:`PackDropout.of_passes`.
        count: S.
        state: of a running text, [S, ...].
        around: as of :class:`MonteCarlo`.

    Returns:
        float32 outputs [S, B, ..., K], and the state after them.
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
    """Randomness that notes how many bits it is asked for."""

    def __init__(self, device: torch.device) -> None:
        self.most, self._device = 1, device

    def bits(self, shape: Sequence[int]) -> Tensor:
        found = torch.zeros(tuple(shape), dtype=torch.int16, device=self._device)
        self.most = max(self.most, found.numel())
        return found


class _Seeing(StackedHook):
    """Notes the largest of what stands at the places."""

    most = 1

    def __call__(self, name: str, x: Tensor) -> Tensor:
        out = super().__call__(name, x)
        self.most = max(self.most, out.numel())
        return out

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        return self(name, activation(x))


def _footprint(model: Model, params: Params, noise: PackDropout, example: Tensor, around: Around) -> int:
    """Elements of the largest thing that one pass makes of one example."""
    probe, measuring = copy(noise), _Measuring(example.device)
    probe.random = dict.fromkeys(probe.random, measuring)
    seeing = _Seeing(probe, params, 1)
    hook: Hook = FoldedHook(seeing, 1) if model.alone else seeing
    with torch.inference_mode():
        model.advance(params, example, around(hook, params), None)
    return max(seeing.most, measuring.most)
