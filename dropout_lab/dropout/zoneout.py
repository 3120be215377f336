"""Zoneout: units of a recurrent layer keep their value from the previous step."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import MEMORY_CELLS, STATES, UNITS
from dropout_lab.dropout.recurrent_wrapper import RecurrentWrapper
from dropout_lab.dropout.standard import scale_by_keep, standard
from dropout_lab.rng import Randomness


class Zoneout(RecurrentWrapper):
    """Zoneout of the hidden states, and of the memory cells of an LSTM.

    In every step each element keeps its previous value with probability ``rate``, by a new mask. At test time every
    element is updated by the expected fraction 1 - rate of its change. The mask acts on the change, so it is the mask
    of dropout without rescaling.

    Source:
        Krueger et al. 2017, ICLR, section 3.2.
    """

    kind: ClassVar[str] = "zoneout"
    layouts: ClassVar[tuple[str, ...]] = (STATES, MEMORY_CELLS)
    needs: ClassVar[tuple[str, ...]] = (STATES,)
    carries_previous: ClassVar[bool] = True
    takes_input: ClassVar[bool] = False
    in_sequences: ClassVar[bool] = True

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return standard(x, rate, random)

    def expected(self, x: Tensor, rate: Tensor | float) -> Tensor:
        return scale_by_keep(x, rate)
