"""What a command that trains leaves."""

from collections.abc import Sequence
from dataclasses import dataclass

from dropout_lab.config import InferConf
from dropout_lab.sweeps.grid import Arm
from dropout_lab.sweeps.ledger import Row


@dataclass(frozen=True)
class Outcome:
    """The result of a command.

    Args:
        arms: of the command.
        rows: of their trials.
        trained: number of new trials.
        evaluated: evaluated trials, each with the way of inference.
    """

    arms: Sequence[Arm]
    rows: Sequence[Row]
    trained: int
    evaluated: Sequence[tuple[str, InferConf]] = ()

    @property
    def status(self) -> int:
        """Exit status: 1 if a trial diverged or failed."""
        return int(any(row["status"] != "ok" for row in self.rows))

    @property
    def has_other_arms(self) -> bool:
        """Whether settings were chosen, so that the arms are not those of the command line."""
        return False


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with the one line that says what is saved. ``except Exception`` does not catch it, like its parent."""
