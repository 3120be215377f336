"""Named random streams, and the random bits of drop masks.

The seed of a stream is a hash of (base seed, stream name, trial seed), so drawing from one stream never changes
another. Two trials that differ only in their rate share initial weights, batch order and mask bits, so they can be
compared as a pair. Every trial draws from its own streams, so its random bits are the same alone and in any pack.
"""

import hashlib
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

BITS = 16  # random bits behind each mask element
LEVELS = 1 << BITS


@dataclass(frozen=True)
class Streams:
    """Random streams of one trial.

    Args:
        base: base seed, common to all trials of a study.
        trial: trial seed; None for streams that must not vary between trials, such as that of the test split.
        part: prefix of all stream names, for trials that need several sets of streams.
    """

    base: int
    trial: int | None = None
    part: str = ""

    def within(self, part: str) -> "Streams":
        """Return another set of streams of this trial, with ``part`` added to the prefix of their names."""
        return replace(self, part=f"{self.part}{part}/")

    def key(self, name: str) -> int:
        """Return the 128-bit seed of a named stream."""
        text = f"{self.base}/{self.part}{name}" + ("" if self.trial is None else f"/{self.trial}")
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")

    def generator(self, name: str) -> np.random.Generator:
        """Return a new generator at the start of a stream, e.g. ``init/hidden0.weight`` or ``order``."""
        # SFC64 fills a mask in 0.4 ns per element, half the time of torch's serial Mersenne Twister for raw words.
        return np.random.Generator(np.random.SFC64(self.key(name)))


def stream_positions(generators: Sequence[np.random.BitGenerator]) -> Tensor:
    """Return the positions of SFC64 generators in their streams, int64 [generators, 6]."""
    words = np.zeros((len(generators), 6), dtype=np.uint64)
    for row, generator in zip(words, generators, strict=True):
        state: dict[str, Any] = dict(generator.state)
        row[:4] = state["state"]["state"]
        row[4:] = state["has_uint32"], state["uinteger"]  # half of a word that is not used yet
    return torch.from_numpy(words.view(np.int64))


def restore_positions(generators: Sequence[np.random.BitGenerator], positions: Tensor) -> None:
    """Set SFC64 generators to the positions that :func:`stream_positions` returned."""
    words = positions.numpy().view(np.uint64)
    for row, generator in zip(words, generators, strict=True):
        generator.state = {
            "bit_generator": "SFC64",
            "state": {"state": row[:4].copy()},
            "has_uint32": int(row[4]),
            "uinteger": int(row[5]),
        }


class Randomness(Protocol):
    """Source of random bits for a dropout function."""

    def bits(self, shape: Sequence[int]) -> Tensor:
        """Return uniform int16 values in [-32768, 32767] of this shape."""
        ...


class TorchRandomness:
    """Random bits from torch's generator, for standalone modules; ``torch.manual_seed`` makes them reproducible.

    Args:
        device: device on which the bits are drawn.
        generator: torch's default generator of the device if None.
    """

    def __init__(self, device: torch.device | str = "cpu", generator: torch.Generator | None = None):
        self.device, self.generator = device, generator

    def bits(self, shape: Sequence[int]) -> Tensor:
        # Passing generator=None explicitly would keep torch.compile from tracing randint with a symbolic shape.
        chosen: dict[str, Any] = {} if self.generator is None else {"generator": self.generator}
        return torch.randint(-(LEVELS // 2), LEVELS // 2, tuple(shape), dtype=torch.int16, device=self.device, **chosen)


class PackRandomness:
    """Random bits for a pack of M trials, each from its own stream of the given name.

    Trials with the same seed share a stream, so its bits are drawn once for all of them.

    Args:
        streams: streams of the trials, one per model.
        name: name of the stream, e.g. ``dropout/hidden0``.
        device: device of the masks.
        channels_last: whether bits for maps [M, B, C, H, W] are drawn and stored in the order M, B, H, W, C, which is
            the memory order of the output of convolutions.
    """

    def __init__(self, streams: Sequence[Streams], name: str, device: torch.device, channels_last: bool = False):
        self._last, self._device = channels_last, device
        different = {s: i for i, s in enumerate(dict.fromkeys(streams))}
        self._sources = bits_of(list(different), name, device)
        self._source_of = [different[s] for s in streams]
        self._index = self._indexed()

    def _indexed(self) -> Tensor | None:
        """Return the index [M] of the source of each model, or None if model m uses source m for all m."""
        if self._source_of == list(range(len(self._source_of))):
            return None
        return torch.tensor(self._source_of, device=self._device)

    def select(self, models: Sequence[int]) -> "PackRandomness":
        """Return the randomness of these models only; it continues the same streams."""
        kept = copy(self)
        of = [self._source_of[m] for m in models]
        used = sorted(set(of))
        kept._sources = self._sources.select(used)
        kept._source_of = [used.index(i) for i in of]
        kept._index = kept._indexed()
        return kept

    def positions(self) -> Tensor:
        """Return the positions in the streams, one row per stream."""
        return self._sources.positions()

    def restore(self, positions: Tensor) -> None:
        """Continue the streams at these positions."""
        self._sources.restore(positions)

    def bits(self, shape: Sequence[int]) -> Tensor:
        """Return int16 bits [M, ...]; ``shape[0]`` must be M."""
        return ordered(self._drawn, shape, self._last)

    def _drawn(self, shape: torch.Size) -> Tensor:
        drawn = self._sources.draw(shape[1:])
        return drawn if self._index is None else drawn.index_select(0, self._index)


class PassRandomness:
    """Random bits for stochastic forward passes of one trained network, S of which run at a time.

    The k-th draw of every pass comes from one stream, which holds the bits of the passes one after the other. On the
    CPU the bits of a pass therefore do not depend on the passes it is stacked with, and one call draws for all S.

    Args:
        streams: streams of the passes.
        name: name of the stream, as in :class:`PackRandomness`.
        device, channels_last: as in :class:`PackRandomness`.
    """

    def __init__(self, streams: Streams, name: str, device: torch.device, channels_last: bool = False):
        self._streams, self._name, self._device, self._last = streams, name, device, channels_last
        self._sources: list[CPUBits | CUDABits] = []
        self.begin()

    def begin(self) -> None:
        """Start the next stack of passes."""
        self._draws = 0

    def bits(self, shape: Sequence[int]) -> Tensor:
        """Return int16 bits [S, ...] for the S passes of the current stack."""
        if self._draws == len(self._sources):
            self._sources.append(bits_of([self._streams], f"{self._name}/{self._draws}", self._device))
        source = self._sources[self._draws]
        self._draws += 1
        return ordered(source.rows, shape, self._last)


def ordered(draw: Callable[[torch.Size], Tensor], shape: Sequence[int], channels_last: bool) -> Tensor:
    """Call ``draw`` for bits [M, ...]; ``channels_last`` draws maps [M, B, C, H, W] in the order M, B, H, W, C."""
    if channels_last and len(shape) == 5:
        return draw(torch.Size([*shape[:2], *shape[3:], shape[2]])).movedim(-1, 2)
    return draw(torch.Size(shape))


class CPUBits:
    """Random bits of several streams on the CPU; each raw 64-bit word is cut into four int16 values."""

    def __init__(self, generators: Sequence[np.random.Generator]):
        self._streams = [generator.bit_generator for generator in generators]

    def select(self, places: Sequence[int]) -> "CPUBits":
        """Return the streams with these indices; each continues from its current position."""
        kept = copy(self)
        kept._streams = [self._streams[i] for i in places]
        return kept

    def positions(self) -> Tensor:
        """Return the positions in the streams, one row per stream."""
        return stream_positions(self._streams)

    def restore(self, positions: Tensor) -> None:
        """Continue the streams at these positions."""
        restore_positions(self._streams, positions)

    def draw(self, shape: torch.Size) -> Tensor:
        """Draw the next bits of this shape from each stream, [streams, ...]."""
        words = _words(shape)
        if len(self._streams) == 1:
            return _cut(self._streams[0].random_raw(words).reshape(1, words), shape)
        drawn = np.empty((len(self._streams), words), dtype=np.uint64)
        for i, stream in enumerate(self._streams):
            drawn[i] = stream.random_raw(words)
        return _cut(drawn, shape)

    def rows(self, shape: torch.Size) -> Tensor:
        """Draw ``shape[0]`` consecutive rows of shape ``shape[1:]`` from a single stream."""
        (stream,) = self._streams
        words = _words(shape[1:])
        return _cut(stream.random_raw(shape[0] * words).reshape(shape[0], words), shape[1:])


def _words(shape: torch.Size) -> int:
    """Return the number of 64-bit words that hold the bits of this shape."""
    return -(-shape.numel() * BITS // 64)


def _cut(words: np.ndarray, shape: torch.Size) -> Tensor:
    """Convert rows of words [n, words] to bits [n, ...]; surplus bits at the end of a row are discarded."""
    bits = torch.from_numpy(words.view(np.int16))
    count = shape.numel()
    return (bits if bits.shape[1] == count else bits[:, :count].contiguous()).view(len(words), *shape)


class CUDABits:
    """Random bits of several streams on a GPU; they agree with those of the CPU in distribution, not in value."""

    def __init__(self, keys: Sequence[int], device: torch.device):
        self._random = [TorchRandomness(device, torch.Generator(device).manual_seed(key % 2**63)) for key in keys]

    def select(self, places: Sequence[int]) -> "CUDABits":
        """Return the streams with these indices; see :meth:`CPUBits.select`."""
        kept = copy(self)
        kept._random = [self._random[i] for i in places]
        return kept

    def positions(self) -> Tensor:
        """Return the states of the generators, one row per stream."""
        return torch.stack([generator.get_state() for generator in self._generators])

    def restore(self, positions: Tensor) -> None:
        """Continue the streams from these states."""
        for generator, state in zip(self._generators, positions, strict=True):
            generator.set_state(state)

    @property
    def _generators(self) -> list[torch.Generator]:
        return [random.generator for random in self._random if random.generator is not None]

    def draw(self, shape: torch.Size) -> Tensor:
        """Draw from each stream; see :meth:`CPUBits.draw`."""
        return torch.stack([random.bits(shape) for random in self._random])

    def rows(self, shape: torch.Size) -> Tensor:
        """Draw rows from a single stream; see :meth:`CPUBits.rows`."""
        (random,) = self._random
        return random.bits(shape)


def bits_of(streams: Sequence[Streams], name: str, device: torch.device) -> CPUBits | CUDABits:
    """Return the bit source of the streams of this name on a device."""
    if device.type == "cpu":
        return CPUBits([s.generator(name) for s in streams])
    return CUDABits([s.key(name) for s in streams], device)
