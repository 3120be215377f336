"""The schema of ``lr_schedule=``: the learning rate during training."""

from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.config.fields import Validated, setting
from dropout_lab.config.validators import MOST

LR_SCHEDULES = ("constant", "exponential", "step", "cosine", "linear_warmup", "one_cycle")


@dataclass(frozen=True)
class LRScheduleConf(Validated):
    """The learning-rate schedule. Its lengths are in epochs, whether it is updated per epoch or per step."""

    GROUP: ClassVar[str] = "lr_schedule"
    kind: str = setting(
        "constant",
        choices=LR_SCHEDULES,
        off="constant",
        implied=("exponential",),
        pack="own",
        column="lr_schedule",
        help="how the learning rate moves during training",
    )
    by: str = setting(
        "epoch",
        choices=("epoch", "update"),
        off="epoch",
        pack="own",
        unless=("lr_schedule.kind", "constant"),
        help="whether the learning rate changes before each epoch or before each update",
    )
    gamma: float = setting(
        0.95,
        low=0,
        open_low=True,
        high=1,
        pack="own",
        when=("lr_schedule.kind", "exponential", "step"),
        identity_key="train.lr_decay",
        help="factor of the learning rate at each epoch (exponential) or every lr_schedule.step_size epochs (step)",
    )
    hold: int = setting(
        0,
        low=0,
        high=MOST,
        pack="own",
        when=("lr_schedule.kind", "exponential"),
        identity_key="train.lr_hold",
        help="epochs before the learning rate begins to fall; 0: it is multiplied by gamma before the first epoch",
    )
    step_size: int = setting(
        10, low=1, high=MOST, pack="own", when=("lr_schedule.kind", "step"), help="epochs from one step to the next"
    )
    final: float = setting(
        0.0,
        low=0,
        high=1,
        pack="own",
        when=("lr_schedule.kind", "cosine"),
        help="fraction of train.lr to which the cosine falls at the end of training",
    )
    warm_up: float = setting(
        0.0,
        low=0,
        high=MOST,
        off=0.0,
        pack="own",
        when=("lr_schedule.kind", "cosine", "linear_warmup"),
        help="epochs in which the learning rate first rises linearly to train.lr; 0: none",
    )
    start: float = setting(
        0.1,
        low=0,
        high=1,
        pack="own",
        when=("lr_schedule.kind", "cosine", "linear_warmup"),
        unless=("lr_schedule.warm_up", 0.0),
        help="fraction of train.lr at which the warm-up starts",
    )
    peak: float = setting(
        0.3,
        low=0,
        high=1,
        open_low=True,
        open_high=True,
        pack="own",
        when=("lr_schedule.kind", "one_cycle"),
        help="part of the training after which the learning rate is train.lr, the highest of the cycle",
    )
    div_factor: float = setting(
        25.0,
        low=1,
        high=MOST,
        pack="own",
        when=("lr_schedule.kind", "one_cycle"),
        help="train.lr over the learning rate at the start of the cycle",
    )
    final_div_factor: float = setting(
        1e4,
        low=1,
        high=MOST,
        pack="own",
        when=("lr_schedule.kind", "one_cycle"),
        help="learning rate at the start of the cycle over that at its end",
    )

    @property
    def warms_up(self) -> float:
        """Epochs of warm-up; 0 for schedules without warm-up."""
        return self.warm_up if self.kind in ("cosine", "linear_warmup") else 0.0

    @property
    def is_constant(self) -> bool:
        """Whether the learning rate is constant, as under ``exponential`` with ``gamma=1``."""
        return {
            "constant": True,
            "exponential": self.gamma == 1,
            "step": self.gamma == 1,
            "cosine": self.final == 1 and (self.warm_up == 0 or self.start == 1),
            "linear_warmup": self.warm_up == 0 or self.start == 1,
        }.get(self.kind, False)
