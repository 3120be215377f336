"""Checksums of files."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from dropout_lab.data.dataset import DataError


def digest(path: Path, algorithm: str = "sha256") -> str:
    """The hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def joint_digest(folder: Path, names: Sequence[str]) -> str:
    """One sha256 for several files of a folder: their names and contents, in this order."""
    lines = [f"{digest(folder / name)}  {name}\n" for name in names]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def compare(path: Path, content: bytes, md5: str) -> None:
    """Compare the content of a file with its publisher's md5 sum.

    Raises:
        DataError: they differ.
    """
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise DataError(f"{path}: is damaged or altered (md5 {found}, published {md5}); remove it and get it again")
