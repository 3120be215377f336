"""RNNDrop: one mask per sequence on the memory cells of an LSTM."""

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import MEMORY_CELLS, UNITS
from dropout_lab.dropout.recurrent_wrapper import RecurrentWrapper
from dropout_lab.dropout.spatial import spatial
from dropout_lab.rng import Randomness


class RNNDrop(RecurrentWrapper):
    """Dropout of memory cells for a whole sequence; the outputs of kept cells are divided by 1 - rate in training.

    The paper rescales the cells themselves, at test time, in every step. A factor inside the memory acts again at each
    step, so its effect vanishes or explodes with the number of steps (Semeniuta et al. 2016, section 3.2). Here the
    factor acts once, on the output of the cell, and the test-time form is the identity.

    Source:
        Moon et al. 2015, ASRU.
    """

    kind: ClassVar[str] = "rnndrop"
    layouts: ClassVar[tuple[str, ...]] = (MEMORY_CELLS,)
    needs: ClassVar[tuple[str, ...]] = (MEMORY_CELLS,)
    takes_input: ClassVar[bool] = False
    in_sequences: ClassVar[bool] = True
    shared: ClassVar[Mapping[str, tuple[int, ...]]] = {MEMORY_CELLS: (-2,)}

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return spatial(x, rate, random, self.shared.get(layout, ()))
