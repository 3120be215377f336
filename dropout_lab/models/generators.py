"""Detection of draws from random generators by a user-defined network."""

import gc
import pickle
import random
from collections.abc import Callable

import numpy as np
import torch

# Keys are the names in messages. ``torch`` is torch's CPU generator.
GLOBAL: dict[str, Callable[[], bytes]] = {
    "torch": lambda: bytes(torch.get_rng_state().numpy()),
    "numpy.random": lambda: pickle.dumps(np.random.get_state()),
    "random": lambda: pickle.dumps(random.getstate()),
}


def global_states() -> dict[str, bytes]:
    """Return the states of the global generators of the process."""
    return {name: state() for name, state in GLOBAL.items()}


def changed(before: dict[str, bytes]) -> list[str]:
    """Return the names of the global generators whose state differs from ``before``."""
    return [name for name, state in global_states().items() if state != before[name]]


class Watch:
    """Snapshot of all random generators of numpy and Python in the process and of the given torch generators.

    Args:
        generators: torch generators, which the garbage collector does not list.
    """

    def __init__(self, generators: list[torch.Generator]):
        kinds = (np.random.Generator, np.random.RandomState, random.Random)
        self._kept = [thing for thing in gc.get_objects() if type(thing) in kinds] + generators
        self._states = [_state(generator) for generator in self._kept]

    def changed(self) -> bool:
        """Return whether any of these generators has been used since the snapshot."""
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
