"""The schema of ``train=``."""

from dataclasses import dataclass
from typing import Any, ClassVar

from dropout_lab.settings.fields import Validated, setting
from dropout_lab.settings.validators import MINUTES, MOST, check_minutes

# Common choices that are a combination of other settings.
COMBINATIONS = {"train=adamw": "train=adam regularizer=weight_decay"}


@dataclass(frozen=True)
class TrainConf(Validated):
    """The training recipe."""

    GROUP: ClassVar[str] = "train"
    epochs: int = setting(30, low=1, high=MOST, help="number of passes over the training split")
    batch_size: int = setting(
        64, low=1, high=MOST, help="examples per step; a last batch of one example is merged into the previous batch"
    )
    optimizer: str = setting(
        "adam",
        choices=("adam", "sgd", "rmsprop", "adadelta"),
        help="the optimizer; AdamW is adam with regularizer=weight_decay",
    )
    lr: float = setting(1e-3, low=0, open_low=True, pack="own", help="learning rate")
    momentum: float = setting(
        0.9, low=0, high=1, open_high=True, when=("train.optimizer", "sgd"), help="momentum of sgd"
    )
    momentum_start: float = setting(
        0.5,
        low=0,
        open_low=True,
        high=1,
        open_high=True,
        when=("train.optimizer", "sgd"),
        unless=("train.momentum_ramp", 0.0),
        help="momentum of sgd at the first update, under train.momentum_ramp",
    )
    momentum_ramp: float = setting(
        0.0,
        low=0,
        high=MOST,
        off=0.0,
        when=("train.optimizer", "sgd"),
        help="epochs in which the momentum of sgd changes linearly from train.momentum_start to train.momentum; 0: "
        "none",
    )
    nesterov: bool = setting(False, off=False, when=("train.optimizer", "sgd"), help="use Nesterov momentum with sgd")
    grad_clip_norm: float = setting(
        0.0,
        low=0,
        high=MOST,
        off=0.0,
        pack="own",
        identity_key="train.clip",
        help="maximum norm of the gradient of all weights; a larger gradient is scaled down; 0: no clipping",
    )
    checkpoint_minutes: Any = setting(
        10.0,
        check=check_minutes,
        allowed=MINUTES,
        identity=False,
        help="minutes between checkpoints of a pack, from which training resumes after a crash; 0: no checkpoints",
    )
