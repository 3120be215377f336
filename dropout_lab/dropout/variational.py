"""Variational recurrent dropout: one mask per sequence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.dropout.base import MAPS, STATES, STEPS, UNITS, WORDS
from dropout_lab.dropout.recurrent_wrapper import RecurrentWrapper
from dropout_lab.dropout.spatial import spatial
from dropout_lab.rng import Randomness
from dropout_lab.settings import Options, setting

GATES = ("shared", "own")


@dataclass(frozen=True)
class VariationalOptions(Options):
    """Options of variational recurrent dropout."""

    gate_masks: str = setting(
        "shared",
        choices=GATES,
        identity_key="variant.gates",
        help="masks of the gates of a recurrent layer: one shared mask, or one per gate (untied weights)",
    )


class Variational(RecurrentWrapper):
    """Dropout with the same mask at every step on the inputs, states and outputs of recurrent layers.

    Embedding dropout drops a word type at all its positions in the sequence. Each example has separate masks.

    Args:
        rate, layer, generator: as in :class:`RecurrentWrapper`.
        gate_masks: ``own`` for a separate mask per gate (untied weights), ``shared`` for one mask for all gates.

    Raises:
        ValueError: if the rate is outside [0, 1] or ``gate_masks`` is unknown.

    Source:
        Gal and Ghahramani 2016, NeurIPS, sections 4.1 and 4.2.
    """

    kind: ClassVar[str] = "variational"
    layouts: ClassVar[tuple[str, ...]] = (UNITS, MAPS, STEPS, WORDS, STATES)
    needs: ClassVar[tuple[str, ...]] = layouts
    in_sequences: ClassVar[bool] = True
    # A recurrent layer reads the rows of an image as its steps.
    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {MAPS: (-2,), STEPS: (-2,), WORDS: (-2,), STATES: (-2,)}
    options: ClassVar[type[Options]] = VariationalOptions

    def __init__(
        self,
        rate: Tensor | float = 0.5,
        layer: nn.RNNBase | None = None,
        gate_masks: str = VariationalOptions.gate_masks,
        generator: torch.Generator | None = None,
    ):
        super().__init__(rate, layer, generator)
        if gate_masks not in GATES:
            raise ValueError(f"gate_masks={gate_masks}: must be one of {', '.join(GATES)}")
        self.gate_masks, self.per_gate = gate_masks, gate_masks == "own"

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return spatial(x, rate, random, self.shared.get(layout, ()))
