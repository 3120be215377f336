"""Reader of IDX files (MNIST and similar sets), plain or gzip-compressed."""

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
    """Return the values of an IDX file: two zero bytes, the type, the number of axes, their lengths, then the values.

    Args:
        path: the file; a name that ends in ``.gz`` is decompressed.
        axes: the expected number of axes, 3 for images [N, H, W] and 1 for labels [N].
        md5: checksum of the decompressed file, if known.

    Raises:
        DataError: the file is not an IDX file, is truncated, or differs from the published one.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: is a broken gzip file ({error}); delete it and download it again") from None
    head = 4 + 4 * axes
    if len(content) < head or content[:4] != bytes([0, 0, UNSIGNED_BYTES, axes]):
        raise DataError(f"{path}: is not an IDX file of bytes with {axes} axes")
    shape = struct.unpack(f">{axes}I", content[4:head])
    if len(content) != head + prod(shape):
        size = "x".join(map(str, shape))
        raise DataError(
            f"{path}: has {len(content):,} bytes, but {size} values require {head + prod(shape):,}; the file may be "
            "truncated"
        )
    if md5:
        verify_digest(path, content, md5)
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)
