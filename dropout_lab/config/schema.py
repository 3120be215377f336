"""The complete config: the groups, the settings without a group, and the table of all settings."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from omegaconf import MISSING

from dropout_lab.config.conditions import has_effect
from dropout_lab.config.data import DataConf
from dropout_lab.config.declarations import read_constants
from dropout_lab.config.infer import InferConf
from dropout_lab.config.lr_schedule import LRScheduleConf
from dropout_lab.config.models import MODELS, RECURRENT, ModelConf
from dropout_lab.config.rate_profile import SiteRates
from dropout_lab.config.regularizers import RegularizerConf
from dropout_lab.config.schedule import ScheduleConf
from dropout_lab.config.training import TrainConf
from dropout_lab.config.variants import VariantConf
from dropout_lab.errors import ConfigError, format_setting
from dropout_lab.settings.fields import Setting, Validated, list_fields, setting
from dropout_lab.settings.requested_metrics import (
    METRICS_ALLOWED,
    MONITOR_ALLOWED,
    check_metrics,
    check_tuning_metric,
)
from dropout_lab.settings.validators import (
    DEVICES,
    MINUTES,
    MOST,
    PART_RATE,
    RATE,
    SEEDS,
    check_arms,
    check_auto,
    check_device,
    check_minutes,
    check_out,
    check_part_rate,
    check_rates,
    check_seeds,
)

SITES = read_constants("dropout", "base")  # kinds of sites
WORDS, STATES, RECURRENT_WEIGHTS = SITES["WORDS"], SITES["STATES"], SITES["RECURRENT"]


@dataclass(frozen=True)
class Config(SiteRates, Validated):
    """One point of the grid, with the seeds to train it on."""

    data: DataConf = field(default_factory=DataConf)
    # Always a ModelConf; declared as Any because OmegaConf cannot replace one frozen schema by another.
    model: Any = MISSING
    variant: VariantConf = field(default_factory=VariantConf)
    schedule: ScheduleConf = field(default_factory=ScheduleConf)
    regularizer: RegularizerConf = field(default_factory=RegularizerConf)
    train: TrainConf = field(default_factory=TrainConf)
    lr_schedule: LRScheduleConf = field(default_factory=LRScheduleConf)
    infer: InferConf = field(default_factory=InferConf)
    rate: Any = setting(
        0.5,
        check=check_rates,
        allowed=RATE,
        pack="own",
        column="rate",
        help="drop probability of the hidden sites, or a list with one rate per site",
    )
    profile: str = setting(
        "auto",
        choices=("auto", "flat", "linear", "falling", "rising"),
        identity=False,
        axis=True,
        help="rate by depth: flat; linear or falling with rate as the mean; rising up to rate; auto: set by the "
        "variant",
    )
    input_rate: Any = setting(
        None,
        check=check_part_rate,
        allowed=PART_RATE,
        pack="own",
        column="input_rate",
        help="drop probability of the input; null: 0, or rate for variants that cover a whole recurrent network",
    )
    embedding_rate: Any = setting(
        None,
        check=check_part_rate,
        allowed=PART_RATE,
        pack="own",
        when=("variant.layouts", WORDS),
        help="drop probability of token embeddings in a recurrent network, which drops whole word types; null: rate",
    )
    recurrent_rate: Any = setting(
        None,
        check=check_part_rate,
        allowed=PART_RATE,
        pack="own",
        when=("variant.layouts", STATES, RECURRENT_WEIGHTS),
        help="drop probability of the recurrent states or the recurrent weights; null: rate",
    )
    inter_layer_rate: Any = setting(
        None,
        check=check_part_rate,
        allowed=PART_RATE,
        pack="own",
        when=("model.kind", *RECURRENT),
        unless=("variant.inside_layers", True),
        identity_key="between_rate",
        help="drop probability between recurrent layers; null: rate",
    )
    output_rate: Any = setting(
        None,
        check=check_part_rate,
        allowed=PART_RATE,
        pack="own",
        when=("model.kind", *RECURRENT),
        unless=("variant.inside_layers", True),
        help="drop probability of the output of the last recurrent layer; null: rate",
    )
    convert_paper_constants: bool = setting(
        False,
        off=False,
        pack="own",
        identity_key="paper_scale",
        help="convert lr, l2, max_norm and similar constants from a paper that rescales at test time",
    )
    seeds: Any = setting(
        5, check=check_seeds, allowed=SEEDS, identity=False, help="trial seeds: N for 0..N-1, or a list"
    )
    base_seed: int = setting(
        0, low=0, column="base_seed", identity_key="seed", help="base seed of all random streams and of the test split"
    )
    resplit: bool = setting(
        False, identity=False, help="draw a separate test set per trial seed, from base_seed= plus the trial seed"
    )
    out: str = setting(
        "results/sweep",
        check=check_out,
        allowed="the name of a folder",
        identity=False,
        help="output folder of the sweep",
    )
    device: str = setting(
        "cpu",
        check=check_device,
        allowed=DEVICES,
        column="device",
        help="training device; auto: the GPU if there is one, else the CPU",
    )
    precision: str = setting(
        "fp32", choices=("fp32", "bf16"), column="precision", help="floating-point precision of the network"
    )
    workers: Any = setting(
        "auto",
        check=check_auto,
        allowed="auto or a whole number of at least 1",
        identity=False,
        help="number of processes that train packs in parallel; auto: one per core",
    )
    max_pack_size: Any = setting(
        "auto",
        check=check_auto,
        allowed="auto or a whole number of at least 1",
        identity=False,
        identity_key="pack",
        help="maximum number of trials that are trained together as one stacked model",
    )

    max_minutes: Any = setting(
        0.0,
        check=check_minutes,
        allowed=MINUTES,
        identity=False,
        help="minutes from the start of the command after which no pack is started; 0: no limit",
    )
    arms: Any = setting(
        "",
        check=check_arms,
        allowed="names of variants and regularizers, or lists of them",
        identity=False,
        axis=True,
        help="arms to compare, such as none,inverted,l2,[inverted,l2]; replaces variant= and regularizer=",
    )
    max_arms: int = setting(1_000_000, low=1, identity=False, help="maximum number of arms per command")
    tune: bool = setting(
        False,
        identity=False,
        help="select the settings of each arm on the validation set, then confirm them on further seeds",
    )
    budget: int = setting(
        20, low=1, high=MOST, identity=False, when=("tune", True), help="number of settings that tuning tries per arm"
    )
    sampler: str = setting(
        "random",
        choices=("random", "grid", "optuna"),
        identity=False,
        when=("tune", True),
        help="search method of the tuning",
    )
    tuning_seeds: int = setting(
        2,
        low=1,
        high=1000,
        identity=False,
        when=("tune", True),
        help="number of seeds per tried setting; they are not used to confirm the selection",
    )
    tuning_draws: int = setting(
        1,
        low=1,
        identity=False,
        when=("tune", True),
        help="number of repetitions of the tuning; each covers a share of the seeds",
    )
    tuning_metric: str = setting(
        "auto",
        check=check_tuning_metric,
        allowed=f"auto, {MONITOR_ALLOWED}",
        identity=False,
        when=("tune", True),
        help="metric by which tuning selects settings; auto: the validation score of the task",
    )
    metrics: list[str] = setting(
        [],
        check=check_metrics,
        allowed=METRICS_ALLOWED,
        identity=False,
        help="further metrics on the validation and test sets, such as [f1,auroc]; confusion: the confusion matrix",
    )
    evaluate_test: bool = setting(
        True,
        off=True,
        column="evaluate_test",
        identity_key="read_test",
        help="evaluate the test set at the end of training; false for trials that only select settings",
    )
    save_weights: bool = setting(
        False,
        identity=False,
        identity_key="save",
        help="save the weights of every trial in weights/; always on with infer=monte_carlo and infer=ensemble",
    )
    save_predictions: bool = setting(
        False, identity=False, help="save the predictions per test example in predictions/"
    )
    skip_invalid: bool = setting(
        False, identity=False, help="skip invalid arms and list them, instead of refusing the whole sweep"
    )

    def check_together(self) -> None:
        if not isinstance(self.model, ModelConf):
            raise ConfigError("a file for model= must extend a built-in model: `defaults: [mlp, _self_]`")
        if self.data.val_fraction == 0 and not self.data.is_stream:
            stopping = self.regularizer.chosen.get("early_stopping") and self.regularizer.early_stopping
            plateau = self.schedule.kind == "plateau"
            readers = {"early_stopping": stopping, "schedule=plateau": plateau, "tune=true": self.tune}
            for name in [name for name, reads in readers.items() if reads]:
                raise ConfigError.of("data.val_fraction", 0, f"leaves no validation split, which {name} requires")
        sites = self.model.hidden_sites
        if sites is not None and isinstance(self.rate, list):
            self.check_length(len(self.rate), sites)
        if self.profile in ("linear", "falling", "rising"):
            if isinstance(self.rate, list):
                raise ConfigError.of("profile", self.profile, "requires a single rate, but the rate is a list")
            if sites is not None and max(self.site_rates) >= 1:
                most = (sites + 1) / (2 * sites)
                raise ConfigError.of(
                    "rate", self.rate, f"must be below {format_setting(most)} under profile={self.profile} here"
                )

    @property
    def source(self) -> dict[str, Any]:
        """The options that :func:`dropout_lab.data.load` needs in addition to the kind of the data."""
        entries = [entry for entry in list_fields(DataConf) if entry.spec.source and has_effect(entry, self)]
        return {"seed": self.base_seed, **{entry.name: getattr(self.data, entry.name) for entry in entries}}

    @property
    def trial_seeds(self) -> list[int]:
        return list(range(self.seeds)) if isinstance(self.seeds, int) else list(self.seeds)


# The parts of a recurrent network that can have separate rates.
ROLES = ("embedding", "recurrent", "inter_layer", "output")
GROUPS = ("data", "model", "variant", "schedule", "regularizer", "train", "lr_schedule", "infer")


@cache
def list_settings() -> tuple[Setting, ...]:
    """Return every setting of every schema, groups first, one entry per key."""
    schemas = [DataConf, *MODELS.values(), VariantConf, ScheduleConf, RegularizerConf]
    schemas += [TrainConf, LRScheduleConf, InferConf, Config]
    table: dict[str, Setting] = {}
    for schema in schemas:
        for entry in list_fields(schema):
            table.setdefault(entry.key, entry)
    return tuple(table.values())
