"""Naive recurrent dropout: a new mask at every step, including on the recurrent state."""

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import MAPS, STATES, STEPS, UNITS, WORDS
from dropout_lab.dropout.recurrent_wrapper import RecurrentWrapper
from dropout_lab.dropout.spatial import spatial
from dropout_lab.rng import Randomness


class Naive(RecurrentWrapper):
    """Dropout with a new mask at every step on the inputs and states of recurrent layers, and on each token.

    Every step drops a further part of the memory of a layer, which the other recurrent variants avoid. The variant
    serves as a baseline for them.

    Source:
        Bayer et al. 2013 and Zaremba et al. 2014, arXiv:1409.2329, section 3, advise against it; the name is from Gal
        and Ghahramani 2016, NeurIPS, section 4.
    """

    kind: ClassVar[str] = "naive"
    layouts: ClassVar[tuple[str, ...]] = (UNITS, MAPS, STEPS, WORDS, STATES)
    needs: ClassVar[tuple[str, ...]] = layouts
    in_sequences: ClassVar[bool] = True
    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {WORDS: (-1,)}

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return spatial(x, rate, random, self.shared.get(layout, ()))
