"""Request of the ``reproduce`` command: studies, scale and output folder."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.studies.study import Study


@dataclass(frozen=True)
class ReproduceRequest:
    """Arguments of the ``reproduce`` command.

    Args:
        studies: studies to run.
        scale: scale at which they are run.
        out: output folder.
        words: settings of the machine, such as the device, by key.
        typed: the command as it was typed.
        dry: whether to print the estimated cost only.
        costs: whether to store the estimated cost.
        lock: whether to register the claims of the studies only.
        fail_on: what gives exit status 1: statuses of trials, and ``contradicted`` for a claim.
    """

    studies: Sequence[Study]
    scale: str
    out: Path
    words: Mapping[str, str]
    typed: str
    dry: bool
    costs: bool
    lock: bool = False
    fail_on: Collection[str] = ("diverged", "failed")

    def folder(self, study: Study) -> Path:
        """Return the sweep folder of a study at this scale."""
        return self.out / study.name / self.scale
