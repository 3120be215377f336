"""Tables and pictures from trials alone."""

import io

import numpy as np
import pandas as pd
import pytest

from dropout_lab.report import plots
from dropout_lab.report.footnotes import write_footnotes
from dropout_lab.report.formats import format_latex, format_markdown, format_plain
from dropout_lab.report.read_csv import read_trials
from dropout_lab.report.summary import Summary
from dropout_lab.report.summary_table import render_cells, summary_files
from dropout_lab.report.tuning_record import TuningRecord
from dropout_lab.stats.intervals import mean_interval
from dropout_lab.sweeps.ledger import Ledger


def frame(accuracies, status=None, **cells):
    """Trials t0, t1, ... with these test accuracies."""
    rows = [
        {
            "trial_id": f"t{i}",
            "status": "ok",
            "seed": i,
            "test_accuracy": a,
            "gap": 0.1,
            "train_seconds": 1.0,
            **cells,
        }
        for i, a in enumerate(accuracies)
    ]
    for i, word in (status or {}).items():
        rows[i] |= {"status": word, "test_accuracy": None, "gap": None}
    Ledger("out").append(rows, [])
    return read_trials("out")


def test_means_and_intervals_are_over_the_arms_own_trials(folder):
    summary = Summary(frame([0.9, 0.92, 0.97, 0.5]), {"a": ["t0", "t1", "t2"], "b": ["t3"]})
    assert summary.interval("a", "test_accuracy") == mean_interval([0.9, 0.92, 0.97], bounds=(0, 1))
    titles, rows = render_cells(summary)
    assert titles == ["arm", "test accuracy, %", "gap", "n"]
    assert rows[0][0] == "a"
    assert rows[0][1].startswith("93.00 [")
    assert rows[1] == ["b", "50.00", "10.00", "1"]


def test_a_trial_may_stand_in_two_arms(folder):
    summary = Summary(frame([0.9, 0.8]), {"x rate=0": ["t0"], "y rate=0": ["t0"], "y rate=1": ["t1"]})
    assert [row[1] for row in render_cells(summary)[1]] == ["90.00", "90.00", "80.00"]


def test_diverged_and_failed_are_counted_and_never_averaged(folder):
    trials = frame([0.9, 0.8, 0.1, 0.2], status={2: "diverged", 3: "failed"})
    summary = Summary(trials, {"a": ["t0", "t1", "t2"], "b": ["t3"]})
    titles, rows = render_cells(summary)
    assert titles[-3:] == ["n", "diverged", "failed"]
    assert rows[0][1] == "90.00, 80.00"  # too few for an interval
    assert rows[0][3:] == ["2", "1, a third", "0"]
    assert rows[1] == ["b", "-", "-", "0", "0", "1"]
    long = summary.long()
    assert long.loc[(long.arm == "a") & (long.metric == "test_accuracy"), ["n", "n_diverged"]].values.tolist() == [
        [2, 1]
    ]
    assert long.loc[long.arm == "b", "n"].tolist() == [0]


def test_the_long_table_has_a_row_an_arm_and_metric(folder):
    summary = Summary(frame([0.9, 0.8]), {"a": ["t0", "t1"]})
    table = pd.read_csv(io.StringIO(summary_files(summary)["summary.csv"]))
    assert list(table.columns) == ["arm", "metric", "mean", "low", "high", "n", "n_diverged"]
    assert table.loc[table.metric == "test_accuracy", "mean"].item() == pytest.approx(0.85)


def test_a_table_of_two_tasks_shows_each_score_in_its_unit_and_no_common_gap(folder):
    rows = [{"trial_id": "t0", "status": "ok", "seed": 0, "test_accuracy": 0.9, "gap": 0.1, "train_seconds": 1.0}]
    rows += [{"trial_id": "t1", "status": "ok", "seed": 0, "test_rmse": 55.5, "gap": 7.0, "train_seconds": 1.0}]
    Ledger("out").append(rows, [])
    titles, found = render_cells(Summary(read_trials("out"), {"a": ["t0"], "b": ["t1"]}))
    assert titles == ["arm", "test accuracy, %", "test rmse", "n"]
    assert found == [["a", "90.00", "-", "1"], ["b", "-", "55.500", "1"]]


def test_merged_folders_count_a_trial_once(folder):
    frame([0.9, 0.8])
    path = folder / "out" / "trials.csv"
    path.write_text(path.read_text() + path.read_text().splitlines()[-1] + "\n")
    assert len(read_trials("out")) == 2


def test_a_figure_that_is_no_number_is_said(folder):
    frame([0.9])
    path = folder / "out" / "trials.csv"
    path.write_text(path.read_text().replace("0.9", "nine"))
    with pytest.raises(ValueError, match="line 2, column test_accuracy: 'nine' is not a number"):
        read_trials("out")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text[:-20], "its last line is incomplete"),
        (lambda text: text.replace(",ok,", ",okk,"), "line 2, column status: 'okk' is not one of diverged, failed, ok"),
        (lambda text: "", "cannot be read as CSV"),
        (lambda text: text.replace("ok", "ok,1,2,3", 1) + 'a,"b\n', "cannot be read as CSV"),
    ],
)
def test_what_was_cut_or_edited_is_not_shown_as_a_result(folder, change, reason):
    frame([0.9, 0.8])
    path = folder / "out" / "trials.csv"
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=f"trials.csv: {reason}"):
        read_trials("out")


def test_words_that_look_like_numbers_stay_words(folder):
    Ledger("out").append([{"trial_id": "1e5", "status": "ok", "seed": 0, "variant": "none", "rate": "0.2/0.5"}], [])
    found = read_trials("out").iloc[0]
    assert (found.trial_id, found.variant, found.rate) == ("1e5", "none", "0.2/0.5")


def test_a_plain_table_fits_eighty_columns():
    short = format_plain(["arm", "n"], [["a", "5"], ["longer", "10"]])
    assert short.splitlines() == ["arm      n", "a        5", "longer  10"]
    wide = format_plain(["arm", "score"], [["x" * 70, "95.00 [94.00, 96.00]"]])
    assert all(len(line) <= 80 for line in wide.splitlines())


def test_axes_are_columns_of_the_table(folder):
    settings = {"a": {"variant": "spatial", "rate": "0.2"}, "b": {"variant": "inverted", "rate": "0.5"}}
    summary = Summary(frame([0.9, 0.8]), {"a": ["t0"], "b": ["t1"]}, settings)
    titles, rows = render_cells(summary)
    assert titles[:3] == ["variant", "rate", "test accuracy, %"]
    assert rows[1][:3] == ["inverted", "0.5", "80.00"]
    assert summary_files(summary)["summary.md"].startswith("| variant | rate | test accuracy, % |")
    assert "| --- | --- | ---: |" in summary_files(summary)["summary.md"]


@pytest.mark.parametrize("series", [10, 24])
def test_many_series_fit_in_the_picture(folder, series):
    settings = {f"{i} {r}": {"variant": f"variant_{i}", "rate": r} for i in range(series) for r in ("0", "0.5")}
    arms = {label: [f"t{i}"] for i, label in enumerate(settings)}
    summary = Summary(frame([0.5 + i / 100 for i in range(48)]), arms, settings)
    figure = plots.draw_summary(summary, "many")
    plots.save_figure(figure, folder, "many")  # a warning of matplotlib's would be an error here
    looks = {(line.get_color(), line.get_marker()) for line in figure.axes[0].lines if line.get_marker() in "osD^vPX"}
    assert len(looks) == (10 if series == 10 else 1)
    assert len(figure.axes[0].get_yticklabels()) == 48 or series == 10


def test_markdown_escapes_bars():
    assert format_markdown(["a", "n"], [["x|y", "1"]]).splitlines() == ["| a | n |", "| --- | ---: |", "| x\\|y | 1 |"]


@pytest.mark.parametrize("axis", ["rate", "model"])
def test_pictures_show_every_arm_at_its_place(folder, axis):
    trials = frame([0.9, 0.8, 0.7, 0.6], data="digits")
    values = {"rate": ["0", "0.5"], "model": ["mlp", "cnn"]}[axis]
    arms = {f"{axis}={values[0]}": ["t0", "t1"], f"{axis}={values[1]}": ["t2", "t3"]}
    summary = Summary(trials, arms, {label: {axis: label.split("=")[1]} for label in arms})
    figure = plots.draw_summary(summary, "digits")
    panel = figure.axes[0]
    if axis == "rate":
        (line,) = [x for x in panel.lines if x.get_marker() == "o"]
        (values,) = [x for x in panel.lines if x.get_marker() == "_" and np.isfinite(x.get_ydata()).all()]
        assert values.get_ydata().tolist() == pytest.approx([90, 80, 70, 60])
        assert line.get_xdata().tolist() == [0, 0.5]
        assert line.get_ydata().tolist() == pytest.approx([85, 65])
    else:
        assert [t.get_text() for t in panel.get_yticklabels()] == list(arms)
    path = plots.save_figure(figure, folder, "summary")
    assert path.stat().st_size > 5000
    assert (folder / "summary.svg").read_text().startswith("<?xml")
    assert "values of two seeds and their mean" in figure.get_suptitle()


def arms_of(scores, settings=None, **cells):
    """A summary of arms "a", "b", ... with these accuracies of the seeds 0, 1, ..."""
    rows, arms = [], {}
    for i, row in enumerate(scores):
        label = chr(97 + i)
        arms[label] = [f"{label}{seed}" for seed in range(len(row))]
        rows += [
            {"trial_id": f"{label}{seed}", "status": "ok", "seed": seed, "train_seconds": 1.0, "test_accuracy": a}
            | {key: value[i] for key, value in cells.items()}
            for seed, a in enumerate(row)
        ]
    Ledger("out").append(rows, [])
    return Summary(read_trials("out"), arms, settings or {})


def test_the_table_marks_the_baseline_the_best_and_what_is_not_told_apart(folder):
    scores = [[start + s / step for s in range(8)] for start, step in ((0.90, 1000), (0.95, 999), (0.95, 980))]
    scores[1][0] += 0.01
    summary = arms_of(scores, variant=["inverted", "none", "gaussian"], regularizer=["none"] * 3)
    titles, rows = render_cells(summary)
    assert titles == ["arm", "test accuracy, %", "to baseline", "p", "n"]
    assert [row[1][-2:] for row in rows] == ["  ", " *", " ="]
    assert rows[1][2] == "baseline"  # the one with nothing, wherever it stands
    assert rows[0][2].startswith("-5.")
    assert rows[0][3] == "0.016"  # 2 * 2 / 2**8
    foot = " ".join(write_footnotes(summary))
    assert "* best mean; = inconclusive against it; no mark: worse" in foot
    assert "Holm over all 3 pairs" in foot
    assert "too few seeds" not in foot


def test_five_seeds_say_that_they_are_too_few_and_how_many_are_needed(folder):
    summary = arms_of([[0.9 + s / 1000 for s in range(5)], [0.95 + s / 900 for s in range(5)]])
    assert render_cells(summary)[1][0][1].endswith("?")
    foot = " ".join(write_footnotes(summary))
    assert "? too few seeds with a difference for any conclusion" in foot
    assert "5 seeds are too few to compare this many arms; 6 are enough." in foot


def test_arms_are_compared_on_the_same_data_and_model(folder):
    places = [{"model": m, "rate": r} for m in ("mlp", "cnn") for r in ("0", "0.5")]
    settings = {chr(97 + i): place for i, place in enumerate(places)}
    summary = arms_of([[0.9, 0.91], [0.92, 0.93], [0.8, 0.81], [0.7, 0.71]], settings)
    assert summary.contexts == [["a", "b"], ["c", "d"]]
    assert [c.baseline for c in summary.comparison.contests] == ["a", "c"]
    only = Summary(summary.trials, summary.arms, {label: {"model": label} for label in settings})
    assert only.contexts == [["a", "b", "c", "d"]]
    data = Summary(summary.trials, summary.arms, {label: {"data.train_size": label} for label in settings})
    assert data.contexts == [["a"], ["b"], ["c"], ["d"]]


def test_an_arm_of_which_a_third_diverged_says_so_and_is_not_the_best(folder):
    summary = arms_of([[0.9, 0.91, 0.92], [0.97, 0.98, 0.99]])
    trials = summary.trials.copy()
    trials.loc[trials.trial_id == "b0", ["status", "test_accuracy"]] = ["diverged", None]
    summary = Summary(trials, summary.arms)
    titles, rows = render_cells(summary)
    assert rows[1][titles.index("diverged")] == "1, a third"
    assert summary.comparison.contests[0].best == "a"
    foot = " ".join(write_footnotes(summary))
    assert "Diverged trials are excluded from the means: b 1 of 3 (against a: p = 1.000); p: McNemar's test" in foot
    assert "A third or more of the trials diverged for b" in foot


def test_the_foot_says_spread_checkpoint_and_selection(folder):
    foot = " ".join(write_footnotes(arms_of([[0.9, 0.91, 0.93]], early_stopping=[5])))
    assert "Mean [95 % t-interval over n seeds, logit scale]; weights of the best validation epoch; settings as" in foot
    pair = " ".join(write_footnotes(Summary(read_trials("out"), {"a": ["a0", "a1"]})))
    assert "The values of 2 seeds, too few for an interval; weights" in pair
    single = " ".join(write_footnotes(Summary(read_trials("out"), {"a": ["a0"]})))
    assert "One seed per arm, so no spread" in single


def test_a_tuned_arm_shows_its_settings_and_what_they_cost(folder):
    summary = arms_of([[0.9, 0.91], [0.92, 0.93]])
    tuned = {"a": TuningRecord("", 1, 2, 2, 3.2), "b": TuningRecord("rate=0.25", 8, 2, 16, 35.4)}
    summary = Summary(summary.trials, summary.arms, {}, tuned)
    titles, rows = render_cells(summary)
    assert titles == ["arm", "chosen", "test accuracy, %", "to baseline", "p", "tuning", "n"]
    assert [row[1] for row in rows] == ["-", "rate=0.25"]
    assert [row[5] for row in rows] == ["2 in 3 s", "16 in 35 s"]
    assert "selected by the validation score on 2 separate seeds out of 8 per arm" in " ".join(write_footnotes(summary))
    long = pd.read_csv(io.StringIO(summary_files(summary)["summary.csv"]))
    assert long.loc[long.arm == "b", "tuning_trials"].tolist() == [16] * 2


def test_every_statistic_is_in_a_file(folder):
    summary = arms_of([[0.9 + s / 1000 for s in range(8)], [0.95 + s / 900 for s in range(8)]])
    found = pd.read_csv(io.StringIO(summary_files(summary)["comparisons.csv"]))
    assert found[["arm", "other", "kind"]].values.tolist() == [["b", "a", "baseline"], ["a", "b", "best"]]
    assert found.difference.tolist() == pytest.approx([0.05 + 3.5 / 9000, -0.05 - 3.5 / 9000])
    assert found.win_rate.tolist() == [1, 0]
    assert found.effect_size[0] == -found.effect_size[1]
    assert found.p_holm.tolist() == [2 / 2**8] * 2


def test_latex_is_escaped_and_balanced():
    text = format_latex(
        ["arm", "x, %"], [["a_b & {c}", "-1.0 [-2.0, +3.0] *"], ["d\\e --f", "<0.001"]], foot="100 % of #1"
    )
    assert r"a\_b \& \{c\} & $-$1.0 [$-$2.0, +3.0] * \\" in text
    assert r"d\textbackslash{}e -{}-f & \textless{}0.001 \\" in text
    assert r"100 \% of \#1" in text
    bare = text.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 1
