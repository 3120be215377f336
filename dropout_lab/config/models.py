"""The schemas of ``model=``, one for each kind."""

from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.checks import MOST
from dropout_lab.config.data import TEXTS
from dropout_lab.settings import Checked, setting


@dataclass(frozen=True)
class ModelConf(Checked):
    """A model; each kind extends this with its shape."""

    GROUP: ClassVar[str] = "model"
    kind: str = setting("mlp", help="the model", column="model")

    @property
    def hidden_sites(self) -> int:
        """Places where ``rate`` acts, from input to output; ``rate`` as a list has one entry for each."""
        raise NotImplementedError


ACTIVATIONS = ("relu", "tanh", "selu", "gelu")


@dataclass(frozen=True)
class MLPConf(ModelConf):
    """Dense layers."""

    kind: str = setting("mlp", choices=("mlp",), help="the model", column="model")
    embedding: int = setting(
        64, low=1, high=MOST, when=("data.kind", *TEXTS), help="width of the vectors of a text's tokens"
    )
    hidden: list[int] = setting([128, 128], low=1, high=MOST, help="width of each hidden layer")
    activation: str = setting("relu", choices=ACTIVATIONS, help="non-linearity of the hidden layers")

    @property
    def hidden_sites(self) -> int:
        return len(self.hidden)


@dataclass(frozen=True)
class CNNConf(ModelConf):
    """Convolution blocks and a dense head."""

    kind: str = setting("cnn", choices=("cnn",), help="the model", column="model")
    activation: str = setting("relu", choices=ACTIVATIONS, help="non-linearity of the hidden layers")
    channels: list[int] = setting(
        [16, 32], low=1, high=MOST, help="filters of each 3x3 convolution; a 2x2 max-pool follows each"
    )
    head: list[int] = setting([64], low=1, high=MOST, help="width of each dense layer after the blocks")

    @property
    def hidden_sites(self) -> int:
        return len(self.channels) + len(self.head)


@dataclass(frozen=True)
class LSTMConf(ModelConf):
    """Recurrent layers."""

    kind: str = setting("lstm", choices=("lstm",), help="the model", column="model")
    embedding: int = setting(
        64, low=1, high=MOST, when=("data.kind", *TEXTS), help="width of the vectors of a text's tokens"
    )
    units: int = setting(64, low=1, high=MOST, help="hidden units of each recurrent layer; an image row is a time step")
    layers: int = setting(1, low=1, high=16, help="recurrent layers, with dropout on the output of each")

    @property
    def hidden_sites(self) -> int:
        return self.layers


@dataclass(frozen=True)
class ResMLPConf(ModelConf):
    """Dense residual blocks."""

    kind: str = setting("resmlp", choices=("resmlp",), help="the model", column="model")
    activation: str = setting("relu", choices=ACTIVATIONS, help="non-linearity of the hidden layers")
    width: int = setting(64, low=1, high=MOST, help="units, or features of a token, between and inside the blocks")
    blocks: int = setting(4, low=1, high=1000, help="residual blocks; rate has one entry for each where it is a list")

    @property
    def hidden_sites(self) -> int:
        return self.blocks


@dataclass(frozen=True)
class ResCNNConf(ModelConf):
    """Convolutional residual blocks."""

    kind: str = setting("rescnn", choices=("rescnn",), help="the model", column="model")
    activation: str = setting("relu", choices=ACTIVATIONS, help="non-linearity of the hidden layers")
    maps: int = setting(16, low=1, high=MOST, help="feature maps between and inside the residual blocks")
    blocks: int = setting(4, low=1, high=1000, help="residual blocks; rate has one entry for each where it is a list")

    @property
    def hidden_sites(self) -> int:
        return self.blocks


@dataclass(frozen=True)
class TransformerConf(ModelConf):
    """Self-attention over the patches of an image."""

    kind: str = setting("transformer", choices=("transformer",), help="the model", column="model")
    activation: str = setting("gelu", choices=ACTIVATIONS, help="non-linearity of the hidden layers")
    patch: int = setting(
        2,
        low=1,
        high=MOST,
        unless=("data.kind", *TEXTS),
        help="side of a patch of the image in pixels; each patch is a token",
    )
    width: int = setting(32, low=1, high=MOST, help="units, or features of a token, between and inside the blocks")
    blocks: int = setting(2, low=1, high=1000, help="residual blocks; rate has one entry for each where it is a list")
    heads: int = setting(4, low=1, high=MOST, help="attention heads; they must divide model.width")

    @property
    def hidden_sites(self) -> int:
        return self.blocks


MODELS: dict[str, type[ModelConf]] = {
    "mlp": MLPConf,
    "cnn": CNNConf,
    "lstm": LSTMConf,
    "resmlp": ResMLPConf,
    "rescnn": ResCNNConf,
    "transformer": TransformerConf,
}
