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
        64, low=1, high=MOST, when=("data.is_text", True), help="width of the vectors of a text's tokens"
    )
    hidden: list[int] = setting(
        [128, 128], low=1, high=MOST, empty=True, help="width of each hidden layer; none for a linear model"
    )
    initial: str = setting(
        "uniform",
        choices=("uniform", "glorot"),
        off="uniform",
        help="initial weights: within 1 / sqrt(inputs) of 0, or within sqrt(6 / (inputs + units)) and biases 0",
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
        [16, 32], low=1, high=MOST, help="filters of each 3x3 convolution; a 2x2 max-pool follows each"
    )
    head: list[int] = setting([64], low=1, high=MOST, help="width of each dense layer after the blocks")

    @property
    def hidden_sites(self) -> int:
        return len(self.channels) + len(self.head)


@dataclass(frozen=True)
class RecurrentConf(ModelConf):
    """Base class of the recurrent models; each kind adds its cell."""

    embedding: int = setting(
        64, low=1, high=MOST, when=("data.is_text", True), help="width of the vectors of a text's tokens"
    )
    units: int = setting(64, low=1, high=MOST, help="hidden units of each recurrent layer; an image row is a time step")
    layers: int = setting(1, low=1, high=16, help="recurrent layers, with dropout on the output of each")
    bidirectional: bool = setting(
        False, off=False, help="whether recurrent layers read backwards as well, each way with its own units"
    )
    pooling: str = setting(
        "last",
        choices=("last", "mean", "max"),
        unless=("data.is_stream", True),
        off="last",
        help="what goes to the output: the last recurrent state, or the mean or largest of all steps",
    )
    tied: bool = setting(
        False, off=False, help="whether the output of a language model has the vectors of its tokens for weights"
    )
    init_range: float = setting(
        0.0,
        low=0,
        high=MOST,
        off=0.0,
        identity_key="model.init",
        help="initial values are uniform within this of 0; 0: within 1 / sqrt(units)",
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
    width: int = setting(64, low=1, high=MOST, help="units, or features of a token, between and inside the blocks")
    blocks: int = setting(4, low=1, high=1000, help="residual blocks; rate has one entry for each where it is a list")

    @property
    def hidden_sites(self) -> int:
        return self.blocks


@dataclass(frozen=True)
class ResCNNConf(ModelConf):
    """Residual network of convolutional blocks."""

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
        unless=("data.is_text", True),
        help="side of a patch of the image in pixels; each patch is a token",
    )
    width: int = setting(32, low=1, high=MOST, help="units, or features of a token, between and inside the blocks")
    blocks: int = setting(2, low=1, high=1000, help="residual blocks; rate has one entry for each where it is a list")
    heads: int = setting(4, low=1, high=MOST, help="attention heads; they must divide model.width")

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
        help="own network: called with the shape of an example and the number of outputs, gives an nn.Module",
    )
    digest: str = setting(
        "",
        check=check_digest,
        allowed="16 to 64 hex digits",
        help="sha256 of the file that model.target is in; filled in, and refused where the file is another",
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
