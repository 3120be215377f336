"""User data: a file or folder given by its path and identified by its content.

A trial depends on the content of its data, not on their path: its identity contains the sha256 of the content.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from dropout_lab.data.arrays import read_npz
from dropout_lab.data.audio_features import Kind
from dropout_lab.data.cache import Arrays, file_state, load_or_decode
from dropout_lab.data.checksums import file_digest as digest_of
from dropout_lab.data.checksums import joint_digest
from dropout_lab.data.dataset import Dataset
from dropout_lab.data.folders import ClassFolders
from dropout_lab.data.images import list_images, read_images
from dropout_lab.data.npz import SAVE
from dropout_lab.data.paths import user_cache_folder
from dropout_lab.data.table_format import FormatOptions
from dropout_lab.data.tables import SUFFIXES, TableOptions, is_table, read_table
from dropout_lab.data.text import TextOptions, to_labelled_dataset
from dropout_lab.data.user_texts import list_texts, read_column, read_folder
from dropout_lab.data.wav import list_recordings, read_recordings
from dropout_lab.errors import DataError

SIGNIFICANT = 16  # number of hex digits of a digest that are kept
LOOK_AGAIN = 5.0  # seconds after which a folder is listed again


def file(
    path: str = "",
    digest: str = "",
    target: str = "",
    task: str = "auto",
    layout: str = "auto",
    columns: Sequence[str] = (),
    drop: Sequence[str] = (),
    missing: str = "refuse",
    separator: str = "auto",
    encoding: str = "auto",
    header: str = "auto",
    decimal: str = "auto",
) -> Dataset:
    """Read a table, series or images from one file: an ``.npz`` with x and y, or a table in text form.

    Args:
        path: the file.
        digest: the expected beginning of its sha256; if empty, any content is accepted.
        target: for a table, the column to predict.
        task: ``classification``, ``regression`` or ``auto``; see :mod:`dropout_lab.data.labels`.
        layout: for an ``.npz``, the meaning of the axes of x; see :mod:`dropout_lab.data.arrays`.
        columns, drop, missing: for a table, as in :class:`dropout_lab.data.tables.TableOptions`.
        separator, encoding, header, decimal: as in :class:`dropout_lab.data.table_format.FormatOptions`.

    Raises:
        DataError: the file is missing or invalid, or has another digest.
    """
    place, form = _source("file", path), FormatOptions(separator, encoding, header, decimal)
    _compare("file", path, digest)
    if is_table(place):
        _refuse_given({"layout": layout}, "arrays", "the axes of a table are fixed")
        options = TableOptions(target, task, columns, drop, missing)
        return _dataset("file", [place], partial(read_table, place, options, form), repr((options, form)))
    given = TableOptions(target, columns=columns, drop=drop, missing=missing)
    _refuse_given({**given._asdict(), **form._asdict()}, "tables", "the target of an .npz file is its array y")
    return _dataset("file", [place], partial(read_npz, place, task, layout), f"{task} {layout}")


def folder(path: str = "", digest: str = "", image_size: int = 0) -> Dataset:
    """Read a folder of images per class, of equal size or resized, with :mod:`dropout_lab.data.images`.

    Args:
        path: the folder.
        digest: the expected beginning of the sha256 of its content; if empty, any content is accepted.
        image_size: pixels per side after resizing; 0 to keep the size.

    Raises:
        DataError: the folder is missing or invalid, or has another digest.
    """
    place = _source("folder", path)
    _compare("folder", path, digest)
    dataset = _dataset("folder", _files("folder", place), lambda: read_images(place, image_size), str(image_size))
    return _with_notes(dataset, place)


def texts(
    path: str = "",
    digest: str = "",
    target: str = "",
    text: str = "",
    task: str = "auto",
    missing: str = "refuse",
    separator: str = "auto",
    encoding: str = "auto",
    header: str = "auto",
    decimal: str = "auto",
    tokenizer: str = "spaces",
    max_length: int = 64,
    padding: str = "front",
    vocab_size: int = 20_000,
) -> Dataset:
    """Read texts from a folder of ``.txt`` files per class, or from a column of a table.

    Args:
        path: the folder or file.
        digest: the expected beginning of the sha256 of its content; if empty, any content is accepted.
        target: for a table, the column to predict.
        text: for a table, the column of the texts.
        task, missing, separator, encoding, header, decimal: for a table, as in :func:`file`.
        tokenizer, max_length, padding, vocab_size: as in :mod:`dropout_lab.data.text`.

    Raises:
        DataError: the path is missing or invalid, or has another digest.
    """
    place, how = _source("texts", path), TextOptions(tokenizer, max_length, padding)
    form = FormatOptions(separator, encoding, header, decimal)
    _compare("texts", path, digest)
    if place.is_dir():
        given = {"target": target, "text": text, "task": task, "missing": missing, **form._asdict()}
        _refuse_given(given, "tables", "the classes of a folder are its sub-folders")
        read = partial(read_folder, place, how)
    else:
        read = partial(read_column, place, text, target, task, missing, how, form)
    # repr, because the names of columns may contain spaces
    detail = repr((text, target, task, missing, how, form))
    arrays = load_or_decode("texts", _files("texts", place), user_cache_folder(), read, detail)
    return _with_notes(to_labelled_dataset("texts", arrays, vocab_size), place)


def audio(
    path: str = "", digest: str = "", audio_features: Kind = "log_mel", frames: int = 64, padding: str = "front"
) -> Dataset:
    """Read a folder of WAV files per class as series of audio features.

    Args:
        path: the folder.
        digest: the expected beginning of the sha256 of its content; if empty, any content is accepted.
        audio_features, frames, padding: see :func:`~dropout_lab.data.audio_features.stack_features`.

    Raises:
        DataError: the folder is missing or invalid, or has another digest.
    """
    place = _source("audio", path)
    _compare("audio", path, digest)
    detail = f"{audio_features} {frames} {padding}"
    read = partial(read_recordings, place, audio_features, frames, padding)
    return _with_notes(_dataset("audio", _files("audio", place), read, detail), place)


def _refuse_given(options: Mapping[str, object], kind: str, reason: str) -> None:
    """Raise DataError if an option is given that applies only to another kind of data."""
    for key, value in options.items():
        if value not in ("", (), "auto", "refuse"):
            shown = f"[{','.join(value)}]" if isinstance(value, tuple) else value
            raise DataError(f"data.{key}={shown}: applies to {kind} only; {reason}")


OWN: dict[str, Callable[..., Dataset]] = {"file": file, "folder": folder, "texts": texts, "audio": audio}
KINDS_OF_FILE: dict[str, Callable[[Path], bool]] = {
    "file": lambda path: path.suffix.lower() == ".npz" or is_table(path),
    "texts": is_table,
}
FOLDERS: dict[str, Callable[[Path], ClassFolders]] = {
    "folder": list_images,
    "texts": list_texts,
    "audio": list_recordings,
}


def fingerprint(kind: str, path: str) -> str:
    """Return the first digits of the sha256 of a file, or of the names and contents of a folder's images or texts.

    Raises:
        DataError: the path does not exist, or does not suit the kind.
    """
    place = _source(kind, path).absolute()
    try:
        files = _files(kind, place)
        return _fingerprint(place, tuple(files), tuple(map(file_state, files)))
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror})") from None


@lru_cache(maxsize=64)
def _fingerprint(place: Path, files: tuple[Path, ...], state: tuple[str, ...]) -> str:
    def compute() -> Arrays:
        if files == (place,):
            return {"sha256": np.array([digest_of(place)])}
        return {"sha256": np.array([joint_digest(place, [str(path.relative_to(place)) for path in files])])}

    return str(load_or_decode("sha256", files, user_cache_folder(), compute)["sha256"][0])[:SIGNIFICANT]


def _source(kind: str, path: str) -> Path:
    reads = KINDS_OF_FILE.get(kind)
    if not path:
        wanted = " or ".join(["FILE"] * (kind in KINDS_OF_FILE) + ["FOLDER"] * (kind in FOLDERS))
        raise DataError(f"data={kind}: requires data.path={wanted}")
    place = Path(path).expanduser()
    if not place.exists():
        raise DataError(f"data.path={path}: does not exist")
    if not reads and not place.is_dir():
        raise DataError(
            f"data.path={path}: is not a folder; use data=file for .npz files and tables, data=texts for texts"
        )
    if kind not in FOLDERS and place.is_dir():
        raise DataError(
            f"data.path={path}: is a folder; use data=folder for images, data=texts for texts, or data=audio "
            "for recordings"
        )
    if not (place.is_dir() or place.is_file()):  # a pipe provides its content once, but it is read twice
        raise DataError(f"data.path={path}: is neither a file nor a folder")
    if reads and not place.is_dir() and not reads(place):
        suffixes = ", ".join([".npz"] * (kind == "file") + [*SUFFIXES])
        form = "be a folder, or end" if kind in FOLDERS else "end"
        note = "; tables may also end in .gz"
        if place.suffix.lower() == ".npy":
            note += f"; an .npy file contains one array; {SAVE}"
        raise DataError(f"data.path={path}: must {form} in one of {suffixes}{note}")
    return place


def _files(kind: str, place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    return [path for path, _ in _list_folder(kind, place).files]


def _list_folder(kind: str, place: Path) -> ClassFolders:
    # Every arm of a sweep requests the digest of its data, and listing a large folder is slow.
    return _list_once(kind, place.absolute(), int(time.monotonic() / LOOK_AGAIN))


@lru_cache(maxsize=8)
def _list_once(kind: str, place: Path, period: int) -> ClassFolders:
    return FOLDERS[kind](place)


def _with_notes(dataset: Dataset, place: Path) -> Dataset:
    """Add the notes on skipped files of a folder, which the cache of decoded files does not contain."""
    if not place.is_dir():
        return dataset
    return replace(dataset, notes=(*_list_folder(dataset.name, place).notes, *dataset.notes))


def _compare(kind: str, path: str, digest: str) -> None:
    actual = fingerprint(kind, path)
    if digest and actual[: len(digest)] != digest[: len(actual)]:
        raise DataError(f"data.path={path}: the data have changed (sha256 {actual}..., expected data.digest={digest})")


def _dataset(kind: str, files: Sequence[Path], read: Callable[[], Arrays], detail: str) -> Dataset:
    arrays = load_or_decode(kind, files, user_cache_folder(), read, detail)
    classes = tuple(map(str, arrays.get("classes", ())))
    return Dataset(
        kind,
        "classification" if classes else "regression",
        arrays["x"],
        arrays["y"],
        classes,
        test=arrays.get("test"),
        val=arrays.get("val"),
        notes=tuple(map(str, arrays.get("notes", ()))),
        columns=tuple(map(str, arrays.get("columns", ()))),
    )
