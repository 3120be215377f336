"""The schema of ``schedule=``: the rate during training."""

from typing import TYPE_CHECKING, Any, ClassVar

from dropout_lab.config.declarations import read_options
from dropout_lab.config.derived import with_options
from dropout_lab.settings import Validated, setting

SCHEDULES = read_options("dropout", "Schedule")
COLUMNS = "kind fraction gamma steps patience".split()


@with_options("schedule.kind", SCHEDULES, COLUMNS)
class ScheduleConf(Validated):
    """The schedule of the rate during training."""

    GROUP: ClassVar[str] = "schedule"
    kind: str = setting("constant", help="schedule of the dropout rate during training", column="schedule")
    if TYPE_CHECKING:  # the options of the schedules

        def __getattr__(self, name: str) -> Any: ...
