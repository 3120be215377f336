"""Dropout variants: ordinary modules for anybody's own network, and the registry the engine reads.

from dropout_lab.dropout import Inverted, Standard
"""

from dropout_lab.dropout.base import Dropout
from dropout_lab.dropout.inverted import Inverted, inverted
from dropout_lab.dropout.standard import Standard, standard

VARIANTS: dict[str, type[Dropout]] = {variant.kind: variant for variant in (Inverted, Standard)}

__all__ = ["VARIANTS", "Dropout", "Inverted", "Standard", "inverted", "standard"]
