"""Content of checkpoint files: the state of a pack in training, written atomically and read without executing code."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import IO, Any, cast

import torch

from dropout_lab.files import write_atomically
from dropout_lab.sweeps.pack_checkpoints import CheckpointError, CheckpointHeader, read_header

DIGEST = hashlib.sha256().digest_size


class _Hashing:
    """Binary file that computes the digest of what is written, and keeps the error of a failed write."""

    def __init__(self, file: IO[bytes]):
        self._file, self.digest = file, hashlib.sha256()
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        try:
            return self._file.write(data)
        except OSError as error:  # torch replaces it by a RuntimeError without the reason
            self.error = error
            raise

    def flush(self) -> None:
        self._file.flush()


def write_checkpoint(path: Path, header: CheckpointHeader, state: Mapping[str, Any]) -> None:
    """Write a checkpoint atomically and durably.

    Raises:
        OSError: the file cannot be written; an existing checkpoint is unchanged.
    """
    path.parent.mkdir(exist_ok=True)

    def write(new: Path) -> None:
        with new.open("wb") as file:
            hashing = _Hashing(file)
            hashing.write(json.dumps(asdict(header)).encode() + b"\n")
            try:
                torch.save(dict(state), cast("IO[bytes]", hashing))
            except RuntimeError:
                if hashing.error is None:
                    raise
                raise hashing.error from None
            file.write(hashing.digest.digest())

    write_atomically(path, write)


def read_checkpoint(path: Path, expected: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a checkpoint.

    Args:
        path: the file.
        expected: values that the header must have.

    Raises:
        CheckpointError: the file is damaged, or its header has other values.
    """
    read_header(path).verify(expected)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"it cannot be read ({error.strerror})") from None
    if hashlib.sha256(memoryview(content)[:-DIGEST]).digest() != content[-DIGEST:]:
        raise CheckpointError("it is damaged")
    try:
        state = torch.load(BytesIO(content[content.index(b"\n") + 1 : -DIGEST]), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises errors of many types
        raise CheckpointError(f"torch cannot read it ({str(error).splitlines()[0][:80]})") from None
    if not isinstance(state, dict):
        raise CheckpointError("it is damaged")
    return state
