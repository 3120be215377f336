"""Dropout variants: ordinary modules for anybody's own network, and the registry the engine reads.

from dropout_lab.dropout import Gaussian, Inverted, Spatial2d
"""

from dropout_lab.dropout.alpha import Alpha, FeatureAlpha, alpha
from dropout_lab.dropout.base import LAYOUTS, MAPS, STEPS, UNITS, Dropout
from dropout_lab.dropout.block import Block, block
from dropout_lab.dropout.cutout import Cutout, cutout
from dropout_lab.dropout.dropblock import DropBlock, dropblock
from dropout_lab.dropout.gaussian import Gaussian, gaussian
from dropout_lab.dropout.inverted import Inverted, inverted
from dropout_lab.dropout.maxdropout import MaxDropout, maxdropout
from dropout_lab.dropout.spatial import Spatial, Spatial1d, Spatial2d, spatial
from dropout_lab.dropout.standard import Standard, standard
from dropout_lab.dropout.uniform import Uniform, uniform

VARIANTS: dict[str, type[Dropout]] = {
    variant.kind: variant
    for variant in (
        Standard,
        Inverted,
        Gaussian,
        Uniform,
        Alpha,
        FeatureAlpha,
        Spatial,
        DropBlock,
        Block,
        Cutout,
        MaxDropout,
    )
}

__all__ = [
    "LAYOUTS",
    "MAPS",
    "STEPS",
    "UNITS",
    "VARIANTS",
    "Alpha",
    "Block",
    "Cutout",
    "DropBlock",
    "Dropout",
    "FeatureAlpha",
    "Gaussian",
    "Inverted",
    "MaxDropout",
    "Spatial",
    "Spatial1d",
    "Spatial2d",
    "Standard",
    "Uniform",
    "alpha",
    "block",
    "cutout",
    "dropblock",
    "gaussian",
    "inverted",
    "maxdropout",
    "spatial",
    "standard",
    "uniform",
]
