"""The files of a folder and its subfolders, without those of the operating system or an editor."""

import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dropout_lab.errors import DataError

HIDDEN = "hidden"
# Names that begin with a dot are hidden too. Compared in lower case.
LEFTOVERS = {
    "__macosx",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
    "@eadir",
    "$recycle.bin",
    "system volume information",
}


@dataclass(eq=False)
class Tree:
    """One folder.

    Args:
        path: the folder.
        files: files with a wanted suffix directly in the folder, sorted by name.
        folders: the subfolders, sorted by name.
    """

    path: Path
    files: list[Path] = field(default_factory=list)
    folders: list["Tree"] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.name

    @property
    def filled(self) -> list["Tree"]:
        """The subfolders that contain a wanted file at some depth."""
        return [folder for folder in self.folders if not folder.is_empty()]

    def is_empty(self) -> bool:
        """Return whether the folder contains no wanted file at any depth."""
        return not self.files and all(folder.is_empty() for folder in self.folders)

    def walk(self) -> Iterator["Tree"]:
        """Yield this folder and all folders below it."""
        yield self
        for folder in self.folders:
            yield from folder.walk()

    def list_files(self) -> list[Path]:
        """Return all wanted files at every depth, ordered by the parts of their paths."""
        return sorted((path for tree in self.walk() for path in tree.files), key=lambda path: path.parts)


class Scan:
    """A scan of a folder tree.

    Links to files are read. A link to a folder is followed if its target is not read elsewhere, which excludes loops
    and duplicate examples.

    Args:
        folder: the root; it may itself be hidden or a link.
        suffixes: suffixes of the wanted files, in lower case.

    Attributes:
        tree: the folder with everything below it.
        skipped: number of files that are not read, by suffix or :data:`HIDDEN`.
        links: number of links to folders that were followed.

    Raises:
        DataError: a folder cannot be read, a link is broken or leads to a folder that is read already, a path with a
            wanted suffix is not a regular file, or a name is not Unicode.
    """

    def __init__(self, folder: Path, suffixes: Collection[str]):
        self.skipped: Counter[str] = Counter()
        self.links = 0
        self._suffixes = suffixes
        self._above = {_identify(path) for path in folder.resolve().parents}
        self._visited: dict[tuple[int, int], Path] = {}
        try:
            self.tree = self._read(folder)
        except OSError as error:
            raise DataError(f"{error.filename or folder}: cannot be read ({error.strerror})") from None

    def _read(self, folder: Path) -> Tree:
        self._visit(folder)
        tree = Tree(folder)
        for path in sorted(folder.iterdir(), key=lambda path: path.name):
            if path.name.startswith(".") or path.name.lower() in LEFTOVERS:
                self.skipped[HIDDEN] += _count_files(path)
            elif path.is_dir():
                self.links += path.is_symlink()
                tree.folders.append(self._read(path))
            elif path.suffix.lower() in self._suffixes:
                tree.files.append(_check_file(path))
            else:
                self.skipped[path.suffix.lower() or "without suffix"] += 1
        return tree

    def _visit(self, folder: Path) -> None:
        key = _identify(folder)
        if folder.is_symlink() and self._visited and key in self._above:
            raise DataError(f"{folder}: is a link to one of its parent folders; remove the link")
        if key in self._visited:
            first = self._visited[key]
            raise DataError(
                f"{folder}: is the same folder as {first} through a link and would be read twice; remove one"
            )
        _check_name(folder)
        self._visited[key] = folder


def _identify(folder: Path) -> tuple[int, int]:
    stat = folder.stat()
    return stat.st_dev, stat.st_ino


def _check_file(path: Path) -> Path:
    _check_name(path)
    if not path.is_file():
        raise DataError(f"{path}: is {'a broken link' if path.is_symlink() else 'not a regular file'}; remove it")
    return path


def _check_name(path: Path) -> None:
    try:
        path.name.encode()
    except UnicodeEncodeError:
        raise DataError(f"{str(path)!a}: has a name that is not valid UTF-8; rename it") from None


def _count_files(path: Path) -> int:
    """Return the number of files of a hidden folder, or 1 for a file or link."""
    if path.is_symlink() or not path.is_dir():
        return 1
    return sum(len(files) for _, _, files in os.walk(path))
