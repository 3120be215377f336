"""The sweep from Python."""

from pathlib import Path

import pandas as pd
import pytest

import dropout_lab
from dropout_lab.errors import ConfigError

TINY = {"model": {"hidden": [8]}, "train": {"epochs": 1}}


def test_the_trials_as_a_frame_on_the_same_ledger(folder):
    frame = dropout_lab.sweep(rate=[0, 0.3, 0.5], seeds=2, **TINY)
    assert frame["rate"].tolist() == [0, 0, 0.3, 0.3, 0.5, 0.5]
    assert frame["seed"].tolist() == [0, 1] * 3
    assert frame["test_accuracy"].between(0, 1).all()
    stored = pd.read_csv(folder / "results/sweep/trials.csv", dtype={"trial_id": str})
    assert set(stored["trial_id"]) == set(frame["trial_id"])
    part = dropout_lab.sweep(rate=0.3, seeds=[1], **TINY)
    pd.testing.assert_series_equal(part.iloc[0], frame.iloc[3], check_names=False)
    assert len(pd.read_csv(folder / "results/sweep/trials.csv")) == 6


def test_lists_are_axes_unless_the_setting_is_a_list(folder):
    settings = {"model.hidden": [[8], [8, 4]], "train.epochs": 1, "regularizer": ["none", ["l1", "l2"]]}
    frame = dropout_lab.sweep(seeds=1, rate=0.5, **settings)
    assert frame["model.hidden"].tolist() == ["8", "8", "8/4", "8/4"]
    assert frame["regularizer"].tolist() == ["none", "l1+l2"] * 2


def test_a_rate_for_each_layer_is_a_list_of_lists(folder):
    frame = dropout_lab.sweep(rate=[[0.2, 0.5]], seeds=1, model={"hidden": [8, 8]}, train={"epochs": 1})
    assert frame["rate"].tolist() == ["0.2/0.5"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rate": [0, 1.5]}, "rate=1.5: must be a number"),
        ({"rte": 0.1}, "no setting 'rte'"),
        ({"rate": []}, "rate=''"),
        ({"rate": None}, "rate=null"),
        ({"rate": float("nan")}, "rate=nan"),
        ({"train": {"lr": "fast"}}, "train.lr=fast"),
        ({"seeds": []}, "the sweep is empty"),
    ],
)
def test_wrong_values_raise_before_anything_is_made(folder, settings, message):
    with pytest.raises(ConfigError, match=message):
        dropout_lab.sweep(**settings)
    assert list(folder.iterdir()) == []


def test_words_of_python_need_no_quoting(folder):
    for out in ("a=b", "it's", "a[1]", "na\u00efve \u03bb", "a,b", 'say "so"', "1e3", "-x", " y "):
        dropout_lab.sweep(rate=0.5, seeds=1, out=out, **TINY)
        assert (folder / out / "trials.csv").exists()
    assert dropout_lab.sweep(rate=0.5, seeds=range(1), out=Path("p"), **TINY)["seed"].tolist() == [0]


def test_arms_that_are_left_out_are_not_in_the_frame(folder):
    frame = dropout_lab.sweep(variant=["inverted", "spatial"], rate=0.5, seeds=1, skip_invalid=True, **TINY)
    assert frame["variant"].tolist() == ["inverted"]


def test_a_setting_twice_is_refused(folder):
    with pytest.raises(ConfigError, match=r"train\.epochs is given twice"):
        dropout_lab.sweep(**TINY, **{"train.epochs": 2})


def test_numpy_numbers_are_numbers(folder):
    import numpy as np

    frame = dropout_lab.sweep(rate=np.linspace(0, 0.5, 2), seeds=np.arange(1), **TINY)
    assert frame["rate"].tolist() == [0, 0.5]


def test_the_result_has_trials_comparisons_tables_and_figures(folder):
    result = dropout_lab.sweep(rate=[0, 0.5], seeds=3, out="out", **TINY)
    assert len(result) == len(result.trials) == len(result.trials_full) == 6
    assert {"trial_id", "rate", "seed", "test_accuracy", "gap"} <= set(result.trials)
    assert not {"train.lr", "data", "n_train"} & set(result.trials)
    assert result.trials_full["train.lr"].notna().all()
    stored = pd.read_csv("out/summary.csv")
    pd.testing.assert_frame_equal(result.summary.reset_index(drop=True), stored, check_dtype=False)
    assert result.comparisons["arm"].tolist() == pd.read_csv("out/comparisons.csv")["arm"].tolist()
    assert "rate=0" in result.verdict
    assert result.table(format="latex", caption="C").startswith("\\begin{table")
    assert "SweepResult" in repr(result)
    drawn = result.plot(x="rate", y="gap", size="column", range=[-50, 50])
    assert drawn.figure.axes[0].get_ylim() == (-50, 50)
    assert drawn._repr_png_()[:4] == b"\x89PNG"
    assert drawn.save("a/b.svg").read_text().startswith("<?xml")
    assert (folder / result.report()).name == "report.html"


def test_a_folder_opens_as_the_same_result(folder):
    result = dropout_lab.sweep(variant=["inverted", "gaussian"], rate=[0, 0.5], seeds=2, out="out", **TINY)
    again = dropout_lab.open("out")
    key = ["trial_id", "test_accuracy"]
    first, second = (each.trials[key].sort_values("trial_id").reset_index(drop=True) for each in (result, again))
    pd.testing.assert_frame_equal(first, second)
    assert again.verdict
    with pytest.raises(ConfigError, match="contains no sweep"):
        dropout_lab.open("nowhere")


def test_a_notebook_shows_verdict_table_and_picture(folder):
    page = dropout_lab.sweep(rate=[0, 0.5], seeds=3, out="<b>", **TINY)._repr_html_()
    assert page.count("<table") == 1
    assert 'src="data:image/svg+xml;base64,' in page
    assert "rate=0" in page


def test_unknown_options_of_the_result_are_refused(folder):
    result = dropout_lab.sweep(rate=[0, 0.5], seeds=2, out="out", **TINY)
    with pytest.raises(ConfigError, match=r"plot\(colour=\.\.\.\): unknown option; plot takes kind, x, y"):
        result.plot(colour="rate")
    with pytest.raises(ConfigError, match="x=width: does not vary in this folder"):
        result.plot(x="width")
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = result.no_such_name
