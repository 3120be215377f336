"""``dropout-lab table`` beside the sweeps that filled the folder."""

import csv
import random

import numpy as np
import pandas as pd
import pytest

TINY = ["model.hidden=[8]", "train.epochs=1", "out=out"]


def places(text, columns):
    """The first cells of each row of a printed table."""
    lines = text.split("\n\n")[0].splitlines()[1:]
    return [line.split()[:columns] for line in lines]


def shuffle(path):
    """The ledger as trials may finish."""
    head, *rows = path.read_text().splitlines()
    random.Random(3).shuffle(rows)
    path.write_text("\n".join([head, *rows]) + "\n")


@pytest.mark.parametrize(
    "axes",
    [
        ["rate=0,0.1,0.3,0.2"],
        ["variant=inverted,gaussian", "rate=0.5,0.2"],
        ["variant=inverted,alpha,gaussian", "rate=0.2"],
        ["train.lr=0.1,0.01", "model.activation=tanh,relu"],
        ["arms=inverted,none,gaussian"],
    ],
)
def test_the_rows_have_the_order_of_the_sweep(typed, folder, axes):
    assert typed("sweep", *TINY, *axes, "seeds=2")[0] == 0
    swept = pd.read_csv("out/summary.csv")
    shuffle(folder / "out/trials.csv")
    status, out, _ = typed("table", "out=out", "format=csv")
    assert status == 0
    (folder / "table.csv").write_text(out)
    table = pd.read_csv("table.csv")
    column = "mean"
    kept = [frame[frame["metric"] == "train_loss"][column].tolist() for frame in (swept, table)]
    assert kept[0] == kept[1]


def test_a_setting_that_varies_over_two_commands_has_its_column(typed, folder):
    typed("sweep", *TINY, "data=digits", "rate=0.5", "seeds=2")
    typed("sweep", *TINY, "data=wine", "rate=0.2", "seeds=2")
    _, out, _ = typed("table", "out=out")
    assert out.split()[:2] == ["data", "rate"]
    assert places(out, 2) == [["digits", "0.5"], ["wine", "0.2"]]


def test_no_dropout_is_listed_once(typed, folder):
    words = ["variant=none,inverted,gaussian", "rate=0.2,0.5", "seeds=3"]
    _, out, _ = typed("sweep", *TINY, *words)
    table = out.split("\n\n")[1]
    rows = [line for line in table.splitlines() if line.startswith("none")]
    assert len(rows) == 1
    assert rows[0].split()[:2] == ["none", "0"]
    assert table.count("*") == 1
    assert table.count("baseline") == 2  # its title, and its row
    compared = pd.read_csv("out/comparisons.csv")
    assert not compared.duplicated(["arm", "other", "kind"]).any()
    assert set(compared.loc[compared["kind"] == "baseline", "other"]) == {"variant=none rate=0"}


def test_the_foot_tells_the_test_set_and_constant_predictions(typed, folder):
    random = np.random.default_rng(0)
    rows = [[*random.normal(size=3).round(3), int(i % 40 < 3)] for i in range(400)]
    with (folder / "mine.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["a", "b", "c", "y"], *rows])
    words = ["train.epochs=3", "out=out", "data=file", "data.path=mine.csv", "data.target=y", "rate=0,0.5", "seeds=3"]
    status, out, err = typed("sweep", *words)
    assert (status, err) == (0, "")
    text = " ".join(out.split())
    assert "Test set: 80 examples, one is 1.25 points." in text
    assert "Every arm: not better than always predicting the most frequent class (92.50 %)." in text
    assert "No interval where all seeds gave the same value" in text
    assert "92.50 [" not in out
    found = pd.read_csv("out/summary.csv")
    assert found.loc[found["metric"] == "test_accuracy", ["low", "high"]].isna().all(axis=None)


def test_two_seeds_show_their_values_everywhere(typed, folder):
    _, out, _ = typed("sweep", *TINY, "rate=0,0.5", "seeds=2")
    trials = pd.read_csv("out/trials.csv").sort_values(["rate", "seed"])
    for _, each in trials.groupby("rate"):
        values = ", ".join(f"{100 * value:.2f}" for value in each["test_accuracy"])
        for text in (out, *((folder / "out" / name).read_text() for name in ("summary.md", "summary.tex"))):
            assert values in text
    assert pd.read_csv("out/summary.csv")[["low", "high"]].isna().all(axis=None)
    assert pd.read_csv("out/comparisons.csv")[["low", "high"]].isna().all(axis=None)
    assert "[" not in out.split("\n\n")[1]
