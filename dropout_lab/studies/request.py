"""What a command asks for: which studies, how large, where to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.studies.study import Study


@dataclass(frozen=True)
class ReproduceRequest:
    """A command.

    Args:
        studies: what is to be run.
        scale, out: how large, and where to.
        words: settings of the machine.
        typed: the command as it was typed.
        dry, costs: whether to look only, and whether to store what it would take.
    """

    studies: Sequence[Study]
    scale: str
    out: Path
    words: Mapping[str, str]
    typed: str
    dry: bool
    costs: bool

    def folder(self, study: Study) -> Path:
        """The sweep folder of a study at this scale."""
        return self.out / study.name / self.scale
