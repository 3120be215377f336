"""Models with a leading axis M, built from their schema and the shape of the data."""

from collections.abc import Sequence

from dropout_lab.config import CNNConf, LSTMConf, MLPConf, ModelConf
from dropout_lab.models.base import Model, Parameter, Params, Site
from dropout_lab.models.cnn import CNN
from dropout_lab.models.lstm import LSTM
from dropout_lab.models.mlp import MLP


def build(conf: ModelConf, shape: Sequence[int], outputs: int) -> Model:
    """The model of a config.

    Args:
        shape: of one example.
        outputs: K, classes or targets.

    Raises:
        ValueError: the model cannot take examples of this shape; says what it needs.
    """
    match conf:
        case MLPConf():
            return MLP(shape, outputs, conf.hidden, conf.activation)
        case CNNConf():
            return CNN(shape, outputs, conf.channels, conf.head)
        case LSTMConf():
            return LSTM(shape, outputs, conf.units, conf.layers)
    raise TypeError(f"no model for {type(conf).__name__}")


__all__ = ["CNN", "LSTM", "MLP", "Model", "Parameter", "Params", "Site", "build"]
