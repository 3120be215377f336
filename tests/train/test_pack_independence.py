"""A trial is the same trial alone and in any pack."""

import pytest
import torch

from dropout_lab.data import load
from dropout_lab.train.loop import train_pack
from dropout_lab.train.pack import Pack

SHAPES = {
    "mlp": ["model=mlp", "model.hidden=[16]"],
    "cnn": ["model=cnn", "model.channels=[4]", "model.head=[8]"],
    "lstm": ["model=lstm", "model.units=8"],
    "gru": ["model=gru", "model.units=8"],
    "rnn": ["model=rnn", "model.units=8"],
    "resmlp": ["model=resmlp", "model.width=16", "model.blocks=2"],
    "rescnn": ["model=rescnn", "model.maps=4", "model.blocks=2"],
    "transformer": ["model=transformer", "model.width=8", "model.heads=2", "model.blocks=1", "model.patch=4"],
}
# Variants that bring something of their own into the pack: parameters, a divergence, weights for each example, passes.
OWN = ["concrete", "variational_gaussian", "sparse_variational", "dropconnect", "fast", "r_drop", "standout"]


@pytest.mark.parametrize("kind", SHAPES)
def test_start_split_and_order_are_bit_identical(kind, trials):
    every = trials(*SHAPES[kind], "rate=0,0.5", "seeds=3")
    whole = Pack(every, load("digits"))
    orders = [torch.cat([*whole.feed.epoch(64)], 1) for _ in range(2)]
    for place, trial in enumerate(every):
        alone = Pack([trial], load("digits"))
        for name, p in alone.params.items():
            assert torch.equal(p[0], whole.params[name][place])
        for part, rows in alone.feed.index.items():
            assert torch.equal(rows[0], whole.feed.index[part][place])
        for order in orders:
            assert torch.equal(torch.cat([*alone.feed.epoch(64)], 1)[0], order[place])


def test_arms_of_one_seed_share_start_and_order(trials):
    low, high = trials("rate=0.1,0.6", "regularizer=none", "seeds=[5]")
    pack = Pack([low, high], load("digits"))
    for p in pack.params.values():
        assert torch.equal(p[0], p[1])
    rows = pack.feed.epoch(64)[0]
    assert torch.equal(rows[0], rows[1])


@pytest.mark.parametrize("kind", SHAPES)
def test_results_agree_alone_and_packed(kind, trials):
    every = trials(*SHAPES[kind], "rate=0,0.5", "seeds=2", "train.epochs=3", "train.lr=0.01")
    packed = train_pack(every, load("digits"))
    for trial, result in zip(every, packed, strict=True):
        (alone,) = train_pack([trial], load("digits"))
        for part, size in {"train": 1150, "val": 288, "test": 359}.items():
            key = f"{part}_accuracy"
            assert abs(alone.measured[key] - result.measured[key]) <= 2.01 / size
            assert alone.measured[f"{part}_loss"] == pytest.approx(result.measured[f"{part}_loss"], abs=1e-2)
        # The first epoch is too short for rounding to grow.
        assert alone.curve[0]["train_loss"] == pytest.approx(result.curve[0]["train_loss"], rel=1e-4)
        assert alone.measured["drop_fraction"] == pytest.approx(result.measured["drop_fraction"], abs=0.02)


@pytest.mark.parametrize("variant", OWN)
def test_results_agree_alone_and_packed_beside_trials_without_dropout(variant, trials):
    words = ["model.hidden=[16]", f"variant={variant}", "input_rate=0", "train.epochs=3", "train.lr=0.01", "seeds=2"]
    every = trials(*words, "rate=0,0.2,0.4", "regularizer=early_stopping", "regularizer.early_stopping=2")
    assert [trial.point.variant for trial in every].count("none") == 2
    packed = train_pack(every, load("digits"))
    for trial, result in zip(every, packed, strict=True):
        (alone,) = train_pack([trial], load("digits"))
        assert result.status == "ok"
        for name in ("val_loss", "test_loss"):
            assert alone.measured[name] == pytest.approx(result.measured[name], abs=1e-2)
        assert alone.curve[0]["train_loss"] == pytest.approx(result.curve[0]["train_loss"], rel=1e-4)
        assert [row["rate"] for row in alone.curve] == pytest.approx([row["rate"] for row in result.curve], abs=2e-3)
        if trial.point.variant == "none":
            assert result.curve[-1]["rate"] == 0
            assert result.measured["active_parameters"] == result.measured["parameters"]


def test_who_leaves_early_leaves_the_others_alone(trials):
    words = ["model.hidden=[16]", "train.epochs=6", "seeds=2", "rate=0.5"]
    steady = trials(*words, "train.lr=0.01")
    quitting = trials(*words, "regularizer=early_stopping", "regularizer.early_stopping=1", "train.lr=1e-6,0.3")
    diverging = trials(*words, "train.lr=1e30")
    mixed = [quitting[0], steady[0], diverging[0], quitting[2], steady[1]]
    results = train_pack(mixed, load("digits"))
    assert results[2].status == "diverged"
    assert any(results[i].measured["epochs_run"] < 6 for i in (0, 3)), "nobody stopped early"
    for place, trial in ((1, steady[0]), (4, steady[1])):
        (alone,) = train_pack([trial], load("digits"))
        assert results[place].measured["epochs_run"] == 6
        assert alone.measured["test_loss"] == pytest.approx(results[place].measured["test_loss"], abs=1e-2)
        assert abs(alone.measured["test_accuracy"] - results[place].measured["test_accuracy"]) <= 2.01 / 359


def test_the_same_pack_twice_is_the_same_to_the_bit(trials):
    every = trials("model.hidden=[16]", "rate=0,0.5", "seeds=2", "train.epochs=2")
    a, b = (train_pack(every, load("digits")) for _ in range(2))
    timing = {"train_seconds", "seconds_per_epoch"}
    for x, y in zip(a, b, strict=True):
        assert {k: v for k, v in x.measured.items() if k not in timing} == {
            k: v for k, v in y.measured.items() if k not in timing
        }
        assert x.curve == y.curve
