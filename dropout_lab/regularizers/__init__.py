"""Regularizers other than dropout: their registry, and the functions that build those of a pack."""

from dropout_lab.config import RegularizerConf
from dropout_lab.regularizers.augment import Augment
from dropout_lab.regularizers.base import ExtraParameter, HiddenSite, NetworkInfo, PackChoice, Regularizer, Stopping
from dropout_lab.regularizers.batch_norm import BatchNorm
from dropout_lab.regularizers.early_stopping import EarlyStopping
from dropout_lab.regularizers.elastic import Elastic
from dropout_lab.regularizers.input_noise import InputNoise
from dropout_lab.regularizers.kl_sparsity import KLSparsity
from dropout_lab.regularizers.l1 import L1
from dropout_lab.regularizers.l2 import L2
from dropout_lab.regularizers.label_smoothing import LabelSmoothing
from dropout_lab.regularizers.layer_norm import LayerNorm
from dropout_lab.regularizers.max_norm import MaxNorm
from dropout_lab.regularizers.mixup import Mixup
from dropout_lab.regularizers.stack import RegularizerStack
from dropout_lab.regularizers.weight_decay import WeightDecay
from dropout_lab.regularizers.weight_noise import WeightNoise

# Regularizers with the same hook act in this order.
REGULARIZERS: dict[str, type[Regularizer]] = {
    regularizer.kind: regularizer
    for regularizer in (
        Augment,
        InputNoise,
        Mixup,
        WeightNoise,
        BatchNorm,
        LayerNorm,
        KLSparsity,
        LabelSmoothing,
        L1,
        L2,
        Elastic,
        WeightDecay,
        MaxNorm,
        EarlyStopping,
    )
}


def build_stack(scene: NetworkInfo, trials: PackChoice) -> RegularizerStack:
    """Return the regularizers of a pack, which contain all that any of its trials has chosen."""
    chosen = {name for conf in trials.confs for name in conf.names}
    made = [kind(scene, trials) for name, kind in REGULARIZERS.items() if name in chosen]
    return RegularizerStack(made, len(trials.confs))


def extra_parameters(conf: RegularizerConf, scene: NetworkInfo) -> dict[str, ExtraParameter]:
    """Return the parameters that the chosen regularizers add to the network, by name."""
    parameters: dict[str, ExtraParameter] = {}
    for name in conf.names:
        parameters |= REGULARIZERS[name].parts(conf, scene)
    return parameters


def incompatibility(conf: RegularizerConf, scene: NetworkInfo) -> str | None:
    """Return why a chosen regularizer is not applicable to a network and its data; None if all are applicable."""
    reasons = (REGULARIZERS[name].incompatibility(conf, scene) for name in conf.names)
    return next((reason for reason in reasons if reason), None)


__all__ = [
    "REGULARIZERS",
    "ExtraParameter",
    "HiddenSite",
    "NetworkInfo",
    "PackChoice",
    "Regularizer",
    "RegularizerStack",
    "Stopping",
    "build_stack",
    "extra_parameters",
    "incompatibility",
]
