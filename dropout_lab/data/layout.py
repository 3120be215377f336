"""Detection of the folders that hold the training, validation and test set of user data."""

import re

from dropout_lab.data.tree import Tree
from dropout_lab.errors import DataError

SPLITS = ("train", "val", "test")
SPELLINGS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
EXPECTED = "folders of classes, or train, val and test with folders of classes in them"


def find_splits(root: Tree, noun: str) -> dict[str, Tree]:
    """Find the folders that contain the folders of classes.

    Any usual spelling is recognized, in any case and with the same addition to each name: ``seg_train`` and
    ``seg_test``.
    A single folder around the others is skipped: ``archive/train``, ``seg_train/seg_train``.

    Args:
        root: the user's folder.
        noun: the kind of file, in the singular.

    Returns:
        folders by split, in the order of :data:`SPLITS`; one with an empty name if there are no splits.

    Raises:
        DataError: the training split is missing, or a split occurs twice, has no class folder, or has sibling folders
            that are not splits.
    """
    level = _unwrap(root)
    names = {folder: name for folder in level.folders if (name := _parse(folder.name))}
    for addition in sorted({words for split, words in names.values() if split == "train"}):
        group = [folder for folder, (_, words) in names.items() if words == addition]
        training = [folder for folder in group if names[folder][0] == "train"]
        # A class may be called "train", as in a set of vehicles.
        if len(group) > 1 or group == level.folders or any(map(_holds_classes, training)):
            return _splits_of(level, {folder: names[folder][0] for folder in group}, noun)
    _refuse_without_training(root, level, noun)
    return {"": level}


def _parse(name: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the split that a name stands for, and the other words of the name; None if it stands for no split."""
    words = [word for word in re.split(r"[\W_]+", name.casefold()) if word]
    splits = [SPELLINGS[word] for word in words if word in SPELLINGS]
    return (splits[0], tuple(word for word in words if word not in SPELLINGS)) if len(splits) == 1 else None


def _unwrap(tree: Tree) -> Tree:
    """Return the first folder from the root down that holds something other than a single folder of folders."""
    while not tree.files and len(tree.folders) == 1 and not tree.folders[0].files and tree.folders[0].filled:
        tree = tree.folders[0]
    return tree


def _holds_classes(folder: Tree) -> bool:
    return len(folder.filled) > 1 or (not folder.files and bool(folder.filled))


def _splits_of(level: Tree, group: dict[Tree, str], noun: str) -> dict[str, Tree]:
    splits: dict[str, Tree] = {}
    for folder, split in group.items():
        if split in splits:
            pair = f"{splits[split].name} and {folder.name}"
            raise DataError(f"{level.path}: {pair} both have a name of the {split} split; merge them or move one")
        splits[split] = folder
    others = [folder.name for folder in level.filled if folder not in group]
    if others:
        names = f"{_quote(others)} next to the splits {_quote([folder.name for folder in group])}"
        raise DataError(f"{level.path}: contains {names}; move or rename the folders that are not splits")
    return {split: _class_level(split, splits[split], noun) for split in SPLITS if split in splits}


def _class_level(split: str, folder: Tree, noun: str) -> Tree:
    level = _unwrap(folder)
    if not level.files and len(level.folders) == 1 and _parse(level.folders[0].name) == _parse(folder.name):
        level = level.folders[0]  # seg_test/seg_test with its files directly in it
    if level.filled:
        return level
    if split == "test" and level.files:
        what = f"contains {noun}s without labels (they are not in the folder of a class)"
        raise DataError(f"{level.path}: {what}; move it out of {folder.path.parent}, or create one folder per class")
    what = f"contains {noun}s directly" if level.files else f"contains no {noun}"
    raise DataError(f"{level.path}: {what}; the {split} split needs one folder of {noun}s per class")


def _refuse_without_training(root: Tree, level: Tree, noun: str) -> None:
    names = [_parse(folder.name) for folder in level.folders]
    above = [SPELLINGS.get(part.casefold()) for part in level.path.relative_to(root.path).parts]
    only = {name[1] for name in names if name}
    if (None not in names and len(only) == 1) or (set(above) & {"val", "test"} and "train" not in above):
        splits = _quote([folder.name for folder in level.folders] if None not in names and names else [level.name])
        raise DataError(f"{root.path}: contains {splits} but no training split; add train, with one folder per class")
    for folder in level.folders:
        if SPELLINGS.get(folder.name.strip().casefold()) == "test":
            what = f"may be a test split, or a class like {_quote([f.name for f in level.folders if f is not folder])}"
            raise DataError(
                f"{folder.path}: {what}; move a test set of unlabelled {noun}s elsewhere, or rename a class"
            )


def _quote(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:4]))
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown
