"""Checkpoints of packs in training: names, headers, and their removal when the results of a pack are in the ledger.

A file is one line of JSON (the header), the state as torch.save writes it, and the SHA-256 of both. Its content is
written and read in :mod:`dropout_lab.sweeps.checkpoint_states`.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dropout_lab import __version__
from dropout_lab.trial import NUMERICS

FORMAT = 1  # of the file and of the state in it
HEADER = 2**20  # largest size of a header in bytes
NAME = "checkpoints"


class CheckpointError(Exception):
    """A checkpoint that cannot be continued from; ``str()`` says why."""


@dataclass(frozen=True)
class CheckpointHeader:
    """Header of a checkpoint.

    Args:
        trials: ids of the trials of the pack, in their order.
        epoch: epoch of the checkpoint, counted from 1.
        epochs: epochs of the whole training.
        epochs_done: number of trial epochs that have been completed or are no longer needed.
        seconds: training time up to the checkpoint.
        torch: version of torch.
        threads: number of threads of torch's operations.
        format: version of the file format.
        numerics: version of the numerics of the package.
        version: version of the package.
    """

    trials: list[str]
    epoch: int
    epochs: int
    epochs_done: int
    seconds: float
    torch: str
    threads: int
    format: int = FORMAT
    numerics: int = NUMERICS
    version: str = __version__

    def verify(self, expected: Mapping[str, Any]) -> None:
        """Check that the header has the expected values.

        Raises:
            CheckpointError: with the first value that differs.
        """
        for name, value in expected.items():
            stored = getattr(self, name)
            if stored != value:
                versions = f"it was written with {name} {stored}, but the current {name} is {value}"
                raise CheckpointError("it belongs to other trials" if name == "trials" else versions)


def checkpoint_path(folder: str | Path, trial_ids: Sequence[str]) -> Path:
    """Return the path of the checkpoint of a pack in a sweep folder."""
    key = hashlib.sha256(" ".join(trial_ids).encode()).hexdigest()[:12]
    return Path(folder) / NAME / f"{key}.pt"


def read_header(path: Path) -> CheckpointHeader:
    """Return the header of a checkpoint of this version.

    Raises:
        CheckpointError: the file is damaged or of another version.
    """
    try:
        with path.open("rb") as file:
            values = json.loads(file.readline(HEADER))
        header = CheckpointHeader(**values)
        whole = all(isinstance(i, str) for i in header.trials) and bool(header.trials)
        whole = whole and all(isinstance(value, int) for value in (header.epoch, header.epochs, header.epochs_done))
        whole = whole and isinstance(header.seconds, int | float)
    except OSError as error:
        raise CheckpointError(f"it cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, RecursionError):
        raise CheckpointError("it is damaged") from None
    if not whole:
        raise CheckpointError("it is damaged")
    header.verify({"format": FORMAT, "numerics": NUMERICS, "version": __version__})
    return header


def list_checkpoints(folder: str | Path) -> Iterator[tuple[Path, CheckpointHeader | CheckpointError]]:
    """Yield the checkpoints of a sweep folder by name, each with its header or the reason why it has none."""
    for path in sorted((Path(folder) / NAME).glob("*.pt")):
        try:
            header = read_header(path)
            if checkpoint_path(folder, header.trials) != path:
                raise CheckpointError("its file name belongs to another pack")
            yield path, header
        except CheckpointError as error:
            yield path, error


def usable_checkpoints(folder: str | Path) -> list[CheckpointHeader]:
    """Return the headers of the checkpoints of a sweep folder that this version can read."""
    return [header for _, header in list_checkpoints(folder) if isinstance(header, CheckpointHeader)]


def remove_checkpoints(folder: str | Path, done: Collection[str]) -> None:
    """Remove the checkpoints of packs whose trials are all done, and the folder of checkpoints if it is empty."""
    for path, header in list_checkpoints(folder):
        if isinstance(header, CheckpointHeader) and set(header.trials) <= set(done):
            path.unlink(missing_ok=True)
    with suppress(OSError):  # other checkpoints are left
        (Path(folder) / NAME).rmdir()
