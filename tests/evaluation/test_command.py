"""``dropout-lab evaluate`` as typed, its tables and its pictures."""

import re

import pandas as pd
import pytest

import dropout_lab

TINY = ["model.hidden=[16]", "train.epochs=2", "train.lr=0.01", "out=out"]


def test_a_finished_sweep_is_looked_at_again(typed, folder):
    assert typed("sweep", *TINY, "rate=0.2,0.5", "seeds=3", "save_weights=true")[0] == 0
    status, out, err = typed("evaluate", "out=out", "infer=monte_carlo", "infer.passes=4,8")
    assert (status, err) == (0, "")
    assert out.startswith("out: evaluated 12 networks\n")
    assert re.search(r"^8 +0\.5$", out, re.MULTILINE), out
    assert max(map(len, out.splitlines())) <= 80
    assert "ECE over 15 bins" in out
    assert len(pd.read_csv("out/evaluations.csv")) == 12
    for name in ("evaluations.md", "evaluations_summary.csv", "calibration.png", "calibration.svg"):
        assert (folder / "out" / name).stat().st_size > 100
    found = pd.read_csv("out/evaluations_summary.csv").set_index(["rate", "infer.passes", "metric"])
    mine = pd.read_csv("out/evaluations.csv").merge(pd.read_csv("out/trials.csv")[["trial_id", "rate"]])
    values = mine[(mine["rate"] == 0.5) & (mine["infer.passes"] == 8)]["nll"]
    row = found.loc[(0.5, 8, "nll")]
    assert row["mean"] == pytest.approx(values.mean())
    assert row["sd"] == pytest.approx(values.std())
    assert row["se"] == pytest.approx(values.sem())
    again = typed("evaluate", "out=out", "infer=monte_carlo", "infer.passes=4,8")[1]
    assert again.splitlines() == out.splitlines()[1:]


def test_averages_at_equal_cost_in_one_command(typed, folder):
    words = [*TINY[:1], *TINY[2:], "rate=0.3", "train.epochs=1,2", "seeds=2", "infer=ensemble", "infer.passes=3"]
    status, out, _ = typed("sweep", *words)
    assert status == 0
    assert "at equal inference cost" in out
    assert "at equal training cost" in out
    assert re.search(r"^2 +1 +several nets +2\b", out, re.MULTILINE), out
    assert re.search(r"^2 +2 +one net, scaled +1\b", out, re.MULTILINE), out
    found = pd.read_csv("out/ensembles.csv")
    pairs = found[(found["n"] == 2) & (found["metric"] == "accuracy")]
    assert pairs["low"].isna().all()
    for mean, values in zip(pairs["mean"], pairs["values"], strict=True):
        each = [float(value) for value in values.split()]
        assert sum(each) / 2 == pytest.approx(mean)
        assert f"{100 * each[0]:.2f}, {100 * each[1]:.2f}" in out
    assert (folder / "out/ensembles.png").stat().st_size > 1000


def test_tables_of_regressions_tell_deviation_and_error_apart(typed, folder):
    words = ["data=diabetes", "rate=0.1", "seeds=3", "infer=weight_scaling,monte_carlo", "infer.passes=3"]
    status, out, _ = typed("sweep", *TINY, *words)
    assert status == 0
    assert re.search(r"infer +rmse +SE +SD +log-likelihood +SE +SD +n", out)
    assert not (folder / "out/calibration.png").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["infer=monte_carlo"], "out=results/sweep: contains no trials.csv; give the folder of a finished sweep"),
        (["out=out", "rate=0.5"], "rate=0.5: is fixed by the training; evaluate takes infer"),
        (["out=out", "infer=guess"], "infer=guess: must be one of ensemble, monte_carlo, weight_scaling"),
        (["out=out", "infer.passes=0"], "infer.passes=0: must be a whole number in [1, 1000000]"),
        (["out=out", "infer.tau=-1"], "infer.tau=-1: must be auto or a number above 0"),
        (["out=out", "--dry-run"], "no flag '--dry-run'; evaluate takes settings and --help"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(typed, folder, words, line):
    status, out, err = typed("evaluate", *words)
    assert (status, out) == (2, "")
    assert err.startswith(f"dropout-lab: {line}")
    assert err.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_what_cannot_be_is_refused_or_left_out(typed, folder):
    typed("sweep", *TINY, "rate=0.5", "seeds=1")
    status, _, err = typed("evaluate", "out=out")
    assert (status, err.count("\n")) == (2, 1)
    assert "contains no saved weights; rerun the sweep with save_weights=true" in err
    typed("sweep", *TINY, "rate=0,0.5", "seeds=1", "save_weights=true")
    status, _, err = typed("evaluate", "out=out", "infer=monte_carlo")
    assert (status, err.count("\n")) == (2, 1)
    assert "requires stochastic passes: the rate is 0; skip_invalid=true" in err
    assert not (folder / "out/evaluations.csv").exists()
    status, out, _ = typed("evaluate", "out=out", "infer=monte_carlo", "infer.passes=2", "skip_invalid=true")
    assert status == 0
    assert out.startswith("skipped 1 arm: infer=monte_carlo")
    file = next((folder / "out/weights").iterdir())
    file.write_bytes(file.read_bytes()[:50])
    status, _, err = typed("evaluate", "out=out", "infer=weight_scaling")
    assert (status, err.count("\n")) == (2, 1)
    assert "cannot be read" in err


def test_from_python(folder):
    dropout_lab.sweep(
        rate=[0.2, 0.5], seeds=2, model={"hidden": [16]}, train={"epochs": 1}, save_weights=True, out="out"
    )
    found = dropout_lab.evaluate(out="out", infer="monte_carlo", **{"infer.passes": 3})
    assert sorted(found["rate"]) == [0.2, 0.2, 0.5, 0.5]
    assert (found["mutual_information"] > 0).all()


@pytest.mark.parametrize(
    "axis",
    ["lr_schedule=constant,cosine", "train.grad_clip_norm=0,1", "lr_schedule.by=epoch,update lr_schedule=cosine"],
)
def test_arms_that_differ_in_a_setting_that_may_be_empty_are_told_apart(axis, typed, folder):
    words = ["model.hidden=[8]", "train.epochs=2", "rate=0.3", "seeds=2", "save_weights=true", *axis.split()]
    typed("sweep", *words, "out=out")
    assert typed("evaluate", "out=out", "infer=weight_scaling")[0] == 0
    summary = pd.read_csv("out/evaluations_summary.csv")
    assert (summary["metric"] == "accuracy").sum() == 2
    assert axis.partition("=")[0] in summary
    assert set(summary["n"]) == {2}
