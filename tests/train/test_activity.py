"""How active hidden units are, against a plain forward pass."""

import numpy as np
import pytest

from dropout_lab.data import load
from dropout_lab.train.activation_stats import EXAMPLES
from dropout_lab.train.loop import _Training, train_pack

SMALL = ("data=digits", "train.epochs=2", "data.train_size=100", "seeds=2")
WORDS = (*SMALL, "model.hidden=[6,4]")


def plain(training, dataset, m):
    """The hidden activations of model m on the first test examples, one after the other."""
    rows = training.whole.feed.index["test"][m][:EXAMPLES].numpy()
    h = dataset.x[rows].reshape(len(rows), -1).astype(np.float64)
    params = {name: p[m].detach().double().numpy() for name, p in training.final.items()}
    found = []
    for layer in ("hidden0", "hidden1"):
        h = np.maximum(h @ params[f"{layer}.weight"] + params[f"{layer}.bias"], 0)
        found.append(h.ravel())
    return np.concatenate(found)


@pytest.mark.parametrize("variant", ["inverted", "standard"])
def test_mean_and_zeros_are_those_of_a_plain_pass(trials, variant):
    dataset = load("digits")
    training = _Training(trials(*WORDS, f"variant={variant}", "rate=0,0.5"), dataset, lambda epochs: None)
    results = training.run()
    for m, result in enumerate(results):
        units = plain(training, dataset, m)
        if variant == "standard" and m > 1:  # its second layer reads what was multiplied by the part that is kept
            continue
        assert result.measured["mean_activation"] == pytest.approx(units.mean(), rel=1e-4)
        assert result.measured["activation_sparsity"] == pytest.approx((units == 0).mean(), abs=2 / len(units))


def test_it_does_not_depend_on_the_pack(trials):
    every, dataset = trials(*WORDS, "rate=0,0.5"), load("digits")
    together = train_pack(every, dataset)
    for trial, result in zip(every, together, strict=True):
        (alone,) = train_pack([trial], dataset)
        for name in ("mean_activation", "activation_sparsity"):
            assert alone.measured[name] == pytest.approx(result.measured[name], rel=1e-3)


@pytest.mark.parametrize("words", [("evaluate_test=false", "model.hidden=[4]"), ("model.hidden=[]",)])
def test_nothing_is_said_without_test_examples_or_hidden_units(trials, words):
    (result, *_) = train_pack(trials(*SMALL, "variant=none", *words), load("digits"))
    assert "mean_activation" not in result.measured
