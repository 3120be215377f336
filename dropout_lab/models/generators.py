"""Generators of random numbers that a user's network may draw from, and whether it did."""

import gc
import pickle
import random
from collections.abc import Callable

import numpy as np
import torch

# By the word for them in messages. ``torch`` is its generator for the CPU.
GLOBAL: dict[str, Callable[[], bytes]] = {
    "torch": lambda: bytes(torch.get_rng_state().numpy()),
    "numpy.random": lambda: pickle.dumps(np.random.get_state()),
    "random": lambda: pickle.dumps(random.getstate()),
}


def global_states() -> dict[str, bytes]:
    """The states of the generators that everything in a process shares."""
    return {name: state() for name, state in GLOBAL.items()}


def changed(before: dict[str, bytes]) -> list[str]:
    """Which of the shared generators moved since then."""
    return [name for name, state in global_states().items() if state != before[name]]


class Watch:
    """Notes the states of all generators of numpy and Python, wherever they are kept, and of given ones of torch.

    Args:
        generators: of torch, which the garbage collector does not list.
    """

    def __init__(self, generators: list[torch.Generator]):
        kinds = (np.random.Generator, np.random.RandomState, random.Random)
        self._kept = [thing for thing in gc.get_objects() if type(thing) in kinds] + generators
        self._states = [_state(generator) for generator in self._kept]

    def changed(self) -> bool:
        """Whether any of them moved since."""
        return any(_state(g) != state for g, state in zip(self._kept, self._states, strict=True))


def _state(generator: object) -> bytes:
    match generator:
        case np.random.Generator():
            return pickle.dumps(generator.bit_generator.state)
        case np.random.RandomState():
            return pickle.dumps(generator.get_state())
        case random.Random():
            return pickle.dumps(generator.getstate())
        case torch.Generator():
            return bytes(generator.get_state().numpy())
    raise TypeError(type(generator).__name__)
