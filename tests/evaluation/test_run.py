"""Evaluations of kept weights: what is stored, what is the same on repeat, what is refused."""

import csv
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from sklearn.metrics import log_loss, roc_auc_score

from dropout_lab.errors import ConfigError
from dropout_lab.evaluation.measure import ood_images
from dropout_lab.evaluation.predictor import Predictor
from dropout_lab.evaluation.request import evaluate_requested
from dropout_lab.sweeps.checkpoints import list_saved
from dropout_lab.tuning import search

run_or_tune = partial(search.run_or_tune, evaluate=evaluate_requested)

TINY = ["model.hidden=[16]", "train.epochs=2", "train.lr=0.01", "out=out"]
CLOCKS = ["seconds"]


def read(name, folder="out"):
    path = Path(folder) / name
    return pd.read_csv(path) if path.exists() else pd.DataFrame()


def go(arms_of, *words):
    lines = []
    last = {word.partition("=")[0]: word for word in (*TINY, *words)}  # the later one counts
    return run_or_tune(arms_of(*last.values()), lines.append), lines


@pytest.mark.parametrize(
    "words",
    [
        ["variant=inverted"],
        ["variant=variational_gaussian"],
        ["variant=concrete"],
        ["variant=dropconnect"],
        ["schedule=linear"],
        ["schedule=step"],
        ["schedule=plateau", "schedule.patience=1", "train.epochs=4"],
        ["regularizer=early_stopping", "regularizer.early_stopping=1", "train.epochs=6", "schedule=curriculum"],
        ["model=lstm", "model.units=8", "variant=weight_drop"],
        ["model=transformer", "model.width=8", "model.heads=2", "model.patch=4"],
        ["data.label_noise=0.2", "data.normalise=unit"],
    ],
    ids=" ".join,
)
def test_what_is_taken_up_again_is_what_was_trained(folder, arms_of, words):
    words = [
        word for word in TINY if not (word.startswith("model.hidden") and any("model=" in w for w in words))
    ] + words
    last = {word.partition("=")[0]: word for word in words}  # the later one counts
    outcome = run_or_tune(arms_of(*last.values(), "rate=0.4", "seeds=2", "save_weights=true"), lambda line: None)
    for row, network in zip(outcome.rows, list_saved("out", [row["trial_id"] for row in outcome.rows]), strict=True):
        conf = replace(network.trial.config.infer, kind="weight_scaling")
        found = Predictor(network).classes(conf, "test", False)
        right = (found.arrays["probabilities"].argmax(1) == found.y).mean()
        assert right == pytest.approx(float(row["test_accuracy"]), abs=1.5 / len(found.y))
        nll = log_loss(found.y, found.arrays["probabilities"], labels=range(10))
        assert nll == pytest.approx(float(row["test_loss"]), abs=2e-4)


def test_a_sweep_that_asks_for_it_evaluates_each_arm(folder, arms_of):
    words = ["rate=0.3,0.5", "seeds=2", "infer=weight_scaling,monte_carlo", "infer.passes=5", "infer.ood=[noise]"]
    outcome, lines = go(arms_of, *words)
    rows = read("evaluations.csv")
    assert (outcome.trained, len(rows), len(outcome.evaluated)) == (4, 8, 8)
    assert not any("note: infer" in line for line in lines)
    assert set(rows["infer"]) == {"weight_scaling", "monte_carlo"}
    trials = read("trials.csv").set_index("trial_id")
    scaled = rows[rows["infer"] == "weight_scaling"].set_index("trial_id")
    assert scaled["accuracy"].sort_index().tolist() == pytest.approx(trials["test_accuracy"].sort_index().tolist())
    assert scaled["mutual_information"].isna().all()
    sampled = rows[rows["infer"] == "monte_carlo"]
    assert (sampled["mutual_information"] > 0).all()
    assert (sampled["mutual_information"] < sampled["entropy"]).all()
    before = (folder / "out/evaluations.csv").read_text()
    _, lines = go(arms_of, *words)
    assert (folder / "out/evaluations.csv").read_text() == before, "nothing is made twice"


def test_passes_are_the_same_on_repeat_alone_and_packed(folder, arms_of):
    words = ["rate=0.3,0.5", "infer=monte_carlo", "infer.passes=7", "save_predictions=true"]
    go(arms_of, *words, "seeds=2")
    first = read("evaluations.csv").drop(columns=CLOCKS).set_index("trial_id")
    files = {path.name: dict(np.load(path)) for path in Path("out/predictions").iterdir()}
    assert len(files) == 8  # what each trial was scored by, and what its passes come to
    for path in [*Path("out").glob("*.csv")]:
        if path.name not in ("trials.csv", "curves.csv"):
            path.unlink()
    go(arms_of, "rate=0.5", *words[1:], "seeds=[1]")  # fewer, and in another order
    again = read("evaluations.csv").drop(columns=CLOCKS).set_index("trial_id")
    assert len(again) == 1
    pd.testing.assert_frame_equal(again, first.loc[again.index])
    for name, arrays in files.items():
        assert all(np.array_equal(arrays[key], value) for key, value in np.load(Path("out/predictions") / name).items())


def test_uncertainty_against_a_plain_computation(folder, arms_of):
    """Everything again from the passes themselves, one by one."""
    import torch

    outcome, _ = go(arms_of, "rate=0.5", "seeds=1", "infer=monte_carlo", "infer.passes=20", "infer.ood=[permuted]")
    (network,) = list_saved("out", [outcome.rows[0]["trial_id"]])
    conf = network.trial.config.infer
    trained = Predictor(network)
    predictor = trained._predictor(conf, "test", True)
    passes, ys = [], []
    for block in trained.rows("test").split(predictor.block, 1):
        x, y = trained._pack.feed.fetch(block)
        outs = []
        predictor.run(x, outs.append)
        passes.append(torch.softmax(torch.cat(outs).double(), -1).numpy())
        ys.append(y[0].numpy())
    p, y = np.concatenate(passes, 1), np.concatenate(ys)
    mean = p.mean(0)
    entropy = -(mean * np.log(mean)).sum(1)
    votes = np.stack([(p.argmax(2) == k).sum(0) for k in range(10)]).max(0)
    row = read("evaluations.csv").iloc[0]
    assert row["nll"] == pytest.approx(log_loss(y, mean, labels=range(10)), rel=1e-7)
    assert row["entropy"] == pytest.approx(entropy.mean(), rel=1e-9)
    expected = entropy.mean() + (p * np.log(p)).sum(2).mean()
    assert row["mutual_information"] == pytest.approx(expected, rel=1e-7)
    assert row["variation_ratio"] == pytest.approx((1 - votes / 20).mean(), rel=1e-9)
    assert row["variance"] == pytest.approx(p.var(0).sum(1).mean(), rel=1e-9)
    ood = read("ood.csv").set_index("score")
    assert (ood["n_in"] == len(y)).all()
    strange = trained.strange(conf, "permuted", ood_images(trained, "permuted"), True).arrays
    assert len(strange["entropy"]) == len(y)
    known = {"entropy": entropy, "mutual_information": entropy + (p * np.log(p)).sum(2).mean(0)}
    known["max_probability"], strange["max_probability"] = -mean.max(1), -strange["probabilities"].max(1)
    for score, mine in known.items():
        expected = roc_auc_score(np.repeat([0, 1], len(y)), np.concatenate([mine, strange[score]]))
        assert ood.loc[score, "auroc"] == pytest.approx(expected, abs=1e-5), score


def test_averages_of_probabilities_and_logits_differ_and_agree_for_one_pass(folder, arms_of):
    go(arms_of, "rate=0.5", "seeds=1", "infer=monte_carlo", "infer.passes=1,9", "infer.average=probabilities,logits")
    rows = read("evaluations.csv").set_index(["infer.passes", "infer.average"])["nll"]
    assert rows[1, "probabilities"] == pytest.approx(rows[1, "logits"], rel=1e-9)
    assert rows[9, "probabilities"] != pytest.approx(rows[9, "logits"], rel=1e-3)


def test_regression_as_gal_computes_it(folder, arms_of):
    words = ["data=diabetes", "rate=0.1", "seeds=2", "infer=weight_scaling,monte_carlo", "infer.passes=30"]
    go(arms_of, *words, "train.epochs=20", "infer.tau=auto,0.0005")
    rows = read("evaluations.csv")
    given = rows[rows["infer.tau"] != "auto"]
    assert (given["tau"] == 0.0005).all()
    scaled = rows[rows["infer"] == "weight_scaling"].merge(read("trials.csv"), on="trial_id")
    assert scaled["rmse"].tolist() == pytest.approx(scaled["test_rmse"].tolist(), rel=1e-5)
    # Of one network the log-likelihood is that of a normal distribution, by its tau and its rmse.
    for _, row in scaled.iterrows():
        expected = 0.5 * np.log(row["tau"] / (2 * np.pi)) - row["tau"] / 2 * row["rmse"] ** 2
        assert row["log_likelihood"] == pytest.approx(expected, rel=1e-5)
    chosen = rows[rows["infer.tau"] == "auto"]
    both = chosen.merge(given, on=["trial_id", "infer"])
    assert (both["val_log_likelihood_x"] >= both["val_log_likelihood_y"] - 1e-3).all()


def test_ensembles_beside_their_members(folder, arms_of):
    go(arms_of, "rate=0.3", "seeds=4", "infer=ensemble,weight_scaling", "infer.passes=10", "train.epochs=4")
    rows = read("ensembles.csv")
    rows = rows[rows["metric"] == "nll"].set_index(["kind", "size"])
    assert set(rows.loc["deep_ensemble"].index) == {2, 3, 4}
    assert set(rows.loc["mc_dropout"].index) == {1, 2, 3, 4, 5, 10}
    assert rows.loc[("deep_ensemble", 2), ["epochs", "passes_each", "n"]].tolist() == [8, 2, 2]
    assert rows.loc[("mc_dropout", 10), ["epochs", "passes_each", "n"]].tolist() == [4, 10, 4]
    evaluations = read("evaluations.csv")
    assert rows.loc[("single", 1), "mean"] == pytest.approx(evaluations["nll"].mean(), rel=1e-9)
    # The logarithm is concave: a mean of probabilities is never worse than its members on average.
    assert rows.loc[("deep_ensemble", 4), "mean"] < rows.loc[("single", 1), "mean"]
    assert rows.loc[("mc_dropout", 10), "mean"] < rows.loc[("mc_dropout", 1), "mean"]


def test_weights_are_kept_when_asked_for_and_trained_again_when_lost(folder, arms_of):
    go(arms_of, "seeds=2")
    assert not Path("out/weights").exists()
    before = Path("out/trials.csv").read_text()
    outcome, lines = go(arms_of, "seeds=2", "save_weights=true")
    assert outcome.trained == 2
    assert lines[0] == "out: 2 trials, 2 already completed, 2 without the requested files; training 2 in 1 pack"
    assert Path("out/trials.csv").read_text() == before, "rows that are there stay"
    files = sorted(Path("out/weights").iterdir())
    assert len(files) == 2
    assert set(load_file(files[0])) == {f"{n}.{k}" for n in ("hidden0", "output") for k in ("weight", "bias")}
    files[0].unlink()
    assert go(arms_of, "seeds=2", "save_weights=true")[0].trained == 2, "the pack that it was of, whole"
    assert go(arms_of, "seeds=2", "save_weights=true")[0].trained == 0


def test_a_network_of_the_users_own_with_its_buffers(own_network, arms_of):
    words = [*own_network, "train.epochs=2", "out=out", "seeds=1", "rate=0.4"]
    outcome = run_or_tune(arms_of(*words, "infer=weight_scaling,monte_carlo", "infer.passes=6"), lambda line: None)
    names = set(load_file(next(Path("out/weights").iterdir())))
    assert {"2.running_mean", "2.running_var", "2.num_batches_tracked"} <= names
    rows = read("evaluations.csv").set_index("infer")
    assert rows.loc["weight_scaling", "accuracy"] == pytest.approx(float(outcome.rows[0]["test_accuracy"]))
    assert rows.loc["monte_carlo", "mutual_information"] > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rate=0", "infer=monte_carlo"], "infer=monte_carlo: requires stochastic passes: the rate is 0"),
        (["rate=0,0.5", "infer=monte_carlo"], "infer=monte_carlo: requires stochastic passes: the rate is 0"),
        (["variant=none", "infer=monte_carlo"], "requires stochastic passes: the rate is 0"),
        (["variant=maxdropout", "infer=monte_carlo"], "variant=maxdropout is deterministic"),
        (["schedule=early", "infer=monte_carlo"], "schedule=early ends at rate 0"),
        (["rate=0", "seeds=1", "infer=ensemble"], "the rate is 0 and one seed"),
        (["data=wine", "infer.ood=[noise]"], r"infer.ood=\[noise\]: requires image classification"),
        (
            ["infer.ood=[nothing]"],
            "infer.ood=nothing: must be noise or permuted, or an image data set other than digits",
        ),
        (["infer.ood=[wine]"], "infer.ood=wine: has examples of shape 13, but those of digits are 1x8x8"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_trains(folder, arms_of, words, message):
    with pytest.raises(ConfigError, match=message):
        go(arms_of, "seeds=2", *words) if "seeds=1" not in words else go(arms_of, *words)
    assert list(folder.iterdir()) == []


def test_skip_invalid_leaves_them_out(folder, arms_of):
    outcome, lines = go(arms_of, "rate=0,0.5", "seeds=1", "infer=weight_scaling,monte_carlo", "skip_invalid=true")
    assert any(re.match("skipped 1 arm: infer=monte_carlo: requires stochastic passes", line) for line in lines)
    assert (outcome.status, len(outcome.rows), len(read("evaluations.csv"))) == (0, 2, 3)


def test_splits_of_a_set_are_models_of_one_pack(folder, arms_of, shared):
    words = ["data=uci", "data.name=yacht", f"data.root={shared}", "data.split=0,3,7", "seeds=1", "rate=0.05"]
    outcome, lines = go(arms_of, *words)
    assert lines[0] == "out: 3 trials; training 3 in 1 pack"
    together = {row["trial_id"]: row for row in outcome.rows}
    run_or_tune(arms_of(*TINY[:-1], "out=alone", *words, "max_pack_size=1"), lambda line: None)
    with Path("alone/trials.csv").open() as file:
        for row in csv.DictReader(file):
            for name in ("test_rmse", "val_rmse", "train_loss"):
                assert float(row[name]) == pytest.approx(float(together[row["trial_id"]][name]), rel=1e-3)
    assert len({row["test_rmse"] for row in outcome.rows}) == 3
    with pytest.raises(ConfigError, match=r"data.split=6: protein-tertiary-structure has 5 published splits, 0 to 4"):
        go(arms_of, "data=uci", "data.name=protein-tertiary-structure", f"data.root={shared}", "data.split=1,6")


def test_regression_without_a_validation_part(folder, arms_of):
    words = ["data=linear_teacher", "data.val_fraction=0", "rate=0.1", "seeds=2", "infer.passes=20"]
    with pytest.raises(ConfigError, match=r"infer\.tau=auto: is selected on the validation split"):
        go(arms_of, *words, "infer=monte_carlo")
    outcome, _ = go(arms_of, *words, "infer=monte_carlo,ensemble", "infer.tau=4")
    rows = read("evaluations.csv")
    assert set(rows["tau"]) == {4}
    assert rows["val_rmse"].isna().all()
    assert rows["log_likelihood"].notna().all()
    assert {row["val_rmse"] for row in outcome.rows} == {""}
    assert {"single", "mc_dropout", "deep_ensemble"} == set(read("ensembles.csv")["kind"])


@pytest.mark.parametrize("variant", ["inverted", "variational"])
def test_a_running_text(folder, arms_of, shared, variant):
    words = ["data=tinyshakespeare", f"data.root={shared}", "model=lstm", "model.units=8", "model.embedding=4"]
    words += [f"variant={variant}", "seeds=1"]
    words += ["data.train_size=3000", "train.epochs=1", "out=out", "infer=weight_scaling,monte_carlo", "infer.passes=3"]
    outcome = run_or_tune(arms_of(*words, "rate=0.3", "data.tokenizer=characters"), lambda line: None)
    rows = read("evaluations.csv").set_index("infer")
    scaled = float(outcome.rows[0]["test_perplexity"])
    assert rows.loc["weight_scaling", "perplexity"] == pytest.approx(scaled, rel=1e-5)
    assert rows.loc["monte_carlo", "perplexity"] == pytest.approx(scaled, rel=0.2)
    assert rows.loc["monte_carlo", "perplexity"] != scaled
