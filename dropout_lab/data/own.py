"""Data of the user's own: a file or a folder named by its path, known by its content.

A trial is what its data hold, not where they lie: the sha256 of the content stands in its identity.
"""

import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from dropout_lab.data.cache import Arrays, decoded
from dropout_lab.data.dataset import DataError, Dataset
from dropout_lab.data.images import images_of, read_images
from dropout_lab.data.places import user_cache
from dropout_lab.data.sums import digest as digest_of
from dropout_lab.data.sums import joint_digest
from dropout_lab.data.tables import read_csv, read_npz

SIGNIFICANT = 16  # hex digits of a digest that are kept
LOOK_AGAIN = 5.0  # seconds after which a folder is looked through again


def file(path: str = "", digest: str = "", target: str = "", task: str = "auto") -> Dataset:
    """A table or stack of images in one file: an ``.npz`` with x and y, or a ``.csv``.

    Args:
        path: the file.
        digest: what its sha256 begins with; if empty, it may be any.
        target: of a ``.csv``, the column to be predicted.
        task: ``classification``, ``regression`` or ``auto``; see :mod:`dropout_lab.data.tables`.

    Raises:
        DataError: it is missing, not what it should be, or of another digest.
    """
    place = _source("file", path)
    _compare("file", path, digest)
    if place.suffix == ".csv":
        return _dataset("file", [place], partial(read_csv, place, target, task), f"{target} {task}")
    if target:
        raise DataError(f"data.target={target}: is for a .csv file; an .npz names its target y")
    return _dataset("file", [place], partial(read_npz, place, task), task)


def folder(path: str = "", digest: str = "", image_size: int = 0) -> Dataset:
    """A folder of images for each class, all of one size or resized, as :mod:`dropout_lab.data.images` reads it.

    Args:
        path: the folder.
        digest: what the sha256 of its content begins with; if empty, it may be any.
        image_size: pixels a side after resizing; 0 to leave them.

    Raises:
        DataError: it is missing, holds something else, or is of another digest.
    """
    place = _source("folder", path)
    _compare("folder", path, digest)
    return _dataset("folder", _images(place), lambda: read_images(place, image_size), str(image_size))


OWN: dict[str, Callable[..., Dataset]] = {"file": file, "folder": folder}


def fingerprint(kind: str, path: str) -> str:
    """The first digits of the sha256 of a file, or of names and contents of a folder's images.

    Raises:
        DataError: there is no such file or folder, or not of that kind.
    """
    place = _source(kind, path).absolute()
    files = [place] if kind == "file" else _images(place)
    return _fingerprint(kind, place, tuple(files), tuple((f.stat().st_size, f.stat().st_mtime_ns) for f in files))


@lru_cache(maxsize=64)
def _fingerprint(kind: str, place: Path, files: tuple[Path, ...], state: tuple[tuple[int, int], ...]) -> str:
    def compute() -> Arrays:
        names = [str(path.relative_to(place)) for path in files]
        return {"sha256": np.array([digest_of(place) if kind == "file" else joint_digest(place, names)])}

    return str(decoded("sha256", files, user_cache(), compute)["sha256"][0])[:SIGNIFICANT]


def _source(kind: str, path: str) -> Path:
    if not path:
        raise DataError(f"data={kind}: needs data.path={'FILE' if kind == 'file' else 'FOLDER'}")
    place = Path(path).expanduser()
    if not place.exists():
        raise DataError(f"data.path={path}: is not there")
    if kind == "folder" and not place.is_dir():
        raise DataError(f"data.path={path}: is no folder; data=file reads .npz and .csv files")
    if kind == "file" and place.is_dir():
        raise DataError(f"data.path={path}: is a folder; data=folder reads images, a folder for each class")
    if kind == "file" and place.suffix not in (".npz", ".csv"):
        raise DataError(f"data.path={path}: must end in .npz or .csv")
    return place


def _images(place: Path) -> list[Path]:
    # Every arm of a sweep asks for the digest of its data, and a large folder takes a while to look through.
    return _listed(place.absolute(), int(time.monotonic() / LOOK_AGAIN))


@lru_cache(maxsize=8)
def _listed(place: Path, period: int) -> list[Path]:
    return [path for group in images_of(place).values() for files in group.values() for path in files]


def _compare(kind: str, path: str, digest: str) -> None:
    found = fingerprint(kind, path)
    if digest and found[: len(digest)] != digest[: len(found)]:
        raise DataError(f"data.path={path}: holds other data (sha256 {found}...) than data.digest={digest}")


def _dataset(kind: str, files: Sequence[Path], read: Callable[[], Arrays], detail: str) -> Dataset:
    found = decoded(kind, files, user_cache(), read, detail)
    classes = tuple(str(name) for name in found["classes"]) if "classes" in found else ()
    task = "classification" if classes else "regression"
    return Dataset(kind, task, found["x"], found["y"], classes, found.get("test"))  # type: ignore[arg-type]
