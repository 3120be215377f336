"""RNNDrop: one mask for a whole sequence on the memory cells of an LSTM."""

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import MEMORY_CELLS, UNITS
from dropout_lab.dropout.recurrent_wrapper import RecurrentWrapper
from dropout_lab.dropout.spatial import spatial
from dropout_lab.rng import Randomness


class RNNDrop(RecurrentWrapper):
    """Memory cells are zero for a whole sequence; what the others give out is divided by 1 - rate while training.

    The paper rescales the cells themselves at test time, in every step; a factor inside the memory acts again at each
    step and dies away or explodes with their number (Semeniuta et al. 2016, section 3.2), so here it acts once, on what
    a cell gives out, and the test changes nothing.

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
