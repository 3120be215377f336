"""The schemas over ``conf/``: every setting with its type, range, default, CSV column and role.

Nothing here imports torch, so a wrong word on the command line is answered at once.
"""

import math
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from omegaconf import MISSING

from dropout_lab.settings import Checked, ConfigError, Setting, exact, setting, table_of

RATE = "a number in [0, 1), or a list of them from input to output"


def check_rates(value: Any) -> float | list[float]:
    """A drop rate, or one per hidden site: numbers in [0, 1). A list of equal rates stays a list until its model
    is known."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    for item in items:
        number = isinstance(item, int | float) and not isinstance(item, bool)
        if not number or not math.isfinite(item) or not 0 <= item < 1:
            raise ValueError(f"must be {RATE}")
    if not items:
        raise ValueError(f"must be {RATE}")
    rates = [exact(item) for item in items]
    return rates if isinstance(value, list | tuple) else rates[0]


MOST = 1_000_000  # of anything counted: beyond it lies a slip of the finger, or the end of the memory
SEEDS = "a whole number of seeds from 1 to 100000, or a list of different ones such as [0,1,2]"


def check_seeds(value: Any) -> int | list[int]:
    """N stands for the trial seeds 0..N-1."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    if any(isinstance(i, bool) or not isinstance(i, int) or i < 0 for i in items) or len(set(items)) != len(items):
        raise ValueError(f"must be {SEEDS}")
    if not items or value == 0:
        raise ValueError(f"an empty sweep: must be {SEEDS}")
    if not isinstance(value, list | tuple) and value > 100_000:
        raise ValueError(f"must be {SEEDS}")
    return items if isinstance(value, list | tuple) else value


def check_device(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"cpu|cuda(:\d+)?", value):
        raise ValueError("must be cpu, cuda or cuda:N")
    return value


def check_out(value: Any) -> str:
    """A folder; ``~`` is the user's own."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be the name of a folder")
    if "${" in value:
        raise ValueError("must be a plain name; ${...} is not resolved here, the shell can do that")
    try:
        return str(Path(value).expanduser())
    except RuntimeError:
        raise ValueError("is the home of nobody here") from None


def check_auto(value: Any) -> str | int:
    if value != "auto" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError("must be auto or a whole number of at least 1")
    return value


@dataclass(frozen=True)
class DataConf(Checked):
    """Which data, and how much of it is held out."""

    GROUP: ClassVar[str] = "data"
    kind: str = setting("digits", help="the data set", column="data")
    test_fraction: float = setting(
        0.2, low=0, high=0.9, open_low=True, help="part held out for the test, drawn from the base seed alone"
    )
    val_fraction: float = setting(
        0.2, low=0, high=0.9, open_low=True, help="part of the rest held out for validation, by trial seed"
    )


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


@dataclass(frozen=True)
class ScheduleConf(Checked):
    """How the rate moves."""

    GROUP: ClassVar[str] = "schedule"
    kind: str = setting("constant", help="how the rate moves during training", column="schedule")


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
