"""Targets in ``.npz`` files: what becomes classes or numbers."""

import numpy as np
import pytest

from dropout_lab.data import DataError
from dropout_lab.data.arrays import read_npz

X = np.random.default_rng(0).normal(size=(6, 3))


@pytest.fixture
def read(tmp_path):
    """Save arrays and read them again."""

    def save_and_read(y, task="auto", **arrays):
        np.savez(tmp_path / "d.npz", **{"x": X, "y": y} | arrays)
        return read_npz(tmp_path / "d.npz", task)

    return save_and_read


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.array([7, -2, 7, 7, 3, 3]), ["-2", "3", "7"]),
        (np.array(list("bccaab")), ["a", "b", "c"]),
        (np.array(["b ", " c", "c", "a", "a\n", "b"]), ["a", "b", "c"]),
        (np.array(["é", "b"] * 3).astype("U").view(np.ndarray), ["b", "é"]),
        (np.char.encode(np.array(["é ", "b"] * 3), "utf-8"), ["b", "é"]),
        (np.array([1.0, 0, 1, 1, 0, 1])[:, None], ["0", "1"]),
        (np.array([True, False] * 3), ["0", "1"]),
        (np.array([2**64 - 1, 2**64 - 2] * 3, np.uint64), [str(2**64 - 2), str(2**64 - 1)]),
        (np.array([2**60, 2**60 + 1] * 3), [str(2**60), str(2**60 + 1)]),
        (np.array([1e20, 2e20, 1e20] * 2), ["1e+20", "2e+20"]),
        (np.array([0, 1] * 3, ">i4"), ["0", "1"]),
    ],
)
def test_labels_of_any_kind_become_classes(read, labels, names):
    got = read(labels)
    assert got["classes"].tolist() == names
    assert got["y"].dtype == np.int64
    flat = labels.ravel()
    same = got["y"][:, None] == got["y"]
    key = np.char.strip(np.char.decode(flat) if flat.dtype.kind == "S" else flat) if flat.dtype.kind in "SU" else flat
    assert np.array_equal(same, key[:, None] == key)


@pytest.mark.parametrize("kind", [int, float, bool, np.uint8])
def test_one_hot_rows_become_classes(read, kind):
    y = np.eye(3, dtype=kind)[[2, 0, 1, 1, 0, 2]]
    got = read(y, x_test=X[:1], y_test=y[:1])
    assert got["y"].tolist() == [2, 0, 1, 1, 0, 2, 2]
    assert got["classes"].tolist() == ["0", "1", "2"]
    assert got["notes"].tolist() == ["one-hot rows of 3 as classes 0 to 2"]


def test_many_one_hot_columns_are_classes_still(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.arange(60.0), y=np.eye(60))
    assert len(read_npz(tmp_path / "d.npz", "auto")["classes"]) == 60


def test_numbers_are_a_regression_unless_said_otherwise(read):
    got = read(np.array([0.5, 1, 2, 3, 4, 5]))
    assert "classes" not in got
    assert (got["y"].dtype, got["y"].tolist()) == (np.float64, [0.5, 1, 2, 3, 4, 5])
    many = {"x": np.arange(51.0), "y": np.arange(51)}
    assert "classes" not in read(**many)
    assert len(read(task="classification", **many)["classes"]) == 51
    assert "classes" not in read(np.arange(6) % 2, task="regression")


def test_whole_numbers_of_several_types_stay_distinct(read):
    big = np.array([2**60, 2**60 + 1] * 3)
    got = read(big, x_test=X[:2], y_test=big[:2].astype(np.uint64))
    assert got["y"].tolist() == [0, 1] * 4


def test_a_split_that_lacks_a_class_has_the_numbers_of_the_others(read):
    got = read(np.array(list("abcabc")), x_test=X[:2], y_test=np.array(["c", "long word"]))
    assert got["classes"].tolist() == ["a", "b", "c", "long word"]
    assert got["y"].tolist() == [0, 1, 2, 0, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("y", "task", "message"),
    [
        (np.array([1, 2, np.nan, 3, 4, 5]), "auto", r"y\[2\] is nan; values must be finite"),
        (np.array([1, 2, 1e39, 3, 4, 5]), "auto", r"y\[2\] is 1e\+39; values must be within"),
        (X[:, 0] * 1e-40, "auto", "y spans .*e-40, less than float32 can resolve; multiply it"),
        (np.array(["a", " ", "b"] * 2), "auto", r"y\[1\] is empty; each example needs a target"),
        (np.ones(6, int), "auto", "the target is 1 for every example"),
        (X, "auto", "y has shape 6x3 and is not one-hot; save one target per example"),
        (np.array([[1, 1, 0]] * 6), "auto", "row 0 of y has 2 ones; .* several labels per example are not supported"),
        (np.array([[1, 0]] * 5 + [[0, 0]]), "auto", "row 5 of y has 0 ones"),
        (np.array([["a", "b"]] * 6), "auto", "y has shape 6x2 and is not one-hot"),
        (
            np.eye(2)[[0, 1] * 3],
            "regression",
            "y has one-hot rows; data.task=regression requires one number per example",
        ),
        (np.zeros((6, 2, 1)), "auto", r"y has shape 6x2x1; must be \[N\]"),
        (np.float64(1), "auto", "y has no rows"),
        (np.array([1 + 1j] * 6), "auto", "y has shape 6 and type complex128; must be numbers or words"),
        (np.arange(6).astype("M8[s]"), "auto", r"y has shape 6 and type datetime64\[s\]; must be numbers"),
        (
            np.array(["a", None] * 3),
            "auto",
            r"'y' contains Python objects .*save numbers, or words with np.array\(y, dtype=str",
        ),
        (np.array([b"\xff", b"a"] * 3), "auto", "y contains bytes that are not UTF-8; save it as text, with y.astype"),
        (np.array(list("aabbcc")), "regression", "the target consists of words"),
        (np.arange(6) + 2**60, "regression", "beyond 2.53 that float64 cannot distinguish"),
    ],
)
def test_targets_that_cannot_be_used(read, y, task, message):
    with pytest.raises(DataError, match=message) as caught:
        read(y, task)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("y", "test", "message"),
    [
        (np.array(list("ababab")), np.arange(6), "y contains words and y_test numbers; save both with the same type"),
        (np.eye(2)[[0, 1] * 3], np.array([0, 1] * 3), "y is 6x2 and y_test is 6; .* have the same shape"),
        (np.eye(2)[[0, 1] * 3], np.eye(3)[[0, 1] * 3], "y is 6x2 and y_test is 6x3; .* have the same shape"),
        (np.arange(6) - 1, np.full(6, 2**63, np.uint64), "y_test has values outside the range of int64"),
    ],
)
def test_targets_of_splits_that_do_not_fit(read, y, test, message):
    with pytest.raises(DataError, match=message):
        read(y, x_test=X, y_test=test)
