"""One short trial on each of the real sets, by the public command line."""

import pandas as pd
import pytest

from dropout_lab.data.uci import UCI

TINY = ["seeds=1", "train.epochs=20", "train.lr=0.01", "model.hidden=[16]", "rate=0.2", "data.train_size=200"]


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_images(name, shared, typed):
    status, _, err = typed("train", f"data={name}", f"data.root={shared}", *TINY, "data.val_fraction=0.01")
    assert (status, err) == (0, "")
    row = pd.read_csv("results/train/trials.csv").iloc[0]
    assert (row["data"], row["n_train"], row["data.train_size"]) == (name, 200, 200)
    assert row["test_accuracy"] > 0.3  # three times as good as a guess
    assert pd.isna(row["data.test_fraction"])  # the test part is the official one


@pytest.mark.parametrize("name", UCI)
def test_tables(name, shared, typed):
    status, _, err = typed("sweep", "data=uci", f"data.name={name}", f"data.root={shared}", "data.split=1,3", *TINY)
    assert (status, err) == (0, "")
    rows = pd.read_csv("results/sweep/trials.csv")
    assert rows["data.name"].tolist() == [name] * 2
    assert sorted(rows["data.split"]) == [1, 3]
    assert (rows["test_rmse"] > 0).all()
    assert rows["test_rmse"].nunique() == 2


TEXT = [
    "data.max_length=40",
    "data.vocab_size=2000",
    "model.embedding=16",
    "model.hidden=[16]",
    "train.lr=0.01",
    "rate=0.2",
]


@pytest.mark.parametrize(
    ("words", "column", "low", "high"),
    [
        (["data=rt_polarity"], "test_accuracy", 0.6, 1),
        (["data=scale_data", "data.label=3class"], "test_accuracy", 0.42, 1),
        (["data=scale_data"], "test_rmse", 0.05, 0.25),
    ],
)
def test_texts(words, column, low, high, shared, typed):
    status, _, err = typed("train", *words, f"data.root={shared}", *TEXT, "train.epochs=3", "seeds=1")
    assert (status, err) == (0, "")
    row = pd.read_csv("results/train/trials.csv").iloc[0]
    assert low < row[column] < high
    assert row["data.max_length"] == 40


SMALL = [
    "model=lstm",
    "model.units=16",
    "model.embedding=8",
    "train.epochs=1",
    "train.batch_size=1000",
    "train.lr=0.03",
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "most"), [("ptb", 60), ("tinyshakespeare", 30)])
def test_running_texts(name, most, shared, typed):
    status, _, err = typed("train", f"data={name}", f"data.root={shared}", *SMALL, "data.vocab_size=200")
    assert (status, err) == (0, "")
    row = pd.read_csv("results/train/trials.csv").iloc[0]
    assert 1 < row["test_perplexity"] < most  # a guess has that of the vocabulary, 202 or 67


def test_where_data_lie_is_no_part_of_a_trial(shared, typed, monkeypatch):
    words = ["train", "data=uci", *TINY]
    assert typed(*words, f"data.root={shared}")[0] == 0
    monkeypatch.setenv("DROPOUT_LAB_DATA", str(shared))
    status, out, _ = typed(*words)
    assert status == 0
    assert out.startswith("results/train: the trial is already completed\n")
