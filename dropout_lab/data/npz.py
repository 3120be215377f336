"""Safe reading of ``.npz`` archives: a damaged or malicious file raises one DataError.

The sizes that an archive declares are compared with each other and with a bound before anything is decompressed.
"""

import os
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from dropout_lab.errors import DataError

MOST_BYTES = 16 * 2**30  # upper bound for all arrays read from one archive, decompressed
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
NPY = b"\x93NUMPY"  # the first bytes of an .npy file
ENCRYPTED = 0x1  # bit of a member's flags
SAVE = "use np.savez(FILE, x=x, y=y) to save both arrays"


def list_arrays(path: Path) -> list[str]:
    """Return the names of the arrays in an archive, in its order.

    Raises:
        DataError: the file is not an ``.npz`` file, is damaged, or has two arrays with the same name.
    """
    with _opened(path) as archive:
        return list(_members(path, archive))


def load_arrays(path: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Return the arrays with the given names.

    Raises:
        DataError: an array is damaged, encrypted, a pickle, or larger than :data:`MOST_BYTES` allows.
    """
    with _opened(path) as archive:
        members = _members(path, archive)
        wanted = {name: members[name] for name in names}
        _check_size(path, sum(info.file_size for info in wanted.values()))
        return {name: _load(path, archive, name, info) for name, info in wanted.items()}


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive; any exception while it is read becomes a DataError."""
    try:
        with path.open("rb") as file:
            start = file.read(len(NPY))
            if start == NPY:
                raise DataError(f"{path}: is a single array written by np.save; {SAVE}")
            if not zipfile.is_zipfile(file):
                raise DataError(f"{path}: is not an .npz file, or is incomplete; {SAVE}")
            with warnings.catch_warnings(), zipfile.ZipFile(file) as archive:
                warnings.simplefilter("ignore")  # headers written by Python 2
                yield archive
    except DataError:
        raise
    except MemoryError:
        raise DataError(f"{path}: contains arrays that do not fit into memory") from None
    except Exception as error:  # zipfile, zlib, ast and numpy raise many types on damaged bytes
        reason = "".join(sign if sign.isprintable() else " " for sign in str(error)[:200]) or type(error).__name__
        raise DataError(f"{path}: is not an .npz file, or is incomplete ({reason})") from None


def _members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the members by the name of their array; files added by the macOS archiver are left out."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        place = PurePosixPath(info.filename)
        if place.suffix != ".npy" or place.name.startswith("._"):
            continue
        if place.stem in members:
            raise DataError(f"{path}: contains two arrays with the name {place.stem!r}")
        members[place.stem] = info
    if not members:
        raise DataError(f"{path}: is a zip archive without arrays; {SAVE}")
    return members


def _check_size(path: Path, declared: int) -> None:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    most = min(MOST_BYTES, memory)
    if declared > most:
        limit = f"{most / 2**30:.3g} GiB {'are read' if most == MOST_BYTES else 'fit into memory'}"
        raise DataError(f"{path}: declares arrays of {declared / 2**30:,.3g} GiB, but at most {limit}")


def _load(path: Path, archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo) -> np.ndarray:
    if info.flag_bits & ENCRYPTED:
        raise DataError(f"{path}: {name!r} is encrypted; save it without a password")
    with archive.open(info) as member:
        shape, dtype = _header(path, name, member)
        claimed, there = prod(shape) * dtype.itemsize, info.file_size - member.tell()
    if claimed != there or not dtype.itemsize:
        raise DataError(f"{path}: is incomplete ({name!r} declares {claimed:,} bytes and contains {there:,})")
    with archive.open(info) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _header(path: Path, name: str, member: Any) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(member)
    if version not in HEADERS:  # numpy's third version is for field names, which only structured arrays have
        raise DataError(f"{path}: {name!r} has the .npy format {version[0]}.{version[1]}; save it with np.savez")
    shape, _, dtype = HEADERS[version](member)
    if dtype.hasobject:
        raise DataError(
            f"{path}: {name!r} contains Python objects (a pickle), which are never loaded; save numbers, or "
            f"words with np.array({name}, dtype=str)"
        )
    return shape, dtype
