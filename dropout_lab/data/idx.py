"""The IDX files of MNIST and its kin, plain or gzipped."""

import gzip
import struct
import zlib
from math import prod
from pathlib import Path

import numpy as np

from dropout_lab.data.checksums import verify_digest
from dropout_lab.errors import DataError

UNSIGNED_BYTES = 8


def read_idx(path: Path, axes: int, md5: str | None = None) -> np.ndarray:
    """The bytes of an IDX file: two zero bytes, the type, the number of axes, their lengths, then the values.

    Args:
        path: a file; one whose name ends in ``.gz`` is unpacked on the way.
        axes: how many it must have, 3 for images [N, H, W] and 1 for labels [N].
        md5: of the unpacked file, if it is known.

    Raises:
        DataError: it is not such a file, not a whole one or not the one that was published.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: is a broken gzip file ({error}); remove it and get it again") from None
    head = 4 + 4 * axes
    if len(content) < head or content[:4] != bytes([0, 0, UNSIGNED_BYTES, axes]):
        raise DataError(f"{path}: is not an IDX file of bytes with {axes} axes")
    shape = struct.unpack(f">{axes}I", content[4:head])
    if len(content) != head + prod(shape):
        size = "x".join(map(str, shape))
        raise DataError(f"{path}: has {len(content):,} bytes where {size} values need {head + prod(shape):,}; cut off?")
    if md5:
        verify_digest(path, content, md5)
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)
