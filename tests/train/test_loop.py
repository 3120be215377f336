"""The loop: what it measures, stops and marks."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error

from dropout_lab.data import load
from dropout_lab.data.sklearn_sets import SHIPPED
from dropout_lab.data.synthetic import SYNTHETIC
from dropout_lab.dropout.hooks import EvalHook
from dropout_lab.errors import ConfigError
from dropout_lab.regularizers import Stopping
from dropout_lab.train.evaluate import evaluate_split
from dropout_lab.train.loop import train_pack
from dropout_lab.train.pack import Pack
from dropout_lab.train.stopping import BestTracker


def test_scores_agree_with_scikit_learn(trials):
    pack = Pack(trials("seeds=2", "rate=0.5"), load("digits"))
    found = evaluate_split(pack.model, pack.params, pack.feed, "test", pack.task, EvalHook(pack.noise, pack.params))
    x, y = pack.feed.fetch(pack.feed.index["test"])
    out = pack.model.forward(pack.params, x, EvalHook(pack.noise, pack.params)).double().softmax(2).detach()
    for m in range(2):
        assert found.score[m] == pytest.approx(accuracy_score(y[m], out[m].argmax(1)))
        assert found.loss[m] == pytest.approx(log_loss(y[m], out[m]), rel=1e-5)


def test_rmse_is_in_the_unit_of_the_target(trials):
    dataset = load("diabetes")
    pack = Pack(trials("data=diabetes", "seeds=2", "model.hidden=[8]"), dataset)
    found = evaluate_split(pack.model, pack.params, pack.feed, "val", pack.task, EvalHook(pack.noise, pack.params))
    index = pack.feed.index
    x, _ = pack.feed.fetch(index["val"])
    out = pack.model.forward(pack.params, x, EvalHook(pack.noise, pack.params))[:, :, 0].detach().numpy()
    for m in range(2):
        seen, target = dataset.y[index["train"][m].numpy()], dataset.y[index["val"][m].numpy()]
        expected = root_mean_squared_error(target, out[m] * seen.std() + seen.mean())
        assert found.score[m] == pytest.approx(expected, rel=1e-4)


def test_without_a_validation_part_all_the_rest_is_trained_on(trials):
    words = ["data=diabetes", "seeds=2", "rate=0,0.2", "train.epochs=2"]
    dataset = load("diabetes")
    (whole, *_), (part, *_) = (train_pack(trials(f"data.val_fraction={f}", *words), dataset) for f in (0, 0.2))
    assert whole.measured["n_train"] == round(0.8 * len(dataset.x))
    assert part.measured["n_train"] == round(0.8 * whole.measured["n_train"])
    assert {name for name in part.measured if name not in whole.measured} == {"val_loss", "val_rmse"}
    assert {name for name in part.curve[0] if name not in whole.curve[0]} == {"val_loss", "val_rmse"}
    assert (whole.status, len(whole.curve), whole.measured["best_epoch"]) == ("ok", 2, None)


@pytest.mark.parametrize("words", ["regularizer=early_stopping", "schedule=plateau", "tune=true"])
def test_what_reads_the_validation_part_needs_one(words, trials):
    with pytest.raises(ConfigError, match=rf"data\.val_fraction=0: leaves no validation split, which .*{words[-8:]}"):
        trials("data.val_fraction=0", words)


@pytest.mark.parametrize("name", [*SHIPPED, *SYNTHETIC])
def test_every_data_set_that_needs_no_file_trains(name, trials):
    (result,) = train_pack(trials(f"data={name}", "seeds=1", "train.epochs=8", "train.lr=0.01", "rate=0.2"), load(name))
    assert result.status == "ok"
    assert result.curve[-1]["train_loss"] < result.curve[0]["train_loss"]
    assert [row["epoch"] for row in result.curve] == list(range(1, 9))
    score = "test_rmse" if load(name).task == "regression" else "test_accuracy"
    assert math.isfinite(result.measured[score])


def test_what_is_measured(trials):
    (result,) = train_pack(trials("seeds=1", "train.epochs=2", "rate=0.3"), load("digits"))
    m = result.measured
    assert m["parameters"] == 64 * 128 + 128 + 128 * 128 + 128 + 128 * 10 + 10
    keep = 0.7
    assert m["active_parameters"] == pytest.approx(
        keep * (64 * 128 + 128) + keep**2 * 128 * 128 + keep * 128 + keep * 1280 + 10, abs=0.1
    )
    assert m["drop_fraction"] == pytest.approx(0.3, abs=0.02)
    assert m["gap"] == pytest.approx(m["train_accuracy"] - m["test_accuracy"])
    assert m["best_epoch"] == 1 + int(np.argmin([row["val_loss"] for row in result.curve]))
    assert m["n_train"] == 1150
    assert result.curve[0]["rate"] == 0.3


def test_divergence_is_marked_and_the_others_go_on(trials):
    good, bad = trials("seeds=1", "train.epochs=3", "train.lr=0.001,1e30")
    kept, lost = train_pack([good, bad], load("digits"))
    assert (kept.status, lost.status) == ("ok", "diverged")
    assert kept.measured["epochs_run"] == 3
    assert lost.measured["epochs_run"] < 3
    assert "test_accuracy" not in lost.measured


def test_early_stopping_restores_the_best_weights(trials):
    words = ["seeds=1", "train.epochs=40", "train.lr=0.02", "rate=0", "regularizer=early_stopping"]
    (result,) = train_pack(trials(*words, "regularizer.early_stopping=3"), load("digits"))
    losses = [row["val_loss"] for row in result.curve]
    best = int(np.argmin(losses))
    assert len(losses) < 40, "it never stopped"
    assert len(losses) == best + 1 + 3
    assert result.measured["best_epoch"] == best + 1
    assert result.measured["val_loss"] == pytest.approx(losses[best], rel=1e-5)
    assert result.measured["val_loss"] < losses[-1]


def test_without_early_stopping_the_last_epoch_counts(trials):
    (result,) = train_pack(trials("seeds=1", "train.epochs=6", "train.lr=0.05", "rate=0"), load("digits"))
    assert result.measured["val_loss"] == pytest.approx(result.curve[-1]["val_loss"], rel=1e-5)
    assert result.measured["epochs_run"] == 6


def test_watch_counts_patience_for_each_model_from_its_best_epoch():
    watch = BestTracker([Stopping(2), Stopping(math.inf)], {"w": torch.zeros(2, 1)})
    spent = []
    for epoch, losses in enumerate([[3.0, 1.0], [2.0, 2.0], [2.5, 3.0], [2.0, 4.0]], 1):
        spent.append(watch.see(epoch, [0, 1], losses, {"w": torch.full((2, 1), float(epoch))}))
    assert spent == [[], [], [], [0]]  # equal to the best is not better
    assert watch.best_epoch == [2, 1]
    restored = watch.restore([0, 1], {"w": torch.full((2, 1), 4.0)})
    assert restored["w"].flatten().tolist() == [2.0, 4.0]


def test_watch_asks_for_the_gain_and_restores_only_where_asked():
    watch = BestTracker([Stopping(2, 0.5), Stopping(2, 0.0, restore=False)], {"w": torch.zeros(2, 1)})
    spent = []
    for epoch, losses in enumerate([[3.0, 1.0], [2.6, 2.0], [2.2, 3.0], [2.1, 4.0], [1.8, 5.0]], 1):
        spent.append(watch.see(epoch, [0, 1], losses, {"w": torch.full((2, 1), float(epoch))}))
    assert [0 in who for who in spent] == [False, False, False, False, True]
    assert [1 in who for who in spent] == [False, False, True, True, True]
    assert watch.best_epoch == [3, 1]
    assert (watch.reported(0, 5), watch.reported(1, 3)) == (3, 3)
    assert watch.restore([0, 1], {"w": torch.full((2, 1), 9.0)})["w"].flatten().tolist() == [3.0, 9.0]


def test_a_stopped_trial_may_report_its_last_weights(trials):
    words = ["seeds=1", "train.epochs=40", "train.lr=0.02", "rate=0", "regularizer=early_stopping"]
    words += ["regularizer.early_stopping=3", "regularizer.restore_best=true,false"]
    best, last = train_pack(trials(*words), load("digits"))
    assert best.measured["epochs_run"] == last.measured["epochs_run"] < 40
    assert best.measured["val_loss"] < last.measured["val_loss"]
    assert last.measured["val_loss"] == pytest.approx(last.curve[-1]["val_loss"], rel=1e-5)


def test_progress_counts_every_epoch_of_every_trial_once(trials):
    every = trials("seeds=2", "train.epochs=8", "train.lr=0.02,1e30", "rate=0", "regularizer=none,early_stopping")
    seen = []
    train_pack(every, load("digits"), seen.append)
    assert sum(seen) == len(every) * 8


def test_the_process_is_left_as_it_was(trials):
    train_pack(trials("seeds=1", "train.epochs=1"), load("digits"))
    assert torch.tensor(1e-40) * 1 > 0  # denormals are flushed inside the loop only
