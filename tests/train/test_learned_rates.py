"""Rates that are learned, in the engine: their gradients, bounds and speed."""

import pytest
import torch
from torch import nn

from dropout_lab.data import load
from dropout_lab.dropout.hooks import TrainingHook
from dropout_lab.errors import ConfigError
from dropout_lab.sweeps.preflight import check_trials
from dropout_lab.train.loop import train_pack
from dropout_lab.train.pack import Pack

from .test_variants_train import SMALL, stepped


@pytest.mark.parametrize("variant", ["concrete", "variational_gaussian", "sparse_variational"])
def test_a_learned_rate_gets_the_gradient_of_the_bound(variant, trials):
    """The loss of a step is the data loss plus the divergence over the training examples."""
    words = ["train=sgd", "train.momentum=0", "model.hidden=[16]", "rate=0.3", f"variant={variant}"]
    words += [] if variant == "concrete" else ["variant.warm_up=0"]
    made, reference, start, lr, (x, y) = stepped(trials(*words, "seeds=1"))
    out = reference.model.forward(reference.params, x, TrainingHook(reference.noise, reference.params))
    kind, params, speed = reference.noise.variant, reference.params, 10
    if variant == "concrete":
        own = kind.divergence(params["hidden0/noise"], [params["output.weight"]], 16)
    else:
        own = kind.divergence(params["output.weight/noise"], [params["output.weight"]], 0)
    loss = nn.functional.cross_entropy(out[0], y[0]) + own[0] / 1150
    grads = torch.autograd.grad(loss, list(params.values()))
    learned = [name for name in params if name.endswith("/noise")]
    assert len(learned) == 1
    for (name, p), grad in zip(made.params.items(), grads, strict=True):
        torch.testing.assert_close(
            p.detach(), start[name] - (speed if name.endswith("/noise") else 1) * lr * grad, rtol=3e-4, atol=1e-6
        )
    assert (made.params[learned[0]].detach() != start[learned[0]]).any()


def test_what_drowns_in_noise_is_no_active_parameter(trials):
    (result,) = train_pack(trials("variant=sparse_variational", "model.hidden=[16]", "seeds=1"), load("digits"))
    assert result.measured["active_parameters"] < result.measured["parameters"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["variant=concrete", "schedule=linear"], "learns its rate and cannot be combined with schedule=linear"),
        (["variant=variational_gaussian", "rate=0.6"], "learns a rate of at most 0.5; set rate to this value or less"),
        (["variant=stochastic_depth", "model=resmlp", "input_rate=0.1"], "does not accept an input_rate"),
    ],
)
def test_what_a_variant_cannot_learn_or_take_is_refused(words, message, trials):
    with pytest.raises(ConfigError, match=message):
        check_trials(trials(*words, "seeds=1"))


def test_a_learned_rate_at_its_bound_goes_on_learning(trials):
    """A parameter that a step has carried beyond its bound must find back."""
    words = [
        "variant=variational_gaussian",
        "rate=0.5",
        "model.hidden=[16]",
        "variant.granularity=weight",
        "train.epochs=20",
    ]
    pack = Pack(trials(*words, "seeds=1"), load("digits"))
    for _ in range(5):
        for rows in pack.feed.epoch(64):
            pack.step(rows)
    moved = pack.params["output.weight/noise"].detach()
    assert (moved < 0).float().mean() > 0.5


def test_learned_rates_have_a_learning_rate_of_their_own(trials):
    words = ["variant=concrete", "rate=0.3", "model.hidden=[16]", "train=sgd", "train.momentum=0", "seeds=1"]
    changes = []
    for speed in (1, 5):
        pack = Pack(trials(*words, f"variant.lr_multiplier={speed}"), load("digits"))
        before = {name: p.detach().clone() for name, p in pack.params.items()}
        pack.step(pack.feed.epoch(64)[0])
        changes.append({name: p.detach() - before[name] for name, p in pack.params.items()})
    torch.testing.assert_close(changes[1]["hidden0/noise"], 5 * changes[0]["hidden0/noise"], rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(changes[1]["output.weight"], changes[0]["output.weight"])


def test_masks_of_steps_are_not_counted_by_steps(trials):
    words = ["variant=concrete", "model=lstm", "model.layers=2", "model.units=5", "rate=0.3", "seeds=1"]
    pack = Pack(trials(*words), load("digits"))
    pack.step(pack.feed.epoch(64)[0])
    assert pack.noise._units == {"layer0": 5, "layer1": 5}


def test_a_rate_is_learned_only_where_weights_read(trials):
    (trial,) = trials("variant=concrete", "model=transformer", *SMALL["transformer"], "rate=0.3", "seeds=1")
    pack = Pack([trial], load("digits"))
    assert [name for name in pack.params if name.endswith("/noise")] == ["block0.inner/noise"]
