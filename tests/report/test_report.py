"""Tables and pictures from trials alone."""

import io

import pandas as pd
import pytest

from dropout_lab.report import plots
from dropout_lab.report.summary import Summary, texts
from dropout_lab.report.tables import markdown, plain
from dropout_lab.report.trials import read
from dropout_lab.stats.intervals import mean_interval
from dropout_lab.sweeps.ledger import Ledger


def frame(accuracies, status=None, **cells):
    """Trials t0, t1, ... with these test accuracies."""
    rows = [
        {"trial_id": f"t{i}", "status": "ok", "test_accuracy": a, "gap": 0.1, "train_seconds": 1.0, **cells}
        for i, a in enumerate(accuracies)
    ]
    for i, word in (status or {}).items():
        rows[i] |= {"status": word, "test_accuracy": None, "gap": None}
    Ledger("out").append(rows, [])
    return read("out")


def test_means_and_intervals_are_over_the_arms_own_trials(folder):
    summary = Summary(frame([0.9, 0.92, 0.97, 0.5]), {"a": ["t0", "t1", "t2"], "b": ["t3"]})
    assert summary.interval("a", "test_accuracy") == mean_interval([0.9, 0.92, 0.97])
    titles, rows = summary.cells()
    assert titles == ["arm", "test accuracy, %", "train - test, points", "n"]
    assert rows[0][0] == "a"
    assert rows[0][1].startswith("93.00 [")
    assert rows[1] == ["b", "50.00", "10.00", "1"]


def test_a_trial_may_stand_in_two_arms(folder):
    summary = Summary(frame([0.9, 0.8]), {"x rate=0": ["t0"], "y rate=0": ["t0"], "y rate=1": ["t1"]})
    assert [row[1] for row in summary.cells()[1]] == ["90.00", "90.00", "80.00"]


def test_diverged_and_failed_are_counted_and_never_averaged(folder):
    trials = frame([0.9, 0.8, 0.1, 0.2], status={2: "diverged", 3: "failed"})
    summary = Summary(trials, {"a": ["t0", "t1", "t2"], "b": ["t3"]})
    titles, rows = summary.cells()
    assert titles[-3:] == ["n", "diverged", "failed"]
    assert rows[0][1].startswith("85.00")
    assert rows[0][3:] == ["2", "1", "0"]
    assert rows[1] == ["b", "-", "-", "0", "0", "1"]
    long = summary.long()
    assert long.loc[(long.arm == "a") & (long.metric == "test_accuracy"), ["n", "n_diverged"]].values.tolist() == [
        [2, 1]
    ]
    assert long.loc[long.arm == "b", "n"].tolist() == [0]


def test_the_long_table_has_a_row_an_arm_and_metric(folder):
    summary = Summary(frame([0.9, 0.8]), {"a": ["t0", "t1"]})
    table = pd.read_csv(io.StringIO(texts(summary)["summary.csv"]))
    assert list(table.columns) == ["arm", "metric", "mean", "low", "high", "n", "n_diverged"]
    assert table.loc[table.metric == "test_accuracy", "mean"].item() == pytest.approx(0.85)


def test_a_table_of_two_tasks_shows_each_score_in_its_unit_and_no_common_gap(folder):
    rows = [{"trial_id": "t0", "status": "ok", "test_accuracy": 0.9, "gap": 0.1, "train_seconds": 1.0}]
    rows += [{"trial_id": "t1", "status": "ok", "test_rmse": 55.5, "gap": 7.0, "train_seconds": 1.0}]
    Ledger("out").append(rows, [])
    titles, cells = Summary(read("out"), {"a": ["t0"], "b": ["t1"]}).cells()
    assert titles == ["arm", "test accuracy, %", "test rmse", "n"]
    assert cells == [["a", "90.00", "-", "1"], ["b", "-", "55.500", "1"]]


def test_merged_folders_count_a_trial_once(folder):
    frame([0.9, 0.8])
    path = folder / "out" / "trials.csv"
    path.write_text(path.read_text() + path.read_text().splitlines()[-1] + "\n")
    assert len(read("out")) == 2


def test_a_figure_that_is_no_number_is_said(folder):
    frame([0.9])
    path = folder / "out" / "trials.csv"
    path.write_text(path.read_text().replace("0.9", "nine"))
    with pytest.raises(ValueError, match="column test_accuracy has a cell that is no number"):
        read("out")


def test_words_that_look_like_numbers_stay_words(folder):
    Ledger("out").append([{"trial_id": "1e5", "status": "ok", "variant": "none", "rate": "0.2/0.5"}], [])
    found = read("out").iloc[0]
    assert (found.trial_id, found.variant, found.rate) == ("1e5", "none", "0.2/0.5")


def test_a_plain_table_fits_eighty_columns():
    short = plain(["arm", "n"], [["a", "5"], ["longer", "10"]])
    assert short.splitlines() == ["arm      n", "a        5", "longer  10"]
    wide = plain(["arm", "score"], [["x" * 70, "95.00 [94.00, 96.00]"]])
    assert all(len(line) <= 80 for line in wide.splitlines())


def test_axes_are_columns_of_the_table(folder):
    settings = {"a": {"variant": "spatial", "rate": "0.2"}, "b": {"variant": "inverted", "rate": "0.5"}}
    summary = Summary(frame([0.9, 0.8]), {"a": ["t0"], "b": ["t1"]}, settings)
    titles, rows = summary.cells()
    assert titles[:3] == ["variant", "rate", "test accuracy, %"]
    assert rows[1][:3] == ["inverted", "0.5", "80.00"]
    assert texts(summary)["summary.md"].startswith("| variant | rate | test accuracy, % |")
    assert "| --- | --- | ---: |" in texts(summary)["summary.md"]


@pytest.mark.parametrize("series", [10, 24])
def test_many_series_fit_in_the_picture(folder, series):
    settings = {f"{i} {r}": {"variant": f"variant_{i}", "rate": r} for i in range(series) for r in ("0", "0.5")}
    arms = {label: [f"t{i}"] for i, label in enumerate(settings)}
    summary = Summary(frame([0.5 + i / 100 for i in range(48)]), arms, settings)
    figure = plots.draw(summary, "many")
    plots.save(figure, folder, "many")  # a warning of matplotlib's would be an error here
    looks = {(line.get_color(), line.get_marker()) for line in figure.axes[0].lines if line.get_marker() in "osD^vPX"}
    assert len(looks) == (10 if series == 10 else 1)
    assert len(figure.axes[0].get_yticklabels()) == 48 or series == 10


def test_markdown_escapes_bars():
    assert markdown(["a", "n"], [["x|y", "1"]]).splitlines() == ["| a | n |", "| --- | ---: |", "| x\\|y | 1 |"]


@pytest.mark.parametrize("axis", ["rate", "model"])
def test_pictures_show_every_arm_at_its_place(folder, axis):
    trials = frame([0.9, 0.8, 0.7, 0.6], data="digits")
    values = {"rate": ["0", "0.5"], "model": ["mlp", "cnn"]}[axis]
    arms = {f"{axis}={values[0]}": ["t0", "t1"], f"{axis}={values[1]}": ["t2", "t3"]}
    summary = Summary(trials, arms, {label: {axis: label.split("=")[1]} for label in arms})
    figure = plots.draw(summary, "digits")
    panel = figure.axes[0]
    if axis == "rate":
        (line,) = [x for x in panel.lines if x.get_marker() == "o"]
        assert line.get_xdata().tolist() == [0, 0.5]
        assert line.get_ydata().tolist() == pytest.approx([85, 65])
    else:
        assert [t.get_text() for t in panel.get_yticklabels()] == list(arms)
    path = plots.save(figure, folder, "summary")
    assert path.stat().st_size > 5000
    assert (folder / "summary.svg").read_text().startswith("<?xml")
    assert "n = 2" in figure.get_suptitle()
