"""Dropout of non-recurrent connections: what enters a recurrent layer and what leaves the last one."""

from typing import ClassVar

from dropout_lab.dropout.inverted import Inverted


class NonRecurrent(Inverted):
    """Inverted dropout with a fresh mask at every step on what goes up between layers, from the input to the output,
    and not on what goes from step to step.

    Source:
        Zaremba et al. 2014, arXiv:1409.2329, section 3.1.
    """

    kind: ClassVar[str] = "non_recurrent"
    in_sequences: ClassVar[bool] = True
