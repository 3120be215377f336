"""Models with a leading axis M, built from a model config and the shape of the data."""

from collections.abc import Sequence
from dataclasses import replace

from dropout_lab.config import (
    CNNConf,
    CustomConf,
    MLPConf,
    ModelConf,
    RecurrentConf,
    ResCNNConf,
    ResMLPConf,
    TransformerConf,
)
from dropout_lab.dropout.hook_interface import Hook, PlainHook
from dropout_lab.models.base import Model, Parameter, Params, State
from dropout_lab.models.cnn import CNN
from dropout_lab.models.custom import Custom, NetworkError, error_line
from dropout_lab.models.mlp import MLP
from dropout_lab.models.recurrent import RecurrentModel, RecurrentShape
from dropout_lab.models.residual import ResCNN, ResMLP
from dropout_lab.models.transformer import Transformer, TransformerSizes
from dropout_lab.user_code import load_target

READERS = (MLPConf, RecurrentConf, TransformerConf)


def build_model(conf: ModelConf, shape: Sequence[int], outputs: int, network: str = "as_is", symbols: int = 0) -> Model:
    """Build the model of a config.

    Args:
        conf: the model config.
        shape: shape of one example; (T,) for a text of T tokens, () for a running text.
        outputs: number of outputs K: classes, targets or symbols.
        network: ``selu`` replaces the activation by SELU and the initial weights by those that SELU needs; ``as_is``
            keeps both.
        symbols: number of distinct symbols of a text dataset; 0 for other data.

    Raises:
        ValueError: the model does not accept examples of this shape; the message says which shape it needs.
        ConfigError: the code of a custom model is missing or has another digest.
    """
    selu = network == "selu"
    _refuse(conf, shape, selu, symbols)
    activation = "selu" if selu else getattr(conf, "activation", "")
    model: Model
    match conf:
        case MLPConf():
            model = MLP(shape, outputs, conf.hidden, activation, symbols, conf.embedding)
            model.glorot = conf.initial == "glorot" and not selu
        case CNNConf():
            model = CNN(shape, outputs, conf.channels, conf.head, activation)
        case RecurrentConf():
            form = RecurrentShape(conf.kind, conf.units, conf.layers, conf.bidirectional, conf.pooling, conf.tied)
            model = RecurrentModel(shape, outputs, replace(form, symbols=symbols, embedding=conf.embedding))
            model.within = conf.init_range or None
        case ResMLPConf():
            model = ResMLP(shape, outputs, conf.width, conf.blocks, activation)
        case ResCNNConf():
            model = ResCNN(shape, outputs, conf.maps, conf.blocks, activation)
        case TransformerConf():
            sizes = TransformerSizes(conf.patch, conf.width, conf.blocks, conf.heads)
            model = Transformer(shape, outputs, sizes, activation, symbols)
        case CustomConf():
            model = Custom(shape, outputs, load_target(conf.target, conf.digest), conf.target)
        case _:
            raise TypeError(f"no model for {type(conf).__name__}")
    model.lecun = selu
    model.bounded = activation == "tanh" or isinstance(conf, RecurrentConf)
    return model


def _refuse(conf: ModelConf, shape: Sequence[int], selu: bool, symbols: int) -> None:
    """Raise ValueError if a model has no SELU version (``selu``) or does not read texts (``symbols``)."""
    if selu and isinstance(conf, RecurrentConf):
        raise ValueError("has gates and cannot become the SELU network that this variant requires")
    if selu and isinstance(conf, CustomConf):
        raise ValueError(
            "a custom network cannot become the SELU network that this variant requires; set "
            "variant.network=as_is to train it unchanged"
        )
    if selu and isinstance(conf, ResMLPConf | ResCNNConf | TransformerConf):
        raise ValueError("normalises its layers and cannot become the SELU network that this variant requires")
    if symbols and not isinstance(conf, READERS):
        raise ValueError("does not read texts; use model=mlp, lstm, gru, rnn or transformer")
    if symbols and not shape and not isinstance(conf, RecurrentConf):
        raise ValueError("does not read running text; use model=lstm, gru or rnn")


__all__ = [
    "CNN",
    "MLP",
    "Custom",
    "Hook",
    "Model",
    "NetworkError",
    "Parameter",
    "Params",
    "PlainHook",
    "RecurrentModel",
    "ResCNN",
    "ResMLP",
    "State",
    "Transformer",
    "build_model",
    "error_line",
]
