"""Folders that have a folder of files for each class; with ``train`` and ``test`` above the classes, the test part is
fixed."""

from collections.abc import Collection
from pathlib import Path

from dropout_lab.data.dataset import DataError

Classes = dict[str, dict[str, list[Path]]]


def files_by_class(folder: Path, suffixes: Collection[str], noun: str) -> Classes:
    """The files by part (``train`` and ``test``, or an empty name) and class, all in the order of their names.

    Args:
        suffixes: of the files that count, in small letters.
        noun: what such a file is.

    Raises:
        DataError: there is one class or none, or a class without a file.
    """
    parts = ["train", "test"] if {p.name for p in _folders(folder)} == {"train", "test"} else [""]
    found = {part: {c.name: _files(c, suffixes) for c in _folders(folder / part)} for part in parts}
    classes = list(found[parts[0]])
    if len(classes) < 2:
        raise DataError(f"{folder / parts[0]}: must hold a folder of {noun}s for each of two classes or more")
    for part, group in found.items():
        for name, files in group.items():
            if name not in classes:
                raise DataError(f"{folder / part / name}: is a class without training {noun}s")
            if not files:
                raise DataError(f"{folder / part / name}: holds no {noun} ({', '.join(sorted(suffixes))})")
    return found


def listed(found: Classes) -> list[tuple[Path, int]]:
    """The files, each with the number of its class; first those of the training part."""
    classes = list(next(iter(found.values())))
    return [(path, classes.index(name)) for group in found.values() for name, paths in group.items() for path in paths]


def rows_to_test(found: Classes) -> range | None:
    """The rows of the test part in the list of :func:`listed`, if it is fixed."""
    if "test" not in found:
        return None
    first = sum(map(len, found["train"].values()))
    return range(first, first + sum(map(len, found["test"].values())))


def _folders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _files(folder: Path, suffixes: Collection[str]) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
