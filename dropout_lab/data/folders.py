"""Folders with one subfolder of files per class, with or without folders of splits above the classes."""

import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.data.layout import EXPECTED, SPELLINGS, find_splits
from dropout_lab.data.tree import Scan, Tree
from dropout_lab.errors import DataError

OUTSIDE = "outside the class folders"


@dataclass(frozen=True)
class ClassFolders:
    """The files of user data by split and class.

    Args:
        splits: files by class, by split: ``train``, ``val`` and ``test``, or one with an empty name.
        notes: skipped files, one phrase each.
    """

    splits: dict[str, dict[str, list[Path]]]
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> list[str]:
        """The names of the classes; the label of a class is its position."""
        return list(next(iter(self.splits.values())))

    @property
    def files(self) -> list[tuple[Path, int]]:
        """The files in the order of the examples (by split, then by class), each with its label."""
        labels = {name: label for label, name in enumerate(self.classes)}
        groups = (group.items() for group in self.splits.values())
        return [(path, labels[name]) for group in groups for name, paths in group for path in paths]

    def rows(self, split: str) -> range | None:
        """Return the rows of a split in :attr:`files`; None if the split is not fixed."""
        if split not in self.splits:
            return None
        sizes = {name: sum(map(len, group.values())) for name, group in self.splits.items()}
        start = sum(list(sizes.values())[: list(sizes).index(split)])
        return range(start, start + sizes[split])


def read_class_folders(folder: Path, suffixes: Collection[str], noun: str) -> ClassFolders:
    """List the files of a folder by split and class, sorted by name.

    Args:
        folder: folder of the classes, or of the splits that contain the classes.
        suffixes: suffixes of the files to read, in lower case.
        noun: the kind of file, in the singular.

    Raises:
        DataError: there are fewer than two classes, a class has no file, or a folder is not a class.
    """
    scan = Scan(folder, suffixes)
    levels = find_splits(scan.tree, noun)
    for level in levels.values():
        _check_classes(level, suffixes, noun)
    training, *others = levels.values()
    if len(training.folders) < 2:
        raise DataError(f"{training.path}: must contain one folder of {noun}s per class, for at least two classes")
    for level in others:
        _match_classes(training, level, noun)
    splits = {split: {c.name: c.list_files() for c in level.folders} for split, level in levels.items()}
    read = sum(len(paths) for group in splits.values() for paths in group.values())
    skipped = scan.skipped + Counter({OUTSIDE: len(scan.tree.list_files()) - read})
    return ClassFolders(splits, (*_describe_skipped(skipped, scan.links), *_missing_classes(splits, noun)))


def _check_classes(level: Tree, suffixes: Collection[str], noun: str) -> None:
    for folder in level.folders:
        if folder.is_empty():
            wanted = ", ".join(sorted(suffixes))
            raise DataError(f"{folder.path}: contains no {noun} ({wanted}); delete it if it is not a class")
        if not folder.files:
            inner = ", ".join(f.name for f in folder.filled[:4])
            raise DataError(
                f"{folder.path}: contains folders ({inner}) and no {noun}, so it is not a class; use {EXPECTED}"
            )
    inner_names = [{f.name for f in folder.filled} for folder in level.folders]
    shared = set.intersection(*inner_names) if len(inner_names) > 1 else set()
    classes = {folder.name for folder in level.folders}
    for folder in level.folders:
        for below in list(folder.walk())[1:]:
            named_as = below.name in classes or below.name.casefold() in SPELLINGS or below.name in shared
            if named_as and not below.is_empty():
                what = "has the name of a split, of a class or of a folder in each class"
                raise DataError(f"{below.path}: {what}; move it out of the class {folder.name!r}: use {EXPECTED}")
    spaced = Counter(_simplify(folder.name, case=False) for folder in level.folders)
    for folder in level.folders:
        if spaced[_simplify(folder.name, case=False)] > 1:
            raise DataError(f"{folder.path}: differs from another class only in white space; merge or rename them")


def _match_classes(training: Tree, level: Tree, noun: str) -> None:
    """Raise DataError if another split has a class that the training split lacks."""
    classes = [folder.name for folder in training.folders]
    for folder in level.folders:
        if folder.name not in classes:
            near = [name for name in classes if _simplify(name) == _simplify(folder.name)]
            hint = f"; rename it if it is {near[0]!r} of {training.path}" if near else "; move it out or rename it"
            raise DataError(f"{folder.path}: this class has no {noun}s in the training split{hint}")


def _simplify(name: str, case: bool = True) -> str:
    text = " ".join(unicodedata.normalize("NFC", name).split())
    return text.casefold() if case else text


def _describe_skipped(skipped: Counter[str], links: int) -> list[str]:
    notes = []
    count = skipped.total()
    if count:
        kinds = sorted(((kind, n) for kind, n in skipped.items() if n), key=lambda item: (-item[1], item[0]))
        files = "file" if count == 1 else "files"
        notes.append(f"{count:,} {files} skipped: {', '.join(f'{n:,} {kind}' for kind, n in kinds)}")
    if links:
        notes.append(f"{links:,} linked folder{'' if links == 1 else 's'} read")
    return notes


def _missing_classes(splits: dict[str, dict[str, list[Path]]], noun: str) -> list[str]:
    training, *others = splits.items()
    return [
        f"the {split} split has no {noun} of {', '.join(missing[:4])}{', ...' if len(missing) > 4 else ''}"
        for split, group in others
        if (missing := [name for name in training[1] if name not in group])
    ]
