"""Variational recurrent dropout: one mask for a whole sequence."""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.dropout.base import MAPS, STATES, STEPS, UNITS, WORDS
from dropout_lab.dropout.recurrent_wrapper import RecurrentWrapper
from dropout_lab.dropout.spatial import spatial
from dropout_lab.rng import Randomness

GATES = ("shared", "own")


class Variational(RecurrentWrapper):
    """The same mask at every step of a sequence on what recurrent layers read, on their states and on what they give;
    whole kinds of tokens are dropped likewise, wherever they stand in the sequence. Each example has its own masks.

    Args:
        rate, layer, generator: as of :class:`RecurrentWrapper`.
        gates: ``own`` for masks of each gate (untied weights), else ``shared``.

    Raises:
        ValueError: a rate outside [0, 1], another word for ``gates``.

    Source:
        Gal and Ghahramani 2016, NeurIPS, sections 4.1 and 4.2.
    """

    kind: ClassVar[str] = "variational"
    layouts: ClassVar[tuple[str, ...]] = (UNITS, MAPS, STEPS, WORDS, STATES)
    needs: ClassVar[tuple[str, ...]] = layouts
    in_sequences: ClassVar[bool] = True
    # The lines of an image are the steps of a recurrent layer.
    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {MAPS: (-2,), STEPS: (-2,), WORDS: (-2,), STATES: (-2,)}
    options: ClassVar[tuple[str, ...]] = ("gates",)

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        layer: nn.RNNBase | None = None,
        gates: str = "shared",
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, layer, generator)
        if gates not in GATES:
            raise ValueError(f"gates={gates}: must be one of {', '.join(GATES)}")
        self.gates, self.per_gate = gates, gates == "own"

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return spatial(x, rate, random, self.shared.get(layout, ()))
