"""Decoded data sets as files that are mapped into memory: workers share one copy, and the next start decodes nothing.

An entry is a folder of ``.npy`` files, named after its sources and their state (size and time of change). It is
written aside and renamed, so that it is whole or not there.
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
FORMAT = 3  # raise it when a decoder changes what it makes of the same files


def load_or_decode(
    name: str, files: Sequence[Path], root: Path, decode: Callable[[], Arrays], detail: str = ""
) -> Arrays:
    """The arrays that ``decode`` makes of these files, from the cache if it has them.

    Args:
        name: of the data set, for people who look into the folder.
        files: the sources; a change of any of them makes a new entry.
        root: folder of the data; entries go to its ``.dropout-lab``, or to the user's cache where it is read-only.
        decode: makes the arrays. What it raises passes through, and nothing is stored.
        detail: what else the arrays depend on.

    Returns:
        arrays by name, mapped from disk (copied on write, so that nobody can change the files through them).
    """
    sources = _hash([str(FORMAT), detail, *(str(path.absolute()) for path in files)])
    state = _hash([f"{stat.st_size} {stat.st_mtime_ns}" for stat in (path.stat() for path in files)])
    places = [root / PRIVATE, user_cache_folder() / PRIVATE]
    entry = f"{name}-{sources}-{state}"
    for place in places:
        with suppress(OSError, ValueError, EOFError):  # not there, or damaged: decode again
            return _read(place / entry)
    arrays = decode()
    for place in places:
        with suppress(OSError, ValueError, EOFError):
            if is_writable(place):
                _write(place, entry, arrays)
                for old in place.glob(f"{name}-{sources}-*"):  # of files that are no more
                    if old.name != entry:
                        shutil.rmtree(old, ignore_errors=True)
                return _read(place / entry)
    return arrays


def _hash(words: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]


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
        except OSError:  # another process was faster, or what is there was damaged
            with suppress(OSError, ValueError, EOFError):
                _read(place / entry)
                return
            shutil.rmtree(place / entry)
            aside.rename(place / entry)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
