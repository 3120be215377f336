"""Models with a leading axis M, built from their schema and the shape of the data."""

from collections.abc import Sequence

from dropout_lab.config import (
    CNNConf,
    CustomConf,
    LSTMConf,
    MLPConf,
    ModelConf,
    ResCNNConf,
    ResMLPConf,
    TransformerConf,
)
from dropout_lab.models.base import Hook, Model, Parameter, Params, Plain, State
from dropout_lab.models.cnn import CNN
from dropout_lab.models.custom import Custom
from dropout_lab.models.lstm import LSTM
from dropout_lab.models.mlp import MLP
from dropout_lab.models.residual import ResCNN, ResMLP
from dropout_lab.models.transformer import Sizes, Transformer
from dropout_lab.targets import load

READERS = (MLPConf, LSTMConf, TransformerConf)


def build(conf: ModelConf, shape: Sequence[int], outputs: int, network: str = "as_is", symbols: int = 0) -> Model:
    """The model of a config.

    Args:
        shape: of one example; (T,) of a text of T tokens, () of a running text.
        outputs: K, classes, targets or symbols.
        network: ``selu`` for SELU units and their initial weights, whatever the activation.
        symbols: different symbols of texts; 0 for other data.

    Raises:
        ValueError: the model cannot take examples of this shape; says what it needs.
        ConfigError: the code of an own network is not there, or another.
    """
    selu = network == "selu"
    if selu and isinstance(conf, LSTMConf):
        raise ValueError("has gates of its own and cannot take the SELU network that this variant asks for")
    if selu and isinstance(conf, CustomConf):
        raise ValueError(
            "a network of your own cannot become the SELU network that this variant asks for; variant.network=as_is "
            "leaves it as it is"
        )
    if selu and isinstance(conf, ResMLPConf | ResCNNConf | TransformerConf):
        raise ValueError("normalises its layers and cannot take the SELU network that this variant asks for")
    if symbols and not isinstance(conf, READERS):
        raise ValueError("does not read texts, which model=mlp, lstm and transformer do")
    if symbols and not shape and not isinstance(conf, LSTMConf):
        raise ValueError("does not continue a running text, which model=lstm does")
    activation = "selu" if selu else getattr(conf, "activation", "")
    model: Model
    match conf:
        case MLPConf():
            model = MLP(shape, outputs, conf.hidden, activation, symbols, conf.embedding)
        case CNNConf():
            model = CNN(shape, outputs, conf.channels, conf.head, activation)
        case LSTMConf():
            model = LSTM(shape, outputs, conf.units, conf.layers, symbols, conf.embedding)
        case ResMLPConf():
            model = ResMLP(shape, outputs, conf.width, conf.blocks, activation)
        case ResCNNConf():
            model = ResCNN(shape, outputs, conf.maps, conf.blocks, activation)
        case TransformerConf():
            sizes = Sizes(conf.patch, conf.width, conf.blocks, conf.heads)
            model = Transformer(shape, outputs, sizes, activation, symbols)
        case CustomConf():
            model = Custom(shape, outputs, load(conf.target, conf.digest), conf.target)
        case _:
            raise TypeError(f"no model for {type(conf).__name__}")
    model.lecun = selu
    model.bounded = activation == "tanh" or isinstance(conf, LSTMConf)
    return model


__all__ = [
    "CNN",
    "LSTM",
    "MLP",
    "Custom",
    "Hook",
    "Model",
    "Parameter",
    "Params",
    "Plain",
    "ResCNN",
    "ResMLP",
    "State",
    "Transformer",
    "build",
]
