"""Naive recurrent dropout: a fresh mask at every step, on the recurrent state as well."""

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import MAPS, STATES, STEPS, UNITS, WORDS
from dropout_lab.dropout.recurrent_wrapper import RecurrentWrapper
from dropout_lab.dropout.spatial import spatial
from dropout_lab.rng import Randomness


class Naive(RecurrentWrapper):
    """Fresh masks at every step on what recurrent layers read and on their states, and on each token read.

    The memory of a layer is cut into anew at each step, which is what the other recurrent variants avoid: the arm to
    compare them with.

    Source:
        Bayer et al. 2013 and Zaremba et al. 2014, arXiv:1409.2329, section 3, warn of it; named so by Gal and
        Ghahramani 2016, NeurIPS, section 4.
    """

    kind: ClassVar[str] = "naive"
    layouts: ClassVar[tuple[str, ...]] = (UNITS, MAPS, STEPS, WORDS, STATES)
    needs: ClassVar[tuple[str, ...]] = layouts
    in_sequences: ClassVar[bool] = True
    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {WORDS: (-1,)}

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return spatial(x, rate, random, self.shared.get(layout, ()))
