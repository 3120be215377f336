"""The line that says what was read from user data."""

import logging

import numpy as np
import pytest

import dropout_lab
from dropout_lab.data import Dataset
from dropout_lab.data.description import describe

SPLITS = {"train": np.arange(864), "val": np.arange(96), "test": np.arange(240)}


def test_images_with_classes_and_what_was_skipped():
    y = np.repeat([0, 1], [700, 500])
    notes = ("12 files skipped: 10 .gif, 2 hidden",)
    dataset = Dataset("folder", "classification", np.zeros((1200, 3, 32, 32), "u1"), y, ("cat", "dog"), notes=notes)
    assert describe(dataset, "data/pets", SPLITS) == (
        "data: pets, 1,200 images 3x32x32 (12 files skipped: 10 .gif, 2 hidden), classes: cat 700, dog 500; "
        "train 864, val 96, test 240"
    )


def test_a_table_with_a_number_to_predict():
    dataset = Dataset("file", "regression", np.zeros((3, 2)), np.array([0.5, 2, 1]))
    assert describe(dataset, "a.csv", {"train": np.arange(3), "val": np.arange(0)}) == (
        "data: a.csv, 3 rows, 2 features, target from 0.5 to 2; train 3"
    )


def test_many_classes_are_counted_not_listed():
    classes = tuple(f"c{i}" for i in range(15))
    dataset = Dataset("file", "classification", np.zeros((15, 1)), np.arange(15), classes)
    assert describe(dataset, "a.csv", {}).endswith("c11 1 and 3 more; ")


def test_a_name_stays_on_the_line():
    dataset = Dataset("file", "classification", np.zeros((2, 1)), np.arange(2), ("a\nb\x1b[31m", "c" * 500))
    assert (
        describe(dataset, "a.csv", {})
        == f"data: a.csv, 2 rows, 1 feature, classes: a\\nb\\x1b[31m 1, {'c' * 40}... 1; "
    )


@pytest.fixture
def table(folder):
    lines = [f"{1700000000000 + k * 60000 + i},{'ab'[k]}" for i in range(40) for k in (0, 1)]
    (folder / "t.csv").write_text("\n".join(["t,y", *lines]) + "\n")
    return ["data=file", "data.path=t.csv", "data.target=y"]


@pytest.mark.parametrize("command", ["sweep", "train", "search"])
def test_the_line_is_printed_before_training(typed, table, command):
    words = ["rate=interval(0.1,0.3)", "budget=2"] if command == "search" else ["rate=0"]
    seeds = [] if command == "train" else ["seeds=2"]
    status, out, err = typed(command, *table, *words, *seeds, "train.epochs=2", "out=o")
    assert (status, err) == (0, "")
    assert out.startswith("data: t.csv, 80 rows, 1 feature, classes: a 40, b 40; train 51, val 13, test 16\n")
    assert out.count("data:") == 1
    dry = typed(command, *table, *words, *seeds, "train.epochs=3", "out=o", "--dry-run")[1]
    assert "data: t.csv, 80 rows" in dry


def test_the_python_function_logs_it(table, caplog):
    settings = {"data": "file", "data.path": "t.csv", "data.target": "y"}
    with caplog.at_level(logging.INFO, "dropout_lab"):
        dropout_lab.sweep(**settings, rate=0, seeds=1, **{"train.epochs": 1})
    assert "data: t.csv, 80 rows, 1 feature" in caplog.text


def test_times_in_milliseconds_keep_their_digits(typed, table):
    status, out, _ = typed("sweep", *table, "rate=0", "seeds=3", "train.epochs=60", "out=o")
    assert (status, "100.00" in out) == (0, True)
