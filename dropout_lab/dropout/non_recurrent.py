"""Dropout of the non-recurrent connections: the inputs of all recurrent layers and the output of the last one."""

from typing import ClassVar

from dropout_lab.dropout.inverted import Inverted


class NonRecurrent(Inverted):
    """Inverted dropout with a new mask at every step on the connections between layers, from the input to the output.

    The connections from one step to the next are not dropped.

    Source:
        Zaremba et al. 2014, arXiv:1409.2329, section 3.1.
    """

    kind: ClassVar[str] = "non_recurrent"
    in_sequences: ClassVar[bool] = True
