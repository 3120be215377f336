"""Models with a leading axis M, built from their schema and the shape of the data."""

from collections.abc import Sequence

from dropout_lab.config import CNNConf, LSTMConf, MLPConf, ModelConf
from dropout_lab.models.base import Model, Parameter, Params, Site
from dropout_lab.models.cnn import CNN
from dropout_lab.models.lstm import LSTM
from dropout_lab.models.mlp import MLP


def build(conf: ModelConf, shape: Sequence[int], outputs: int, network: str = "as_is") -> Model:
    """The model of a config.

    Args:
        shape: of one example.
        outputs: K, classes or targets.
        network: ``selu`` for SELU units and their initial weights, whatever the activation.

    Raises:
        ValueError: the model cannot take examples of this shape; says what it needs.
    """
    selu = network == "selu"
    model: Model
    match conf:
        case MLPConf():
            model = MLP(shape, outputs, conf.hidden, "selu" if selu else conf.activation)
        case CNNConf():
            model = CNN(shape, outputs, conf.channels, conf.head, "selu" if selu else conf.activation)
        case LSTMConf() if not selu:
            model = LSTM(shape, outputs, conf.units, conf.layers)
        case LSTMConf():
            raise ValueError("has gates of its own and cannot take the SELU network that this variant asks for")
        case _:
            raise TypeError(f"no model for {type(conf).__name__}")
    model.lecun = selu
    return model


__all__ = ["CNN", "LSTM", "MLP", "Model", "Parameter", "Params", "Site", "build"]
