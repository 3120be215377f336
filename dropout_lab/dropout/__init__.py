"""Dropout variants as standalone modules, and the registry of variants that the training engine reads.

from dropout_lab.dropout import Gaussian, Inverted, Spatial2d
"""

from dropout_lab.dropout.alpha import Alpha, FeatureAlpha, alpha
from dropout_lab.dropout.attention import Attention, attention
from dropout_lab.dropout.base import (
    ACTIVATION_KINDS,
    ATTENTION,
    CANDIDATES,
    MAPS,
    MEMORY_CELLS,
    PATHS,
    RECURRENT,
    SITE_KINDS,
    STATES,
    STEPS,
    UNITS,
    WEIGHTS,
    WORDS,
    Dropout,
)
from dropout_lab.dropout.block import Block, block
from dropout_lab.dropout.concrete import Concrete, concrete
from dropout_lab.dropout.cutout import Cutout, cutout
from dropout_lab.dropout.dropblock import DropBlock, dropblock
from dropout_lab.dropout.dropconnect import DropConnect, dropconnect
from dropout_lab.dropout.fast import Fast, fast
from dropout_lab.dropout.gaussian import Gaussian, gaussian
from dropout_lab.dropout.inverted import Inverted, inverted
from dropout_lab.dropout.maxdropout import MaxDropout, maxdropout
from dropout_lab.dropout.naive import Naive
from dropout_lab.dropout.non_recurrent import NonRecurrent
from dropout_lab.dropout.r_drop import RDrop, r_drop
from dropout_lab.dropout.recurrent import RecurrentDropout
from dropout_lab.dropout.rnndrop import RNNDrop
from dropout_lab.dropout.sparse_variational import SparseVariational
from dropout_lab.dropout.spatial import Spatial, Spatial1d, Spatial2d, spatial
from dropout_lab.dropout.standard import Standard, standard
from dropout_lab.dropout.standout import Standout, standout
from dropout_lab.dropout.stochastic_depth import StochasticDepth, stochastic_depth
from dropout_lab.dropout.uniform import Uniform, uniform
from dropout_lab.dropout.variational import Variational
from dropout_lab.dropout.variational_gaussian import VariationalGaussian
from dropout_lab.dropout.weight_drop import WeightDrop, weight_drop
from dropout_lab.dropout.zoneout import Zoneout

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
        Standout,
        Fast,
        DropConnect,
        Naive,
        NonRecurrent,
        Variational,
        RecurrentDropout,
        RNNDrop,
        Zoneout,
        WeightDrop,
        StochasticDepth,
        Attention,
        Concrete,
        VariationalGaussian,
        SparseVariational,
        RDrop,
    )
}

__all__ = [
    "ACTIVATION_KINDS",
    "ATTENTION",
    "CANDIDATES",
    "MAPS",
    "MEMORY_CELLS",
    "PATHS",
    "RECURRENT",
    "SITE_KINDS",
    "STATES",
    "STEPS",
    "UNITS",
    "VARIANTS",
    "WEIGHTS",
    "WORDS",
    "Alpha",
    "Attention",
    "Block",
    "Concrete",
    "Cutout",
    "DropBlock",
    "DropConnect",
    "Dropout",
    "Fast",
    "FeatureAlpha",
    "Gaussian",
    "Inverted",
    "MaxDropout",
    "Naive",
    "NonRecurrent",
    "RDrop",
    "RNNDrop",
    "RecurrentDropout",
    "SparseVariational",
    "Spatial",
    "Spatial1d",
    "Spatial2d",
    "Standard",
    "Standout",
    "StochasticDepth",
    "Uniform",
    "Variational",
    "VariationalGaussian",
    "WeightDrop",
    "Zoneout",
    "alpha",
    "attention",
    "block",
    "concrete",
    "cutout",
    "dropblock",
    "dropconnect",
    "fast",
    "gaussian",
    "inverted",
    "maxdropout",
    "r_drop",
    "spatial",
    "standard",
    "standout",
    "stochastic_depth",
    "uniform",
    "weight_drop",
]
