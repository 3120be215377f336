"""Subsets and wrong labels: nested, by class, and of the training part alone."""

import numpy as np
import pytest

from dropout_lab.config import DataConf
from dropout_lab.data import Dataset, load
from dropout_lab.rng import Streams
from dropout_lab.train.splits import make_splits, noisy_labels, refuse_settings, smallest_class_size

DIGITS = load("digits")


def train_part(seed=0, **settings):
    return make_splits(DIGITS, DataConf(**settings), Streams(0, seed))


def test_a_small_training_part_lies_in_a_larger_one():
    whole = train_part()
    parts = {size: train_part(train_size=size) for size in (10, 100, 500, 1150)}
    for small, large in ((10, 100), (100, 500), (500, 1150)):
        assert len(parts[small]["train"]) == small
        assert set(parts[small]["train"]) < set(parts[large]["train"])
    assert np.array_equal(parts[1150]["train"], whole["train"])
    for part in parts.values():
        assert np.array_equal(part["val"], whole["val"])
        assert np.array_equal(part["test"], whole["test"])


def test_a_fixed_validation_split_is_no_part_of_a_drawn_test_set():
    y = np.arange(100) % 2
    dataset = Dataset("folder", "classification", np.zeros((100, 1)), y, ("a", "b"), val=np.arange(60, 80))
    parts = make_splits(dataset, DataConf(test_fraction=0.5), Streams(0, 0))
    assert np.array_equal(parts["val"], dataset.val)
    assert (len(parts["train"]), len(parts["test"])) == (40, 40)
    assert np.array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(100))
    assert np.bincount(y[parts["test"]]).tolist() == [20, 20]


def test_a_small_training_part_has_the_classes_in_proportion():
    for seed in range(5):
        counts = np.bincount(DIGITS.y[train_part(seed, train_size=100)["train"]], minlength=10)
        assert abs(counts - 10).max() <= 1
    assert (train_part(0, train_size=100)["train"] != train_part(1, train_size=100)["train"]).any()


def test_a_regression_takes_any_rows():
    diabetes = load("diabetes")
    conf = DataConf(kind="diabetes", train_size=50)
    small, large = (
        make_splits(diabetes, conf, Streams(0, 0))["train"],
        make_splits(diabetes, DataConf(train_size=200), Streams(0, 0))["train"],
    )
    assert len(small) == smallest_class_size(diabetes, small) == 50
    assert set(small) < set(large)


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"data.train_size=1151: the training split has 1150 examples"):
        train_part(train_size=1151)
    with pytest.raises(ValueError, match=r"data=digits with data.train_size=5 leaves no training example of class '"):
        train_part(train_size=5)
    sine = load("noisy_sine")
    with pytest.raises(
        ValueError, match=r"data.label_noise=0.1: requires classes, which data=noisy_sine does not have"
    ):
        refuse_settings(sine, DataConf(label_noise=0.1))


def test_a_class_that_only_others_have_is_named():
    y = np.array([0] * 50 + [1] * 50)
    dataset = Dataset("x", "classification", np.zeros((100, 2), np.float32), y, ("a", "b"), test=np.arange(50, 100))
    with pytest.raises(ValueError, match="data=x leaves no training example of class 'b'"):
        make_splits(dataset, DataConf(), Streams(0, 0))


@pytest.mark.parametrize("noise", [0.1, 0.5, 1.0])
def test_exactly_so_many_training_labels_are_wrong(noise):
    parts = train_part()
    labels = noisy_labels(DIGITS, DataConf(label_noise=noise), Streams(0, 0), parts["train"])
    wrong = np.flatnonzero(labels != DIGITS.y)
    assert len(wrong) == round(noise * 1150)
    assert set(wrong) <= set(parts["train"])
    # Each of the nine other classes is as likely.
    counts = np.bincount((labels[wrong] - DIGITS.y[wrong]) % 10, minlength=10)[1:]
    assert abs(counts - len(wrong) / 9).max() < 5 * np.sqrt(len(wrong) / 9)


def test_less_noise_is_part_of_more():
    rows = train_part()["train"]
    few, many = (noisy_labels(DIGITS, DataConf(label_noise=n), Streams(0, 0), rows) for n in (0.1, 0.3))
    wrong = few != DIGITS.y
    assert np.array_equal(few[wrong], many[wrong])
    other = noisy_labels(DIGITS, DataConf(label_noise=0.1), Streams(0, 1), rows)
    assert (other != few).any()


@pytest.mark.parametrize("classes", [(), ("a", "b")])
def test_a_fixed_validation_part_is_in_no_other(classes):
    val = np.arange(40, 70)
    y = np.arange(100) % 2 if classes else np.linspace(0, 1, 100)
    task = "classification" if classes else "regression"
    dataset = Dataset("file", task, np.zeros((100, 1)), y, classes, val=val)
    for seed in range(5):
        parts = make_splits(dataset, DataConf(test_fraction=0.2), Streams(0, seed))
        assert np.array_equal(parts["val"], val)
        assert len(parts["test"]) == 14
        assert np.array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(100))
