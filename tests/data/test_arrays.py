"""``.npz`` files: which arrays are read, as what, and what is refused."""

import numpy as np
import pytest

from dropout_lab.data import DataError
from dropout_lab.data.array_names import ROLES, SPELLINGS, SPLITS
from dropout_lab.data.arrays import read_npz

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(6, 3))
Y = np.arange(6) % 2
BYTES = RANDOM.integers(0, 256, (6, 8, 8), np.uint8)
COLOURS = RANDOM.integers(0, 256, (6, 8, 8, 3), np.uint8)


@pytest.fixture
def read(tmp_path):
    """Save arrays and read them again."""

    def save_and_read(task="auto", layout="auto", **arrays):
        np.savez(tmp_path / "d.npz", **arrays)
        return read_npz(tmp_path / "d.npz", task, layout)

    return save_and_read


def notes_of(arrays):
    return arrays.get("notes", np.array([])).tolist()


def refused(read, message, **arrays):
    with pytest.raises(DataError, match=message) as caught:
        read(**arrays)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_spelling_means_one_thing():
    count = sum(
        len({w + p for w in words for p in ps} | {p + w for w in words for p in ps})
        for words in ROLES.values()
        for ps in SPLITS.values()
    )
    assert len(SPELLINGS) == count


@pytest.mark.parametrize(
    "names",
    [
        ("x", "y", "x_val", "y_val", "x_test", "y_test"),
        ("X_train", "Y_train", "X_valid", "Y_valid", "X_test", "Y_test"),
        ("train_images", "train_labels", "val_images", "val_labels", "test_images", "test_labels"),
        ("data", "target", "data_dev", "target_dev", "data_test", "target_test"),
        ("trainX", "trainY", "validationX", "validationY", "testX", "testY"),
        ("features", "labels", "val_features", "val_labels", "test_features", "test_labels"),
        ("inputs", "targets", "inputs_val", "targets_val", "inputs_test", "targets_test"),
    ],
)
def test_splits_under_their_usual_names(read, names):
    x = np.arange(36.0).reshape(12, 3)
    y = np.arange(12) % 2
    values = [x[:6], y[:6], x[6:8], y[6:8], x[8:], y[8:]]
    arrays = dict(zip(names, values, strict=True))
    shuffled = dict(sorted(arrays.items(), key=lambda item: item[0][::-1]))  # the order in the file does not matter
    got = read(**shuffled)
    assert np.array_equal(got["x"], x)
    assert np.array_equal(got["y"], y)
    assert (got["val"].tolist(), got["test"].tolist()) == ([6, 7], [8, 9, 10, 11])
    assert notes_of(got) == []


def test_what_is_not_used_is_named(read):
    got = read(data=X, target=Y, feature_names=np.array(list("abc")), DESCR=np.array("text"))
    assert notes_of(got) == ["not used: feature_names, DESCR"]


def test_objects_that_are_not_used_are_not_loaded(read):
    assert notes_of(read(x=X, y=Y, frame=np.array(None))) == ["not used: frame"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X, "X": X, "y": Y}, "x and X both name the examples of the train split; remove one"),
        ({"data": X, "images": BYTES, "target": Y}, "data and images both name the examples"),
        ({"x": X, "x_train": X, "y": Y}, "x and x_train both name the examples"),
        ({"x": X, "y": Y, "labels": Y}, "y and labels both name the targets of the train split"),
        ({"x": X, "y": Y, "x_val": X, "x_valid": X, "y_val": Y}, "x_val and x_valid both name the examples of the val"),
        ({"x": X}, "must contain x and y, or .*; it contains x$"),
        ({"arr_0": X, "arr_1": Y}, "must contain x and y, or .*; it contains arr_0, arr_1$"),
        ({"x_test": X, "y_test": Y}, "must contain x and y"),
        ({"x": X, "y": Y, "x_test": X}, "has x_test without y_test; add that array or remove x_test"),
        ({"x": X, "y": Y, "val_labels": Y}, "has val_labels without x_val"),
        ({"x": X, "y": Y[:5]}, "y has 5 rows for 6 examples"),
        ({"x": X, "y": Y, "x_test": X[:4], "y_test": Y}, "y_test has 6 rows for 4 examples"),
        ({"x": X, "y": X[:, 0], "x_test": X[:, :2], "y_test": X[:, 0]}, "x and x_test have different shapes, 3 and 2"),
        ({"x": X, "y": Y, "x_val": BYTES, "y_val": Y}, "x and x_val have different shapes, 3 and 8x8"),
        ({"x": BYTES, "y": Y, "x_test": BYTES / 255, "y_test": Y}, "x is uint8 and x_test is float64; save both with"),
        (
            {"x": BYTES, "y": Y, "x_test": BYTES.astype("u2") * 257, "y_test": Y},
            "x is uint8, x_test is uint16|x is uint8 and",
        ),
        ({"x": BYTES * 1.0, "y": Y, "x_test": BYTES / 255, "y_test": Y}, "x_test has values up to 1 and x up to 25"),
    ],
)
def test_names_and_splits_that_do_not_fit(read, arrays, message):
    refused(read, message, **arrays)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X[:0], "x is 0x3; must be a non-empty table"),
        (np.zeros((6, 0, 3)), "x is 6x0x3; must be a non-empty table"),
        (np.float64(3), "x is a single number"),
        (np.zeros((6, 2, 2, 2, 2)), "x is 6x2x2x2x2; must be a non-empty table"),
        (X.astype(str), r"x has shape 6x3 and type <U\d+; must be numbers: convert words"),
        (X + 1j, "x has shape 6x3 and type complex128; must be numbers: save np.concatenate"),
        (
            np.arange(6).astype("M8[s]")[:, None],
            r"x has shape 6x1 and type datetime64\[s\]; must be numbers: convert times",
        ),
        (
            np.arange(6).astype("m8[s]")[:, None],
            r"x has shape 6x1 and type timedelta64\[s\]; must be numbers: convert durations",
        ),
        (np.zeros(6, [("a", "f4"), ("b", "f4")]), "must be numbers: save np.lib.recfunctions"),
        (np.array([{}] * 6), r"'x' contains Python objects \(a pickle\), which are never loaded; save numbers"),
        (np.where(X[4, 1] == X, np.nan, X), r"x\[4, 1\] is nan; values must be finite"),
        (np.where(BYTES[0, 2, 3] == BYTES, -np.inf, BYTES * 0.5), r"x\[\d, \d, \d\] is -inf; values must be finite"),
        (np.where(X[4, 1] == X, 1e38, X), r"x\[4, 1\] is 1e\+38; values must be within 1e\+37 of 0"),
        (np.where(X[4, 1] == X, -1e300, X), r"x\[4, 1\] is -1e\+300; values must be within"),
        (X * [1, 1e-40, 1], "feature 1 of x spans .*e-40, less than float32 can resolve; multiply"),
        (np.arange(6)[:, None] + 2**60, "x has whole numbers beyond 2.53, such as 1152921504606846981, .*; subtract"),
    ],
)
def test_examples_that_cannot_be_used(read, x, message):
    refused(read, message, x=x, y=Y)


def test_a_gap_in_another_split_is_found_there(read):
    holes = X.copy()
    holes[5, 0] = np.nan
    refused(read, r"x_test\[5, 0\] is nan", x=X, y=Y, x_test=holes, y_test=Y)
    refused(read, r"y_test\[2\] is inf", x=X, y=X[:, 0], x_test=X, y_test=np.array([1, 2, np.inf, 3, 4, 5]))


@pytest.mark.parametrize("kind", ["f8", ">f8", "f4", ">f4", "f2", "i8", ">i4", "u1", "?"])
def test_tables_of_any_type_of_number(read, kind):
    x = (X * 10).astype(kind)
    got = read(x=np.asfortranarray(x), y=Y)["x"]
    assert np.array_equal(got, x)
    assert got.dtype == (np.float64 if kind[-2:] == "f8" else np.float32)
    assert got.dtype.isnative


def test_times_keep_the_digits_that_float32_lacks(read):
    times = 1_700_000_000_000 + np.arange(6)[:, None]
    for x in (times, times.astype(float), times[:, None].repeat(4, 1)):
        assert np.array_equal(read(x=x, y=Y, layout="auto")["x"], x)


def test_one_axis_is_one_feature(read):
    got = read(x=X[:, 0], y=Y)
    assert np.array_equal(got["x"], X[:, :1])
    assert notes_of(got) == ["x has one axis and is read as one feature"]
