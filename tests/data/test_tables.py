"""``.npz`` files: what is read, and how what is wrong is said."""

import numpy as np
import pytest

from dropout_lab.data import DataError
from dropout_lab.data.arrays import read_npz

X = np.random.default_rng(0).normal(size=(6, 3))


def npz(path, **arrays):
    np.savez(path / "d.npz", **arrays)
    return path / "d.npz"


def test_labels_of_any_kind_become_classes(tmp_path):
    for labels, names in (
        (np.array([7, -2, 7, 7, 3, 3]), ["-2", "3", "7"]),
        (np.array(list("bccaab")), ["a", "b", "c"]),
        (np.array([1.0, 0, 1, 1, 0, 1])[:, None], ["0", "1"]),
        (np.array([True, False] * 3), ["0", "1"]),
    ):
        found = read_npz(npz(tmp_path, x=X, y=labels), "auto")
        assert found["classes"].tolist() == names
        assert found["y"].dtype == np.int64
        texts = [str(int(v)) if labels.dtype.kind != "U" else v for v in labels.ravel()]
        assert [names[i] for i in found["y"]] == texts
        assert (found["x"].dtype, found["x"].shape) == (np.float32, (6, 3))


def test_numbers_are_a_regression_unless_said_otherwise(tmp_path):
    path = npz(tmp_path, x=X, y=np.array([0.5, 1, 2, 3, 4, 5]))
    found = read_npz(path, "auto")
    assert "classes" not in found
    assert (found["y"].dtype, found["y"].tolist()) == (np.float64, [0.5, 1, 2, 3, 4, 5])
    many = npz(tmp_path, x=np.zeros((51, 1)), y=np.arange(51))
    assert "classes" not in read_npz(many, "auto")
    assert len(read_npz(many, "classification")["classes"]) == 51
    few = npz(tmp_path, x=X, y=np.arange(6) % 2)
    assert "classes" not in read_npz(few, "regression")


def test_images_and_a_test_part(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 5), np.uint8)
    found = read_npz(npz(tmp_path, x=images, y=[0, 1] * 3, x_test=images[:2], y_test=[1, 1]), "auto")
    assert (found["x"].dtype, found["x"].shape) == (np.uint8, (8, 1, 4, 5))
    assert found["test"].tolist() == [6, 7]
    assert found["y"].tolist() == [0, 1, 0, 1, 0, 1, 1, 1]
    colour = read_npz(npz(tmp_path, x=np.zeros((6, 3, 4, 5)), y=[0, 1] * 3), "auto")
    assert (colour["x"].dtype, colour["x"].shape) == (np.float32, (6, 3, 4, 5))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, "must hold x and y, .*; it holds x$"),
        ({"x": X, "y": X[:, 0], "x_test": X}, "must hold x and y, and x_test with y_test"),
        ({"x": X, "y": np.arange(5)}, "y is 5 of int64; must be 6 numbers or words, one an example"),
        ({"x": X, "y": X}, "y is 6x3 of float64"),
        ({"x": X[0], "y": np.arange(3)}, "x is 3 of float64; must be numbers"),
        ({"x": X.astype(str), "y": np.arange(6)}, "x is 6x3 of <U"),
        ({"x": X[:0], "y": np.arange(0)}, "x is 0x3"),
        ({"x": np.where(X[4, 1] == X, np.nan, X), "y": np.arange(6)}, "x has a value in row 4 that is not finite"),
        ({"x": X, "y": np.array([1, 2, np.inf, 3, 4, 5])}, "the target of row 2 is not finite"),
        ({"x": X, "y": np.ones(6, int)}, "the target is 1 everywhere"),
        ({"x": X, "y": X[:, 0], "x_test": X[:, :2], "y_test": X[:, 0]}, "different shapes, 3 and 2"),
        ({"x": np.array([{}] * 6), "y": np.arange(6)}, r"holds Python objects \(a pickle\), which are never loaded"),
    ],
)
def test_what_is_wrong_with_an_npz(arrays, message, tmp_path):
    with pytest.raises(DataError, match=message) as caught:
        read_npz(npz(tmp_path, **arrays), "auto")
    assert str(caught.value).startswith(str(tmp_path / "d.npz"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("spoil", [lambda c: c[:-30], lambda c: c[:300], lambda c: b"", lambda c: b"junk" + c[9:]])
def test_a_broken_npz(spoil, tmp_path):
    path = npz(tmp_path, x=X, y=np.arange(6) % 2)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataError, match=r"d\.npz: "):
        read_npz(path, "auto")


def test_a_flipped_bit_in_an_npz_is_found(tmp_path):
    path = npz(tmp_path, x=X, y=np.arange(6) % 2)
    content = bytearray(path.read_bytes())
    content[250] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"is no \.npz file or not whole"):
        read_npz(path, "auto")
