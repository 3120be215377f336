"""Named random streams, and the random bits of dropout masks.

A stream is derived by hashing (base seed, stream name, trial seed), so what one stream has drawn never moves another,
and two trials that differ only in their rate share initial weights, batch order and mask bits: they form a pair.
Every trial draws from its own streams whatever pack it is in, so its numbers are the same bits alone and stacked.
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
    """The streams of one trial.

    Args:
        base: the base seed, common to a study.
        trial: the trial seed; None for what no trial may vary, as the test split.
        part: goes before the names of all streams, where a trial needs several sets of them.
    """

    base: int
    trial: int | None = None
    part: str = ""

    def within(self, part: str) -> "Streams":
        """Another set of streams of this trial."""
        return replace(self, part=f"{self.part}{part}/")

    def key(self, name: str) -> int:
        """The 128-bit seed of a named stream."""
        text = f"{self.base}/{self.part}{name}" + ("" if self.trial is None else f"/{self.trial}")
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")

    def generator(self, name: str) -> np.random.Generator:
        """A fresh generator at the start of the stream, e.g. ``init/hidden0.weight`` or ``order``."""
        # SFC64 fills a mask in 0.4 ns an element, half of what torch's serial Mersenne Twister takes for raw words.
        return np.random.Generator(np.random.SFC64(self.key(name)))


class Randomness(Protocol):
    """Where a dropout function gets its random bits from."""

    def bits(self, shape: Sequence[int]) -> Tensor:
        """Uniform int16 values in [-32768, 32767] of this shape."""
        ...


class TorchRandomness:
    """Bits from torch's generator, for a module in somebody's own network: ``torch.manual_seed`` rules them.

    Args:
        device: where the bits are drawn.
        generator: torch's default one for the device if None.
    """

    def __init__(self, device: torch.device | str = "cpu", generator: torch.Generator | None = None):
        self.device, self.generator = device, generator

    def bits(self, shape: Sequence[int]) -> Tensor:
        # With the argument, even of None, torch.compile cannot trace randint of a shape that it knows by symbols only.
        chosen: dict[str, Any] = {} if self.generator is None else {"generator": self.generator}
        return torch.randint(-(LEVELS // 2), LEVELS // 2, tuple(shape), dtype=torch.int16, device=self.device, **chosen)


class PackRandomness:
    """Bits for a pack of M trials, each from its own stream of this name.

    Trials of the same seed share their stream, so its bits are drawn once for all of them.

    Args:
        streams: the trials' streams, one a model.
        name: the stream's name, e.g. ``dropout/hidden0``.
        device: where the masks are needed.
        channels_last: whether bits for maps [M, B, C, H, W] are drawn and laid out in the order M, B, H, W, C, as
            convolutions leave their maps in memory.
    """

    def __init__(self, streams: Sequence[Streams], name: str, device: torch.device, channels_last: bool = False):
        self._last, self._device = channels_last, device
        different = {s: i for i, s in enumerate(dict.fromkeys(streams))}
        self._sources = bits_of(list(different), name, device)
        self._source_of = [different[s] for s in streams]
        self._index = self._indexed()

    def _indexed(self) -> Tensor | None:
        """Which source each model has, if not each its own in order."""
        if self._source_of == list(range(len(self._source_of))):
            return None
        return torch.tensor(self._source_of, device=self._device)

    def select(self, models: Sequence[int]) -> "PackRandomness":
        """The randomness of these models only; it draws on from the same streams."""
        kept = copy(self)
        of = [self._source_of[m] for m in models]
        used = sorted(set(of))
        kept._sources = self._sources.select(used)
        kept._source_of = [used.index(i) for i in of]
        kept._index = kept._indexed()
        return kept

    def bits(self, shape: Sequence[int]) -> Tensor:
        """int16 [M, ...]; ``shape[0]`` must be M."""
        return ordered(self._drawn, shape, self._last)

    def _drawn(self, shape: torch.Size) -> Tensor:
        drawn = self._sources.draw(shape[1:])
        return drawn if self._index is None else drawn.index_select(0, self._index)


class PassRandomness:
    """Bits for the passes of one trained network with noise, of which some run at a time.

    All passes draw from the same streams, one for each draw that a pass makes, in which they lie one after the other:
    on the CPU a pass is the same bits whatever others it is stacked with, and many passes cost one draw.

    Args:
        streams: the passes' streams.
        name: of the place, as of :class:`PackRandomness`.
        device, channels_last: as there.
    """

    def __init__(self, streams: Streams, name: str, device: torch.device, channels_last: bool = False):
        self._streams, self._name, self._device, self._last = streams, name, device, channels_last
        self._sources: list[CPUBits | CUDABits] = []
        self.begin()

    def begin(self) -> None:
        """Go on to the passes after those that have drawn."""
        self._draws = 0

    def bits(self, shape: Sequence[int]) -> Tensor:
        """int16 [S, ...] for the S passes that run."""
        if self._draws == len(self._sources):
            self._sources.append(bits_of([self._streams], f"{self._name}/{self._draws}", self._device))
        source = self._sources[self._draws]
        self._draws += 1
        return ordered(source.rows, shape, self._last)


def ordered(draw: Callable[[torch.Size], Tensor], shape: Sequence[int], channels_last: bool) -> Tensor:
    """What is drawn in the shape [M, ...]; for maps [M, B, C, H, W] in the order M, B, H, W, C if that is asked for."""
    if channels_last and len(shape) == 5:
        return draw(torch.Size([*shape[:2], *shape[3:], shape[2]])).movedim(-1, 2)
    return draw(torch.Size(shape))


class CPUBits:
    """Bits of several streams on the CPU: raw 64-bit words cut into four."""

    def __init__(self, generators: Sequence[np.random.Generator]):
        self._raw = [generator.bit_generator.random_raw for generator in generators]

    def select(self, places: Sequence[int]) -> "CPUBits":
        """These of the streams; they go on where they are."""
        kept = copy(self)
        kept._raw = [self._raw[i] for i in places]
        return kept

    def draw(self, shape: torch.Size) -> Tensor:
        """The next bits of this shape of each stream, [streams, ...]."""
        words = _words(shape)
        if len(self._raw) == 1:
            return _cut(self._raw[0](words).reshape(1, words), shape)
        drawn = np.empty((len(self._raw), words), dtype=np.uint64)
        for i, raw in enumerate(self._raw):
            drawn[i] = raw(words)
        return _cut(drawn, shape)

    def rows(self, shape: torch.Size) -> Tensor:
        """Of a single stream, the next bits of ``shape[1:]`` for each of ``shape[0]``, one after the other."""
        (raw,) = self._raw
        words = _words(shape[1:])
        return _cut(raw(shape[0] * words).reshape(shape[0], words), shape[1:])


def _words(shape: torch.Size) -> int:
    """How many words the bits of this shape take."""
    return -(-shape.numel() * BITS // 64)


def _cut(words: np.ndarray, shape: torch.Size) -> Tensor:
    """Lines of words [n, words] as bits [n, ...]; what a line has left over goes unused."""
    bits = torch.from_numpy(words.view(np.int16))
    count = shape.numel()
    return (bits if bits.shape[1] == count else bits[:, :count].contiguous()).view(len(words), *shape)


class CUDABits:
    """Bits of several streams on a GPU; they agree with the CPU's in distribution, not in value."""

    def __init__(self, keys: Sequence[int], device: torch.device):
        self._random = [TorchRandomness(device, torch.Generator(device).manual_seed(key % 2**63)) for key in keys]

    def select(self, places: Sequence[int]) -> "CUDABits":
        """As :meth:`CPUBits.select`."""
        kept = copy(self)
        kept._random = [self._random[i] for i in places]
        return kept

    def draw(self, shape: torch.Size) -> Tensor:
        """As :meth:`CPUBits.draw`."""
        return torch.stack([random.bits(shape) for random in self._random])

    def rows(self, shape: torch.Size) -> Tensor:
        """As :meth:`CPUBits.rows`."""
        (random,) = self._random
        return random.bits(shape)


def bits_of(streams: Sequence[Streams], name: str, device: torch.device) -> CPUBits | CUDABits:
    """The bits of the streams of this name on a device."""
    if device.type == "cuda":
        return CUDABits([s.key(name) for s in streams], device)
    return CPUBits([s.generator(name) for s in streams])
