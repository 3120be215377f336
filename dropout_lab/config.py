"""The schemas over ``conf/``: every setting with its type, range, default, CSV column and role.

Nothing here imports torch, so a wrong word on the command line is answered at once.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

from omegaconf import MISSING

from dropout_lab.checks import MOST, RATE, SEEDS, check_auto, check_device, check_out, check_rates, check_seeds
from dropout_lab.dataconf import DataConf
from dropout_lab.settings import Checked, ConfigError, Setting, exact, setting, show, table_of


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
    units: int = setting(64, low=1, high=MOST, help="hidden units of each recurrent layer; an image row is a time step")
    layers: int = setting(1, low=1, high=16, help="recurrent layers, with dropout on the output of each")

    @property
    def hidden_sites(self) -> int:
        return self.layers


@dataclass(frozen=True)
class VariantConf(Checked):
    """How units are dropped."""

    GROUP: ClassVar[str] = "variant"
    kind: str = setting("inverted", help="the dropout variant; none is rate 0", column="variant")
    network: str = setting(
        "as_is", choices=("as_is", "selu"), help="what the variant asks of the network: selu for SELU and its init"
    )
    block_size: int = setting(
        3, low=1, high=MOST, when=("variant.kind", "dropblock", "block"), help="pixels a side, or units a group"
    )


@dataclass(frozen=True)
class ScheduleConf(Checked):
    """How the rate moves."""

    GROUP: ClassVar[str] = "schedule"
    kind: str = setting("constant", help="how the rate moves during training", column="schedule")
    fraction: float = setting(
        0.5, low=0, high=1, when=("schedule.kind", "early", "late"), help="part of the training before the change"
    )
    gamma: float = setting(
        10.0, low=0, open_low=True, high=MOST, when=("schedule.kind", "curriculum"), help="how fast the rate rises"
    )
    steps: int = setting(3, low=1, high=MOST, when=("schedule.kind", "step"), help="stairs up to the rate")


@dataclass(frozen=True)
class RegularizerConf(Checked):
    """One schema for all regularizers, so that they combine: ``regularizer=[l2,early_stopping]``."""

    GROUP: ClassVar[str] = "regularizer"
    # Which are switched on, filled by the group's files; a strength whose regularizer is off has no effect.
    chosen: dict[str, bool] = field(default_factory=dict)
    l1: float = setting(1e-5, low=0, pack="own", column="l1", help="strength of L1: adds l1 * sum|w| to the loss")
    l2: float = setting(1e-4, low=0, pack="own", column="l2", help="strength of L2: adds l2 / 2 * sum w^2 to the loss")
    max_norm: float = setting(
        3.0, low=0, open_low=True, pack="own", column="max_norm", help="bound on the norm of a unit's incoming weights"
    )
    early_stopping: int = setting(
        5,
        low=1,
        high=MOST,
        pack="own",
        column="early_stopping",
        help="epochs without a better validation loss before stopping",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.chosen:
            if not hasattr(RegularizerConf, name) or name == "chosen":
                raise ConfigError(f"no regularizer {name!r}; `dropout-lab list regularizer` shows them")

    @property
    def names(self) -> list[str]:
        """The chosen ones, sorted; a penalty of strength 0 is no regularizer."""
        return sorted(name for name, on in self.chosen.items() if on and getattr(self, name) != 0)


@dataclass(frozen=True)
class TrainConf(Checked):
    """The training recipe."""

    GROUP: ClassVar[str] = "train"
    epochs: int = setting(30, low=1, high=MOST, help="passes over the training part")
    batch_size: int = setting(64, low=1, high=MOST, help="examples a step")
    optimizer: str = setting("adam", choices=("adam", "sgd"), help="the optimizer")
    lr: float = setting(1e-3, low=0, open_low=True, pack="own", help="learning rate")
    momentum: float = setting(
        0.9, low=0, high=1, open_high=True, when=("train.optimizer", "sgd"), help="momentum of sgd"
    )


@dataclass(frozen=True)
class Config(Checked):
    """One point of the grid, with the seeds it is to be trained on."""

    data: DataConf = field(default_factory=DataConf)
    # Any to OmegaConf, which cannot put one frozen schema in the place of another; always a ModelConf.
    model: Any = MISSING
    variant: VariantConf = field(default_factory=VariantConf)
    schedule: ScheduleConf = field(default_factory=ScheduleConf)
    regularizer: RegularizerConf = field(default_factory=RegularizerConf)
    train: TrainConf = field(default_factory=TrainConf)
    rate: Any = setting(
        0.5, check=check_rates, allowed=RATE, pack="own", column="rate", help="drop probability of the hidden sites"
    )
    profile: str = setting(
        "flat",
        choices=("flat", "linear"),
        identity=False,
        axis=True,
        help="one rate on all sites, or rising with depth about it",
    )
    input_rate: float = setting(
        0.0, low=0, high=1, open_high=True, pack="own", column="input_rate", help="drop probability of the input"
    )
    seeds: Any = setting(
        5, check=check_seeds, allowed=SEEDS, identity=False, help="trial seeds: N for 0..N-1, or a list"
    )
    seed: int = setting(0, low=0, column="base_seed", help="base seed of every random stream, and of the test split")
    out: str = setting(
        "results/sweep", check=check_out, allowed="the name of a folder", identity=False, help="the sweep folder"
    )
    device: str = setting(
        "cpu", check=check_device, allowed="cpu, cuda or cuda:N", column="device", help="where to train"
    )
    precision: str = setting("fp32", choices=("fp32",), column="precision", help="arithmetic of the training step")
    workers: Any = setting(
        "auto",
        check=check_auto,
        allowed="auto or a whole number of at least 1",
        identity=False,
        help="processes that train packs side by side; auto starts one a core for what takes long",
    )
    pack: Any = setting(
        "auto",
        check=check_auto,
        allowed="auto or a whole number of at least 1",
        identity=False,
        help="most trials trained at once as one stacked model",
    )

    skip_invalid: bool = setting(
        False, identity=False, help="leave out the arms that make no sense, and say which, instead of refusing all"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.model, ModelConf):
            raise ConfigError("a file for model= must start from one of ours, by `defaults: [mlp, _self_]`")
        sites = self.model.hidden_sites
        if isinstance(self.rate, list) and len(self.rate) != sites:
            places = f"{sites} place{'s' if sites > 1 else ''}"
            raise ConfigError.of(
                "rate", self.rate, f"must have one entry for each of the {places} where model={self.model.kind} drops"
            )
        if self.profile == "linear":
            if isinstance(self.rate, list):
                raise ConfigError.of("profile", self.profile, "takes one rate, which it spreads; the rate is a list")
            if self.site_rates[-1] >= 1:
                most = (sites + 1) / (2 * sites)
                raise ConfigError.of("rate", self.rate, f"must be below {show(most)} under profile=linear here")

    @property
    def site_rates(self) -> list[float]:
        """The rate of each hidden site, from input to output."""
        sites = self.model.hidden_sites
        if isinstance(self.rate, list):
            return self.rate
        slope = [2 * (i + 1) / (sites + 1) if self.profile == "linear" else 1.0 for i in range(sites)]
        return [exact(self.rate * part) for part in slope]

    @property
    def source(self) -> dict[str, Any]:
        """What :func:`dropout_lab.data.load` is told to find the data, beside their kind."""
        entries = [entry for entry in table_of(DataConf) if entry.spec.source and applies(entry, self)]
        return {"seed": self.seed, **{entry.name: getattr(self.data, entry.name) for entry in entries}}

    @property
    def trial_seeds(self) -> list[int]:
        return list(range(self.seeds)) if isinstance(self.seeds, int) else list(self.seeds)


MODELS: dict[str, type[ModelConf]] = {"mlp": MLPConf, "cnn": CNNConf, "lstm": LSTMConf}
GROUPS = ("data", "model", "variant", "schedule", "regularizer", "train")


@cache
def settings_table() -> tuple[Setting, ...]:
    """Every setting of every schema, groups first; one entry a key."""
    schemas = [DataConf, *MODELS.values(), VariantConf, ScheduleConf, RegularizerConf, TrainConf, Config]
    table: dict[str, Setting] = {}
    for schema in schemas:
        for entry in table_of(schema):
            table.setdefault(entry.key, entry)
    return tuple(table.values())


def value_at(key: str, config: Config) -> Any:
    """The value of a setting by its key; None if the config has no such setting, as a CNN has no ``model.hidden``."""
    node: Any = config
    for name in key.split("."):
        node = getattr(node, name, None)
    return node


def applies(entry: Setting, config: Config) -> bool:
    """Whether a setting can have an effect beside the others of its config."""
    for condition, wanted in ((entry.spec.when, True), (entry.spec.unless, False)):
        if condition is not None:
            key, *values = condition
            value = value_at(key, config)
            met = any(v in values for v in value) if isinstance(value, list) else value in values
            if met is not wanted:
                return False
    return True
