"""Named random streams, and the random bits of dropout masks.

A stream is derived by hashing (base seed, stream name, trial seed), so what one stream has drawn never moves another,
and two trials that differ only in their rate share initial weights, batch order and mask bits: they form a pair.
Every trial draws from its own streams whatever pack it is in, so its numbers are the same bits alone and stacked.
"""

import hashlib
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Protocol

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
        return torch.randint(
            -(LEVELS // 2), LEVELS // 2, tuple(shape), dtype=torch.int16, device=self.device, generator=self.generator
        )


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
        self._last = channels_last
        different = {s: i for i, s in enumerate(dict.fromkeys(streams))}
        self._sources: list[CPUBits | CUDABits] = [
            CUDABits(s.key(name), device) if device.type == "cuda" else CPUBits(s.generator(name)) for s in different
        ]
        self._device = device
        self._map([different[s] for s in streams])

    def _map(self, source_of: list[int]) -> None:
        used = sorted(set(source_of))
        self._sources = [self._sources[i] for i in used]
        place = {i: n for n, i in enumerate(used)}
        self._source_of = [place[i] for i in source_of]
        same = self._source_of == list(range(len(used)))
        self._index = None if same else torch.tensor(self._source_of, device=self._device)

    def select(self, models: Sequence[int]) -> "PackRandomness":
        """The randomness of these models only; it draws on from the same streams."""
        kept = copy(self)
        kept._map([self._source_of[m] for m in models])
        return kept

    def bits(self, shape: Sequence[int]) -> Tensor:
        """int16 [M, ...]; ``shape[0]`` must be M."""
        if self._last and len(shape) == 5:
            return self._drawn([*shape[:2], *shape[3:], shape[2]]).movedim(-1, 2)
        return self._drawn(shape)

    def _drawn(self, shape: Sequence[int]) -> Tensor:
        each = torch.Size(shape[1:])
        drawn = torch.stack([source.draw(each) for source in self._sources])
        return drawn if self._index is None else drawn.index_select(0, self._index)


class CPUBits:
    """One trial's bits on the CPU: raw 64-bit words cut into four."""

    def __init__(self, generator: np.random.Generator):
        self._raw = generator.bit_generator.random_raw

    def draw(self, shape: torch.Size) -> Tensor:
        count = shape.numel()
        words = self._raw(-(-count * BITS // 64))
        return torch.from_numpy(words.view(np.int16)[:count]).view(shape)


class CUDABits:
    """One trial's bits on a GPU; they agree with the CPU's in distribution, not in value."""

    def __init__(self, key: int, device: torch.device):
        self._random = TorchRandomness(device, torch.Generator(device).manual_seed(key % 2**63))

    def draw(self, shape: torch.Size) -> Tensor:
        return self._random.bits(shape)
