"""Recurrent dropout without memory loss: only the candidate of a gated cell is dropped."""

from typing import ClassVar

from torch import Tensor

from dropout_lab.dropout.base import CANDIDATES, UNITS
from dropout_lab.dropout.inverted import inverted
from dropout_lab.dropout.recurrent_wrapper import RecurrentWrapper
from dropout_lab.rng import Randomness


class RecurrentDropout(RecurrentWrapper):
    """Dropout with a new mask at every step on the candidate of an LSTM or GRU; the stored memory is not dropped.

    Source:
        Semeniuta et al. 2016, COLING, section 3.3.
    """

    kind: ClassVar[str] = "recurrent"
    layouts: ClassVar[tuple[str, ...]] = (CANDIDATES,)
    needs: ClassVar[tuple[str, ...]] = (CANDIDATES,)
    takes_input: ClassVar[bool] = False
    in_sequences: ClassVar[bool] = True

    def sample(self, x: Tensor, rate: Tensor | float, random: Randomness, layout: str = UNITS) -> Tensor:
        return inverted(x, rate, random)
