"""Cache of decoded data sets as memory-mapped files, shared by all workers and reused by later runs.

An entry is a folder of ``.npy`` files, named after its source files and their state (size and modification time). It is
written to a temporary folder and renamed, so that an entry is either complete or absent.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from dropout_lab.data.paths import PRIVATE, is_writable, user_cache_folder

Arrays = dict[str, np.ndarray]
FORMAT = 3  # increase it when a decoder changes its output for the same files


def load_or_decode(
    name: str, files: Sequence[Path], root: Path, decode: Callable[[], Arrays], detail: str = ""
) -> Arrays:
    """Return the decoded arrays of files, from the cache if it contains them.

    Args:
        name: the name of the data set, which makes the cache folder readable.
        files: the source files; a change of any of them creates a new entry, see :func:`file_state`.
        root: folder of the data; entries are stored in its ``.dropout-lab`` folder, or in the user's cache if the root
            is read-only.
        decode: returns the arrays. Its exceptions are passed on, and then nothing is stored.
        detail: further options that the arrays depend on.

    Returns:
        arrays by name, memory-mapped with copy-on-write, so that changes never reach the files.
    """
    sources = _hash([str(FORMAT), detail, *(str(path.absolute()) for path in files)])
    state = _hash(list(map(file_state, files)))
    places = [root / PRIVATE, user_cache_folder() / PRIVATE]
    entry = f"{name}-{sources}-{state}"
    for place in places:
        with suppress(OSError, ValueError, EOFError):  # absent or damaged: decode again
            return _read(place / entry)
    arrays = decode()
    for place in places:
        with suppress(OSError, ValueError, EOFError):
            if is_writable(place):
                _write(place, entry, arrays)
                for old in place.glob(f"{name}-{sources}-*"):  # entries of earlier states of the files
                    if old.name != entry:
                        shutil.rmtree(old, ignore_errors=True)
                return _read(place / entry)
    return arrays


def file_state(path: Path) -> str:
    """Return a signature that changes when a file is replaced or written.

    The time of the last change of the inode is part of it: programs that copy or unpack files set size and
    modification time to those of other files, but not this one.
    """
    stat = path.stat()
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"


def _hash(words: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(words).encode(errors="surrogateescape")).hexdigest()[:12]


def _read(entry: Path) -> Arrays:
    files = sorted(entry.glob("*.npy"))
    if not files:
        raise FileNotFoundError(entry)
    return {path.stem: np.load(path, mmap_mode="c", allow_pickle=False) for path in files}


def _write(place: Path, entry: str, arrays: Arrays) -> None:
    place.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f"part-{os.getpid()}-", dir=place))
    try:
        for name, array in arrays.items():
            np.save(aside / f"{name}.npy", array, allow_pickle=False)
        aside.chmod(0o755)
        try:
            aside.rename(place / entry)
        except OSError:  # another process was faster, or the existing entry is damaged
            with suppress(OSError, ValueError, EOFError):
                _read(place / entry)
                return
            shutil.rmtree(place / entry)
            aside.rename(place / entry)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
