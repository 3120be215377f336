"""Checksums of files: md5, sha1 or sha256, distinguished by their length."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from dropout_lab.errors import DataError

ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def joint_digest(folder: Path, names: Sequence[str]) -> str:
    """Return one sha256 for several files of a folder: of their names and contents, in the given order."""
    lines = [f"{file_digest(folder / name)}  {name}\n" for name in names]
    return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()


def verify_digest(path: Path, content: bytes, published: str) -> None:
    """Compare the content of a file with its published checksum.

    Raises:
        DataError: they differ.
    """
    algorithm = ALGORITHMS[len(published)]
    digest = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
    if digest != published:
        said = f"({algorithm} {digest}, published {published})"
        raise DataError(f"{path}: is damaged or was changed {said}; delete it and download it again")
