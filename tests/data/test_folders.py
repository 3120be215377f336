"""Folders of classes and of splits, read with empty files in the place of texts."""

import os
import time

import pytest

from dropout_lab.data import DataError
from dropout_lab.data.folders import read_class_folders


@pytest.fixture
def write(tmp_path):
    """Make empty files and, of names that end in a slash, folders; return what is read of them."""

    def make(*names, links=()):
        for name in names:
            path = tmp_path / "data" / name
            (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                path.touch()
        for name, target in links:
            (tmp_path / "data" / name).symlink_to(target)
        return read_class_folders(tmp_path / "data", {".txt"}, "text")

    return make


def classes(*folders):
    return [f"{folder}/{name}/1.txt" for folder in folders for name in "ab"]


def rows(listing):
    return {split: None if (r := listing.rows(split)) is None else list(r) for split in ("train", "val", "test")}


@pytest.mark.parametrize("val", ["val", "Valid", "VALIDATION", "dev"])
@pytest.mark.parametrize(("train", "test"), [("train", "test"), ("Training", "TESTING"), ("Train ", "test")])
def test_three_splits_in_every_spelling(write, train, val, test):
    listing = write(*classes(test, train, val))
    assert rows(listing) == {"train": [0, 1], "val": [2, 3], "test": [4, 5]}
    assert [(p.parts[-3:-1], label) for p, label in listing.files] == [
        ((folder, name), "ab".index(name)) for folder in (train, val, test) for name in "ab"
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (classes("train", "val"), {"train": [0, 1], "val": [2, 3], "test": None}),
        (classes("train", "test"), {"train": [0, 1], "val": None, "test": [2, 3]}),
        (classes("train"), {"train": None, "val": None, "test": None}),
        (classes("seg_train/seg_train", "seg_test/seg_test"), {"train": [0, 1], "val": None, "test": [2, 3]}),
        (classes("training_set", "test_set"), {"train": [0, 1], "val": None, "test": [2, 3]}),
        (classes("archive/train", "archive/dev"), {"train": [0, 1], "val": [2, 3], "test": None}),
        (classes("x/archive/Train", "x/archive/Test"), {"train": [0, 1], "val": None, "test": [2, 3]}),
        (classes("pets"), {"train": None, "val": None, "test": None}),
        ([*classes("train", "test"), "logs/x.log"], {"train": [0, 1], "val": None, "test": [2, 3]}),
    ],
)
def test_other_combinations_and_wrapping_folders(write, names, expected):
    listing = write(*names)
    assert (rows(listing), listing.classes) == (expected, ["a", "b"])


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (classes("train", "val", "valid"), "data: val and valid are both the val split"),
        (classes("train", "Train"), "data: Train and train are both the train split"),
        (classes("val", "test"), "data: contains 'test', 'val' but no training split"),
        (classes("test"), "data: contains 'test' but no training split"),
        (classes("seg_val", "seg_test"), "data: contains 'seg_test', 'seg_val' but no training split"),
        (
            [*classes("train"), "test/1.txt"],
            "test: contains texts without labels .*; move it out of .*/data, or create",
        ),
        ([*classes("x_train/x_train"), "x_test/x_test/1.txt"], "x_test/x_test: contains texts without labels"),
        (["a/1.txt", "b/1.txt", "test/1.txt"], "test: may be a test split or a class next to 'a', 'b'; move"),
        (["train/1.txt", "val/1.txt"], "train: contains texts directly; the train split needs one folder of texts"),
        ([*classes("train"), "val/"], "val: contains no text; the val split needs one folder of texts per class"),
        ([*classes("train", "test"), "extra/1.txt"], "data: contains 'extra' next to the splits 'test', 'train'; move"),
        (classes("train", "other_test"), "data: contains 'other_test' next to the splits 'train'; move"),
        ([*classes("train"), "train/1.txt", "extra/1.txt"], "data: contains 'extra' next to the splits 'train'"),
    ],
)
def test_splits_that_are_doubtful(write, names, line):
    with pytest.raises(DataError, match=line) as caught:
        write(*names)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("names", [["train/1.txt", "car/1.txt", "bus/1.txt"], ["valid/1.txt", "invalid/1.txt"]])
def test_classes_named_as_splits(write, names):
    assert write(*names).classes == sorted(name.split("/")[0] for name in names)


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (
            classes("fold1", "fold2"),
            r"fold1: contains folders \(a, b\) and no text, so it is not a class; use folders of",
        ),
        (["a/train/1.txt", "a/test/1.txt", "b/train/1.txt", "b/test/1.txt"], "a: contains folders"),
        (["a/x/1.txt", "b/1.txt"], r"a: contains folders \(x\) and no text, so it is not a class"),
        (["a/1.txt", "b/1.txt", *classes("more")], r"more: contains folders \(a, b\) and no text"),
        (["a/1.txt", "a/x/1.txt", "b/1.txt", "b/x/1.txt"], "a/x: is named as a split, as a class or as a folder in"),
        (["a/1.txt", "a/x/b/1.txt", "b/1.txt"], "a/x/b: is named as a split, as a class"),
        (["a/1.txt", "a/Test/1.txt", "b/1.txt"], "a/Test: is named as a split"),
        (
            [*classes("train", "test"), "test/c/1.txt"],
            "test/c: this class has no texts in the training split; move it out",
        ),
        (["train/cat/1.txt", "train/b/1.txt", "test/Cat/1.txt"], "test/Cat: .* rename it if it is 'cat' of"),
        (["train/a b/1.txt", "train/b/1.txt", "val/a  b /1.txt"], "val/a  b : .* rename it if it is 'a b' of"),
        (["train/caf\u00e9/1.txt", "train/b/1.txt", "val/cafe\u0301/1.txt"], "rename it if it is 'caf\u00e9' of"),
        (["a/1.txt", "a /1.txt"], "a: differs from another class only in white space"),
        (["a/1.txt", "b/1.txt", "c/"], r"c: contains no text \(\.txt\); delete it if it is not a class"),
        (["a/1.txt", "b/1.txt", "c/x.doc"], r"c: contains no text \(\.txt\)"),
        (["a/1.txt", ".b/1.txt"], "data: must contain one folder of texts per class, for at least two classes"),
        (["a.txt"], "data: must contain one folder of texts per class, for at least two classes"),
    ],
)
def test_classes_that_are_doubtful(write, names, line):
    with pytest.raises(DataError, match=line) as caught:
        write(*names)
    assert "\n" not in str(caught.value)


def test_classes_that_differ_by_case_in_one_split_are_two(write):
    assert write("a/1.txt", "A/1.txt").classes == ["A", "a"]


def test_a_class_that_a_held_out_split_lacks_is_noted(write):
    assert write(*classes("train"), "test/a/1.txt").notes == ("the test split has no text of b",)


def test_leftovers_are_not_read_at_any_depth_and_counted(write):
    leftovers = [
        ".git/a/1.txt",
        "__MACOSX/a/._1.txt",
        "a/.ipynb_checkpoints/1.txt",
        "b/more/.hid.txt",
        "b/more/._2.txt",
    ]
    system = ["Thumbs.db", "a/desktop.ini", "b/.DS_Store"]
    listing = write(*classes("."), "b/more/2.TXT", *leftovers, *system, "a/x.doc", "a/y.DOC", "README", "stray.txt")
    assert [path.name for path, _ in listing.files] == ["1.txt", "1.txt", "2.TXT"]
    assert listing.notes == ("12 files skipped: 8 hidden, 2 .doc, 1 outside the class folders, 1 without suffix",)


def test_a_hidden_root_is_read(tmp_path):
    for name in "ab":
        (tmp_path / ".cache/data" / name).mkdir(parents=True)
        (tmp_path / ".cache/data" / name / "1.txt").touch()
    assert read_class_folders(tmp_path / ".cache/data", {".txt"}, "text").notes == ()


@pytest.mark.parametrize(
    ("link", "line"),
    [
        (("a/up", ".."), "a/up: is the same folder as .*data through a link and would be read twice"),
        (("c", "a"), "c: is the same folder as .*data/a by a link"),
        (("a/root", "/"), "a/root: is a link to one of its parent folders; remove the link"),
        (("b/2.txt", "gone.txt"), "b/2.txt: is a broken link; remove it"),
    ],
)
def test_links_that_are_refused(write, link, line):
    begun = time.monotonic()
    with pytest.raises(DataError, match=line):
        write(*classes("."), links=[link])
    assert time.monotonic() - begun < 5


def test_links_that_are_followed(write, tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far/9.txt").touch()
    listing = write(*classes("."), links=[("c", tmp_path / "far"), ("b/2.txt", "../a/1.txt"), ("a/self", "self")])
    assert [path.name for path, _ in listing.files] == ["1.txt", "1.txt", "2.txt", "9.txt"]
    assert listing.notes == ("1 file skipped: 1 without suffix", "1 linked folder read")


def test_what_is_no_file_or_has_no_proper_name(write, tmp_path):
    write(*classes("."))
    os.mkfifo(tmp_path / "data/a/p.txt")
    with pytest.raises(DataError, match=r"p\.txt: is not a regular file"):
        write()
    (tmp_path / "data/a/p.txt").unlink()
    os.rename(os.fsencode(tmp_path / "data/a/1.txt"), os.fsencode(tmp_path / "data/a") + b"/\xff.txt")  # noqa: PTH104
    with pytest.raises(DataError, match="has a name that is not valid UTF-8"):
        write()
