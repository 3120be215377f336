"""The schema of ``lr_schedule=``: the learning rate during training."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from dropout_lab.config.derived import with_options
from dropout_lab.config.lr_schedules import LR_SCHEDULES, LRSchedule, Progress
from dropout_lab.settings import Validated, option_values, setting

COLUMNS = "kind by gamma hold step_size final warm_up start peak div_factor final_div_factor".split()


@with_options("lr_schedule.kind", LR_SCHEDULES, COLUMNS)
class LRScheduleConf(Validated):
    """The learning-rate schedule. Its lengths are in epochs, whether it is updated per epoch or per step."""

    GROUP: ClassVar[str] = "lr_schedule"
    kind: str = setting(
        "constant",
        choices=tuple(LR_SCHEDULES),
        off="constant",
        implied=("exponential",),
        pack="own",
        column="lr_schedule",
        help="schedule of the learning rate during training",
    )
    by: str = setting(
        "epoch",
        choices=("epoch", "update"),
        off="epoch",
        pack="own",
        unless=("lr_schedule.kind", "constant"),
        help="interval between changes of the learning rate: each epoch or each update",
    )
    if TYPE_CHECKING:  # the options of the schedules

        def __getattr__(self, name: str) -> Any: ...

    @cached_property
    def schedule(self) -> LRSchedule:
        """The schedule with its options."""
        made = LR_SCHEDULES[self.kind]
        return made(**option_values(made, self))

    def factor(self, epoch: int, update: int, updates: int, epochs: int) -> float:
        """Return the factor of ``train.lr`` at an update.

        Args:
            epoch: the current epoch, counted from 1.
            update: number of completed updates of this epoch.
            updates: number of updates per epoch.
            epochs: number of epochs of the whole run.
        """
        by_update = self.by == "update"
        done = epoch - 1 + (update / updates if by_update else 0)
        return self.schedule.factor(Progress(done, epochs, 1 / updates if by_update else 1.0))
