"""Outcome of a command that trains."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.config import InferConf
from dropout_lab.sweeps.grid import Arm
from dropout_lab.sweeps.ledger import Row


@dataclass(frozen=True)
class Outcome:
    """The result of a command.

    Args:
        arms: arms of the command.
        rows: ledger rows of their trials.
        trained: number of newly trained trials.
        evaluated: ids of evaluated trials, each with its inference settings.
        missing: number of trials of the arms that have no row.
    """

    arms: Sequence[Arm]
    rows: Sequence[Row]
    trained: int
    evaluated: Sequence[tuple[str, InferConf]] = ()
    missing: int = 0

    @property
    def folder(self) -> Path:
        """The sweep folder."""
        return Path(self.arms[0].config.out)

    @property
    def status(self) -> int:
        """Exit status: 1 if a trial diverged, failed or is missing."""
        return self.exit_status()

    def exit_status(self, fail_on: Collection[str] = ("diverged", "failed")) -> int:
        """Return the exit status: 1 if a trial has one of these statuses, or is missing."""
        return int(self.missing > 0 or any(row["status"] in fail_on for row in self.rows))

    @property
    def has_other_arms(self) -> bool:
        """Whether tuning chose settings, so that the arms differ from those of the command line."""
        return False


class Interrupted(KeyboardInterrupt):
    """Interruption by Ctrl-C, with a one-line message on what is saved; not caught by ``except Exception``."""
