"""Linear models: dropout of the inputs is ridge regression in closed form (Srivastava et al. 2014, Section 9.1)."""

import numpy as np
import pytest

from dropout_lab.data import load
from dropout_lab.train.loop import _Training
from dropout_lab.trial import canonical

DATA = {"examples": 100, "features": 4, "noise": 0.5}
WORDS = (
    *("data=linear_teacher", *(f"data.{name}={value}" for name, value in DATA.items())),
    *("data.normalise=zscore", "model=mlp", "model.hidden=[]", "rate=0", "seeds=2"),
    *("train=sgd", "train.momentum=0.9", "train.lr=0.02", "train.batch_size=100"),
)
RATE = 0.5


def solved(feed, m, strength):
    """The minimum of the mean squared error plus strength times the sum of squares."""
    x, y = (values[m].double().numpy() for values in feed.fetch(feed.index["train"]))
    return np.linalg.solve(x.T @ x / len(x) + strength * np.eye(x.shape[1]), x.T @ y / len(x))


def trained(trials, *words):
    training = _Training(trials(*WORDS, *words), load("linear_teacher", **DATA), lambda epochs: None)
    training.run()
    weights = training.final["output.weight"].squeeze(2).detach().double().numpy()
    return weights, [solved(training.whole.feed, m, RATE / (1 - RATE)) for m in range(len(weights))]


def test_l2_of_twice_the_odds_is_the_ridge_solution(trials):
    l2 = 2 * RATE / (1 - RATE)
    weights, wanted = trained(
        trials, "variant=none", "regularizer=l2", f"regularizer.l2={l2}", "train.epochs=200", "lr_schedule=constant"
    )
    assert np.allclose(weights, wanted, atol=1e-4)


def test_dropout_of_the_inputs_comes_to_the_same(trials):
    weights, wanted = trained(
        trials,
        "variant=inverted",
        f"input_rate={RATE}",
        "train.epochs=2500",
        "lr_schedule=exponential",
        "lr_schedule.gamma=0.998",
    )
    assert np.allclose(weights, wanted, atol=0.02)
    plain = np.abs(np.array(wanted)).max()
    assert plain > 0.1  # and the weights are no zeros


def test_without_hidden_layers_there_is_nothing_that_a_rate_drops(config):
    same = [canonical(config("model.hidden=[]", *words)) for words in (["rate=0.5"], ["rate=0"], ["variant=none"])]
    assert len({point.values["model.hidden"] == [] and point.variant for point in same}) == 1
    assert same[0].variant == "none"


@pytest.mark.parametrize("activation", ["sigmoid"])
def test_logistic_units_lie_between_0_and_1(trials, activation):
    words = ("data=digits", "model.hidden=[8]", f"model.activation={activation}", "train.epochs=1", "seeds=1")
    (result,) = _Training(trials(*words, "variant=none"), load("digits"), lambda epochs: None).run()
    assert 0 < result.measured["mean_activation"] < 1
    assert result.measured["activation_sparsity"] == 0
