"""Metrics on request: measured from the outputs of a split, in packs, in bf16, for early stopping and for tuning."""

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as sk

from dropout_lab.metrics import requestable
from dropout_lab.presentation.folder import load_summary
from dropout_lab.presentation.sweep import write_summary
from dropout_lab.presentation.table import render_table_of
from dropout_lab.report.predictions import load_predictions
from dropout_lab.report.read_csv import read_curves, read_trials
from dropout_lab.sweeps.run import run_arms
from dropout_lab.tuning.search import run_or_tune

TINY = ["model.hidden=[8]", "train.epochs=3", "out=out", "seeds=3"]
ASKED = f"metrics=[{','.join(requestable('classification'))}]"


def rows_of(folder="out"):
    with Path(folder, "trials.csv").open() as file:
        return {row["trial_id"]: row for row in csv.DictReader(file)}


def cells(folder, prefix=("val_", "test_")):
    """The measured cells of each trial, as numbers."""
    return {
        i: {k: float(v) for k, v in row.items() if k.startswith(prefix) and v} for i, row in rows_of(folder).items()
    }


def but(*words):
    """Return the words of a tiny sweep; the given words are added and replace those of the same setting."""
    return [*{word.partition("=")[0]: word for word in (*TINY, *words)}.values()]


def go(arms_of, *words):
    lines = []
    run_arms(arms_of(*but(*words)), lines.append)
    return lines


def write_classes(path, counts, seed=0, test_counts=None):
    """A file of two features that tell the classes apart, more or less."""
    random = np.random.default_rng(seed)
    parts = {}
    for suffix, numbers in (("", counts), ("_test", test_counts)):
        if numbers:
            y = np.repeat(np.arange(len(numbers)), numbers)
            parts |= {f"x{suffix}": random.normal(size=(len(y), 2)) + y[:, None], f"y{suffix}": y}
    np.savez(path, **parts)


@pytest.mark.parametrize("data", ["breast_cancer", "wine"])
def test_metrics_of_classes_are_scikit_learns_on_the_saved_predictions(typed, data):
    words = ["metrics=[balanced_accuracy,f1,auroc,average_precision,nll]", "save_weights=true", "save_predictions=true"]
    assert typed("sweep", f"data={data}", "rate=0,0.3", *TINY, *words)[0] == 0
    assert typed("evaluate", "out=out", "infer=weight_scaling", "save_predictions=true")[0] == 0
    measured = cells("out", "test_")
    assert len(measured) == 6
    for i, row in measured.items():
        saved = load_predictions("out", i, "weight_scaling")
        p, y, predicted = saved["probabilities"], saved["target"], load_predictions("out", i)["prediction"]
        binary = p.shape[1] == 2
        hot = np.eye(p.shape[1])[y]
        expected = {
            "balanced_accuracy": sk.balanced_accuracy_score(y, predicted),
            "f1": sk.f1_score(y, predicted, average="macro"),
            "auroc": sk.roc_auc_score(y, p[:, 1] if binary else p, multi_class="ovr"),
            "average_precision": sk.average_precision_score(y if binary else hot, p[:, 1] if binary else p),
            "nll": sk.log_loss(y, p),
        }
        assert {name: row[f"test_{name}"] for name in expected} == pytest.approx(expected, rel=1e-6)
        assert row["test_nll"] == pytest.approx(row["test_loss"], rel=1e-6)


def test_metrics_of_numbers_are_scikit_learns_in_the_unit_of_the_target(typed):
    assert typed("sweep", "data=diabetes", "metrics=[mae,r2]", "save_predictions=true", *TINY)[0] == 0
    for i, row in cells("out", "test_").items():
        saved = load_predictions("out", i)
        assert row["test_mae"] == pytest.approx(sk.mean_absolute_error(saved["target"], saved["prediction"]), rel=1e-6)
        assert row["test_r2"] == pytest.approx(sk.r2_score(saved["target"], saved["prediction"]), rel=1e-6)
        assert row["test_mae"] > 10  # in the unit of the data, not standardised


def test_several_targets(folder, arms_of):
    go(arms_of, "data=digits", "data.reconstruct=true", "metrics=[mae,r2]", "seeds=1", "save_predictions=true")
    ((i, row),) = cells("out", "test_").items()
    saved = load_predictions("out", i)
    assert row["test_r2"] == pytest.approx(sk.r2_score(saved["target"], saved["prediction"]), rel=1e-5)
    assert row["test_mae"] == pytest.approx(sk.mean_absolute_error(saved["target"], saved["prediction"]), rel=1e-5)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_pack_measures_what_single_trials_measure(folder, arms_of, precision):
    words = ["data=wine", ASKED, f"precision={precision}", "rate=0,0.5"]
    go(arms_of, *words, "out=packed")
    go(arms_of, *words, "out=single", "max_pack_size=1")
    packed, single = cells("packed"), cells("single")
    assert packed.keys() == single.keys()
    for i, row in packed.items():
        assert row == pytest.approx(single[i], rel=1e-3 if precision == "bf16" else 1e-5)
        assert {f"{part}_{name}" for part in ("val", "test") for name in requestable("classification")} <= set(row)


def test_a_request_changes_nothing_else(folder, arms_of):
    go(arms_of, "data=wine", "out=with", ASKED)
    go(arms_of, "data=wine", "out=without")
    with_, without = (
        cells("with", ("train_", "val_", "test_", "gap")),
        cells("without", ("train_", "val_", "test_", "gap")),
    )
    for i, row in without.items():
        assert {k: with_[i][k] for k in row if k != "train_seconds"} == {
            k: v for k, v in row.items() if k != "train_seconds"
        }
    assert "test_f1" not in next(iter(rows_of("without").values()))
    assert Path("with/curves.csv").read_text() == Path("without/curves.csv").read_text()


def test_a_later_request_completes_the_rows_that_are_there(folder, arms_of):
    go(arms_of, "data=wine", "metrics=[f1]", "seeds=2")
    before = rows_of()
    lines = go(arms_of, "data=wine", "metrics=[auroc]")
    assert "out: 3 trials, 2 already completed, 2 without the requested files; training 3" in lines[-1]
    after = rows_of()
    assert list(after)[:2] == list(before)
    assert all(row["test_auroc"] and row["val_auroc"] for row in after.values())
    assert [bool(row["test_f1"]) for row in after.values()] == [True, True, False]
    for i, row in before.items():
        assert float(after[i]["test_f1"]) == float(row["test_f1"])
    assert go(arms_of, "data=wine", "metrics=[auroc]")[-1] == "out: all 3 trials already completed"
    assert len(Path("out/trials.csv").read_text().splitlines()) == 4


def test_curves_of_other_trials_keep_their_columns(folder, arms_of):
    go(arms_of, "data=wine")
    go(arms_of, "data=wine", "regularizer=early_stopping", "regularizer.monitor=val_f1")
    curves = read_curves("out")
    assert curves["val_f1"].notna().sum() == len(curves) / 2
    assert curves["val_loss"].notna().all()


@pytest.mark.parametrize("monitor", ["val_f1", "val_accuracy", "val_ece", "val_loss"])
def test_early_stopping_restores_the_epoch_that_is_best_by_the_monitor(folder, arms_of, monitor):
    words = ["data=wine", "train.epochs=12", "train.lr=0.02", "metrics=[f1,ece]"]
    stopping = ["regularizer=early_stopping", "regularizer.early_stopping=3", f"regularizer.monitor={monitor}"]
    go(arms_of, *words, *stopping)
    trials, curves = read_trials("out"), read_curves("out")
    sign = 1 if monitor in ("val_f1", "val_accuracy") else -1
    for _, trial in trials.iterrows():
        curve = curves[curves["trial_id"] == trial["trial_id"]].set_index("epoch")
        best, waited = 0, None
        for epoch, value in (sign * curve[monitor]).items():  # the plain rule
            if waited is None or value > waited:
                best, waited = epoch, value
        assert trial["best_epoch"] == best
        assert trial["epochs_run"] == min(best + 3, 12)
        assert trial[monitor] == pytest.approx(curve.loc[best, monitor], rel=1e-9)


def test_the_monitor_decides_which_weights_are_kept(folder, arms_of):
    words = ["data=wine", "train.epochs=15", "train.lr=0.02", "metrics=[f1]", "regularizer=early_stopping"]
    go(arms_of, *words, "regularizer.monitor=val_loss,val_f1")
    trials = read_trials("out")
    assert trials["regularizer.monitor"].isna().sum() == 3  # the default is no part of the identity
    by = trials.groupby(trials["regularizer.monitor"].fillna("val_loss"))["best_epoch"].apply(list)
    assert by["val_f1"] != by["val_loss"]
    # A perfect F1 comes before the smallest loss.
    assert sum(by["val_f1"]) < sum(by["val_loss"])


def test_tuning_chooses_by_the_named_metric(folder, arms_of):
    words = ["data=wine", "tune=true", "budget=4", "arms=l2", "seeds=2", "train.lr=0.02"]
    outcome = run_or_tune(arms_of(*TINY[:3], *words, "tuning_metric=val_ece"), lambda line: None)
    (search,) = outcome.searches
    trials = read_trials("out").set_index("trial_id")
    means = [trials.loc[list(a.trials), "val_ece"].mean() for a in search.attempts]
    assert [a.score for a in search.attempts] == pytest.approx(means)
    assert search.picked is search.attempts[int(np.argmin(means))]
    lines = write_summary(outcome)
    assert "settings selected by the validation ECE on 2 separate seeds" in " ".join(" ".join(lines).split())
    table = render_table_of(load_summary("out"), {}).splitlines()
    assert [line for line in table if line] == [line for line in "\n".join(lines[1:-1]).splitlines() if line]
    by_score = run_or_tune(arms_of(*TINY[:3], *words), lambda line: None).searches[0]
    assert [a.metric.name for a in by_score.attempts] == ["accuracy"] * 4


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["data=diabetes", "metrics=[f1]"],
            "f1 applies to classification, data=diabetes is a regression task; allowed: mae, r2",
        ),
        (
            ["data=wine", "metrics=[f1,r2]"],
            "r2 applies to regression, data=wine is a classification task; allowed: balanced_",
        ),
        (["data=wine", "metrics=[rmse]"], "rmse applies to regression, data=wine is a classification task"),
        (
            ["data=diabetes", "metrics=[confusion]"],
            "confusion applies to classification, data=diabetes is a regression task",
        ),
        (
            ["data=wine", "metrics=[perplexity]"],
            "perplexity applies to running text, data=wine is a classification task",
        ),
        (["data=wine", "metrics=[confusion]"], "save_predictions=true"),
        (["data=wine", "metrics=[balanced_acuracy]"], "did you mean 'balanced_accuracy'?"),
        (["data=wine", "metrics=[1]"], "1 cannot be requested; must be one of accuracy"),
        (
            ["data=diabetes", "regularizer=early_stopping", "regularizer.monitor=val_f1"],
            "f1 applies to classification, data=diabetes is a regression task; allowed: val_loss, val_rmse, val_mae",
        ),
        (["data=wine", "regularizer=early_stopping", "regularizer.monitor=f1"], "did you mean 'val_f1'?"),
        (["data=wine", "tune=true", "arms=l2", "tuning_metric=val_mae"], "mae applies to regression, data=wine is"),
        (["data=wine", "tune=true", "arms=l2", "tuning_metric=val_brier"], "did you mean"),
    ],
)
def test_what_the_task_cannot_have_is_refused_before_anything_trains(typed, words, says):
    status, _, error = typed("sweep", *TINY, *words)
    assert status == 2
    assert len(error.splitlines()) == 1
    assert says in error
    assert not Path("out").exists()


def test_a_score_may_be_named_and_changes_nothing(folder, arms_of):
    go(arms_of, "data=wine", "metrics=[accuracy]")
    assert not {name for row in rows_of().values() for name in row} & {"val_f1", "test_f1"}


def test_a_missing_class_is_noted_and_leaves_the_other_metrics(folder, typed):
    write_classes("three.npz", [30, 30, 30], test_counts=[20, 20, 0])
    status, out, _ = typed("sweep", "data=file", "data.path=three.npz", *TINY, "metrics=[f1,auroc]")
    assert status == 0
    assert "class '2' has no example in the test split of seeds 0, 1, 2: auroc will be nan" in " ".join(out.split())
    trials = read_trials("out")
    assert (trials["status"] == "ok").all()
    assert trials["test_auroc"].isna().all()
    assert trials[["test_f1", "val_f1", "val_auroc"]].notna().all(axis=None)
    # A cell that is nan is measured: nothing is trained again.
    assert (
        "all 3 trials already completed"
        in typed("sweep", "data=file", "data.path=three.npz", *TINY, "metrics=[f1,auroc]")[1]
    )


def test_a_monitor_that_is_undefined_on_a_seed_is_refused(folder, typed):
    write_classes("rare.npz", [40, 40, 2])
    words = ["data=file", "data.path=rare.npz", *but("seeds=5"), "data.test_fraction=0.1", "data.val_fraction=0.1"]
    stopping = ["regularizer=early_stopping", "regularizer.monitor=val_auroc"]
    status, _, error = typed("sweep", *words, *stopping)
    assert status == 2
    assert "is undefined on the validation split of seed" in error
    assert "class '2'" in error
    assert typed("sweep", *words, "regularizer=early_stopping", "regularizer.monitor=val_f1")[0] == 0


def test_the_table_and_the_summary_have_the_requested_metrics(typed):
    assert typed("sweep", "data=wine", "rate=0,0.5", *TINY, "metrics=[f1,auroc]")[0] == 0
    head = Path("out/summary.md").read_text().splitlines()[0]
    assert head.index("test accuracy, %") < head.index("test F1, %") < head.index("test AUROC, %") < head.index("gap")
    with Path("out/summary.csv").open() as file:
        summary = {(row["arm"], row["metric"]): float(row["mean"]) for row in csv.DictReader(file)}
    trials = read_trials("out")
    assert summary["rate=0.5", "test_f1"] == pytest.approx(trials.loc[trials["rate"] == 0.5, "test_f1"].mean())
    assert ("rate=0", "val_auroc") in summary
    assert "test F1, \\%" in Path("out/summary.tex").read_text()
    assert "test F1, %" in typed("table", "out=out")[1]


def test_confusion_matrices_are_scikit_learns_of_all_seeds(typed):
    words = ["data=wine", "rate=0,0.5", *TINY, "metrics=[confusion,f1]", "save_predictions=true"]
    status, out, _ = typed("sweep", *words)
    assert status == 0
    assert "confusion.csv confusion.png" in " ".join(out.split())
    trials = read_trials("out")
    with Path("out/confusion.csv").open() as file:
        rows = list(csv.DictReader(file))
    for rate in (0, 0.5):
        saved = [load_predictions("out", i) for i in trials.loc[trials["rate"] == rate, "trial_id"]]
        y, predicted = (np.concatenate([arrays[name] for arrays in saved]) for name in ("target", "prediction"))
        counts = [int(row["count"]) for row in rows if row["arm"] == f"rate={rate}"]
        assert np.array_equal(np.reshape(counts, (3, 3)), sk.confusion_matrix(y, predicted, labels=range(3)))
    assert Path("out/confusion.png").stat().st_size > 10_000
    assert "test confusion" not in out


def test_no_confusion_matrix_without_a_request_and_one_for_a_tuned_arm(typed):
    assert typed("sweep", "data=wine", *TINY, "save_predictions=true")[0] == 0
    assert not list(Path("out").glob("confusion*"))
    tuned = ["tune=true", "budget=2", "arms=l2", "metrics=[confusion]", "save_predictions=true"]
    assert typed("sweep", "data=wine", *but("out=tuned"), *tuned)[0] == 0
    with Path("tuned/confusion.csv").open() as file:
        assert sum(int(row["count"]) for row in csv.DictReader(file)) == 3 * 36
