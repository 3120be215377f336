"""The schemas of ``variant=`` and ``schedule=``: the dropout variant, and the schedule of the rate."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from dropout_lab.config.fields import Validated, setting
from dropout_lab.config.validators import MOST

VARIATIONAL = ("variational_gaussian", "sparse_variational")
# Variants by the part rates of a recurrent network that they use; those of AT_INPUT drop the input themselves.
IN_STATES = ("naive", "variational", "weight_drop", "zoneout")
OF_WORDS = ("naive", "variational", "weight_drop")
INSIDE_ONLY = ("recurrent", "rnndrop", "zoneout")
AT_INPUT = ("naive", "non_recurrent", "variational", "weight_drop")


@dataclass(frozen=True)
class VariantConf(Validated):
    """The dropout variant."""

    GROUP: ClassVar[str] = "variant"
    # Search space of the rate and of the variant's settings; see sweeps/space.py.
    tune: dict[str, Any] = field(default_factory=dict, compare=False)
    kind: str = setting("inverted", help="the dropout variant; none is rate 0", column="variant")
    network: str = setting(
        "as_is", choices=("as_is", "selu"), help="what the variant asks of the network: selu for SELU and its init"
    )
    block_size: int = setting(
        3, low=1, high=MOST, when=("variant.kind", "dropblock", "block"), help="pixels a side, or units a group"
    )
    profile: str = setting(
        "flat",
        choices=("flat", "rising"),
        identity=False,
        help="what profile=auto stands for; rising is the linear rule of stochastic depth",
    )
    mask: str = setting(
        "example",
        choices=("example", "batch"),
        when=("variant.kind", "dropconnect"),
        help="whether each example has a mask of its own, or the batch one",
    )
    test_scale: str = setting(
        "keep",
        choices=("keep", "rate", "none"),
        implied=("keep",),
        when=("variant.kind", "standard"),
        help="factor of activations at test time: keep is 1 - rate; rate and none are mistakes to compare with",
    )
    slope: float = setting(
        1.0,
        low=0,
        high=MOST,
        when=("variant.kind", "standout"),
        help="how fast the probability to be kept rises with the activation",
    )
    agreement: float = setting(
        1.0,
        low=0,
        high=MOST,
        when=("variant.kind", "r_drop"),
        help="weight of the divergence between the two passes, half of the paper's alpha",
    )
    temperature: float = setting(
        0.1,
        low=0,
        open_low=True,
        high=MOST,
        when=("variant.kind", "concrete"),
        help="how soft the mask is that the rate is learned through",
    )
    length_scale: float = setting(
        0.01,
        low=0,
        high=MOST,
        when=("variant.kind", "concrete"),
        help="of the prior on the weights; a larger one holds them smaller",
    )
    per: str = setting(
        "layer",
        choices=("layer", "unit", "weight"),
        when=("variant.kind", "variational_gaussian"),
        help="what has a learned strength of noise of its own",
    )
    gates: str = setting(
        "shared",
        choices=("shared", "own"),
        when=("variant.kind", "variational"),
        help="whether the gates of a recurrent layer share masks, or each has its own (untied weights)",
    )
    activity: float = setting(
        0.0,
        low=0,
        high=MOST,
        when=("variant.kind", "weight_drop"),
        help="weight of the mean square of the last recurrent layer's dropped states (AR; 2 in the paper)",
    )
    slowness: float = setting(
        0.0,
        low=0,
        high=MOST,
        when=("variant.kind", "weight_drop"),
        help="weight of the mean square of their change from step to step, undropped (TAR; 1 in the paper)",
    )
    speed: float = setting(
        10.0,
        low=0,
        high=MOST,
        when=("variant.kind", "concrete", *VARIATIONAL),
        help="learning rate of what the variant learns, as a multiple of train.lr",
    )
    warm_up: float = setting(
        0.5,
        low=0,
        high=1,
        when=("variant.kind", *VARIATIONAL),
        help="part of the training in which the divergence from the prior grows to its full weight",
    )


@dataclass(frozen=True)
class ScheduleConf(Validated):
    """The schedule of the rate during training."""

    GROUP: ClassVar[str] = "schedule"
    kind: str = setting("constant", help="how the rate moves during training", column="schedule")
    fraction: float = setting(
        0.5, low=0, high=1, when=("schedule.kind", "early", "late"), help="part of the training before the change"
    )
    gamma: float = setting(
        10.0, low=0, open_low=True, high=MOST, when=("schedule.kind", "curriculum"), help="how fast the rate rises"
    )
    steps: int = setting(3, low=1, high=MOST, when=("schedule.kind", "step", "plateau"), help="stairs up to the rate")
    patience: int = setting(
        2,
        low=1,
        high=MOST,
        when=("schedule.kind", "plateau"),
        help="epochs without a better validation loss before the next stair",
    )
