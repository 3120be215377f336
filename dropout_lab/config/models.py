"""The schemas of ``model=``, one per kind."""

from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.settings.fields import Validated, setting
from dropout_lab.settings.validators import MOST, check_digest, check_target


@dataclass(frozen=True)
class ModelConf(Validated):
    """Base class of the model schemas; each kind adds its architecture."""

    GROUP: ClassVar[str] = "model"
    kind: str = setting("mlp", help="the model", column="model")

    @property
    def hidden_sites(self) -> int | None:
        """Number of sites where ``rate`` applies, from input to output; ``rate`` as a list has one entry per site.

        None if only the network itself defines its sites.
        """
        raise NotImplementedError


ACTIVATIONS = ("relu", "tanh", "selu", "gelu", "sigmoid")


@dataclass(frozen=True)
class MLPConf(ModelConf):
    """Multilayer perceptron."""

    kind: str = setting("mlp", choices=("mlp",), help="the model", column="model")
    embedding: int = setting(
        64, low=1, high=MOST, when=("data.is_text", True), help="size of the token embeddings of texts"
    )
    hidden: list[int] = setting(
        [128, 128], low=1, high=MOST, empty=True, help="width of each hidden layer; an empty list gives a linear model"
    )
    initial: str = setting(
        "uniform",
        choices=("uniform", "glorot"),
        off="uniform",
        help="initial weights: within 1 / sqrt(inputs) of 0, or within sqrt(6 / (inputs + units)) with zero biases",
    )
    activation: str = setting("relu", choices=ACTIVATIONS, help="non-linearity of the hidden layers")

    @property
    def hidden_sites(self) -> int:
        return len(self.hidden)


@dataclass(frozen=True)
class CNNConf(ModelConf):
    """Convolutional blocks and a dense head."""

    kind: str = setting("cnn", choices=("cnn",), help="the model", column="model")
    activation: str = setting("relu", choices=ACTIVATIONS, help="non-linearity of the hidden layers")
    channels: list[int] = setting(
        [16, 32],
        low=1,
        high=MOST,
        help="number of filters per 3x3 convolution; each convolution is followed by a 2x2 max-pool",
    )
    head: list[int] = setting([64], low=1, high=MOST, help="width of each dense layer after the convolutional blocks")

    @property
    def hidden_sites(self) -> int:
        return len(self.channels) + len(self.head)


@dataclass(frozen=True)
class RecurrentConf(ModelConf):
    """Base class of the recurrent models; each kind adds its cell."""

    embedding: int = setting(
        64, low=1, high=MOST, when=("data.is_text", True), help="size of the token embeddings of texts"
    )
    units: int = setting(
        64, low=1, high=MOST, help="number of hidden units per recurrent layer; an image row is a time step"
    )
    layers: int = setting(
        1, low=1, high=16, help="number of recurrent layers, with dropout on the output of each layer"
    )
    bidirectional: bool = setting(
        False, off=False, help="use bidirectional recurrent layers, with separate units per direction"
    )
    pooling: str = setting(
        "last",
        choices=("last", "mean", "max"),
        unless=("data.is_stream", True),
        off="last",
        help="input of the output layer: the last recurrent state, or the mean or maximum over all time steps",
    )
    tied: bool = setting(False, off=False, help="tie the output weights of a language model to its token embeddings")
    init_range: float = setting(
        0.0,
        low=0,
        high=MOST,
        off=0.0,
        identity_key="model.init",
        help="half-width of the uniform distribution of initial values; 0: 1 / sqrt(units)",
    )

    @property
    def hidden_sites(self) -> int:
        return self.layers


@dataclass(frozen=True)
class LSTMConf(RecurrentConf):
    """Long short-term memory."""

    kind: str = setting("lstm", choices=("lstm",), help="the model", column="model")


@dataclass(frozen=True)
class GRUConf(RecurrentConf):
    """Gated recurrent units."""

    kind: str = setting("gru", choices=("gru",), help="the model", column="model")


@dataclass(frozen=True)
class RNNConf(RecurrentConf):
    """Plain recurrent units with tanh."""

    kind: str = setting("rnn", choices=("rnn",), help="the model", column="model")


@dataclass(frozen=True)
class ResMLPConf(ModelConf):
    """Residual network of dense blocks."""

    kind: str = setting("resmlp", choices=("resmlp",), help="the model", column="model")
    activation: str = setting("relu", choices=ACTIVATIONS, help="non-linearity of the hidden layers")
    width: int = setting(
        64, low=1, high=MOST, help="number of units, or of features per token, between and inside the blocks"
    )
    blocks: int = setting(
        4, low=1, high=1000, help="number of residual blocks; a list for rate has one entry per block"
    )

    @property
    def hidden_sites(self) -> int:
        return self.blocks


@dataclass(frozen=True)
class ResCNNConf(ModelConf):
    """Residual network of convolutional blocks."""

    kind: str = setting("rescnn", choices=("rescnn",), help="the model", column="model")
    activation: str = setting("relu", choices=ACTIVATIONS, help="non-linearity of the hidden layers")
    maps: int = setting(16, low=1, high=MOST, help="number of feature maps between and inside the residual blocks")
    blocks: int = setting(
        4, low=1, high=1000, help="number of residual blocks; a list for rate has one entry per block"
    )

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
        unless=("data.is_text", True),
        help="side length of an image patch in pixels; each patch is a token",
    )
    width: int = setting(
        32, low=1, high=MOST, help="number of units, or of features per token, between and inside the blocks"
    )
    blocks: int = setting(
        2, low=1, high=1000, help="number of residual blocks; a list for rate has one entry per block"
    )
    heads: int = setting(4, low=1, high=MOST, help="number of attention heads; must divide model.width")

    @property
    def hidden_sites(self) -> int:
        return self.blocks


@dataclass(frozen=True)
class CustomConf(ModelConf):
    """User-defined network."""

    kind: str = setting("custom", choices=("custom",), help="the model", column="model")
    target: str = setting(
        "",
        check=check_target,
        allowed="MODULE:FUNCTION",
        help="custom network: function of the shape of an example and the number of outputs that returns an nn.Module",
    )
    digest: str = setting(
        "",
        check=check_digest,
        allowed="16 to 64 hex digits",
        help="sha256 of the file with model.target; filled in automatically, a different file is refused",
    )

    @property
    def hidden_sites(self) -> None:
        return None


RECURRENT = ("lstm", "gru", "rnn")
MODELS: dict[str, type[ModelConf]] = {
    "mlp": MLPConf,
    "cnn": CNNConf,
    "lstm": LSTMConf,
    "gru": GRUConf,
    "rnn": RNNConf,
    "resmlp": ResMLPConf,
    "rescnn": ResCNNConf,
    "transformer": TransformerConf,
    "custom": CustomConf,
}
