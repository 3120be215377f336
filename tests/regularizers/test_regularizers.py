"""Each regularizer changes gradients or weights as its formula says, for each model by its own strength."""

import math

import pytest
import torch

from dropout_lab.config import RegularizerConf
from dropout_lab.data import load
from dropout_lab.models import build
from dropout_lab.regularizers import PENALTIES, PROJECTIONS
from dropout_lab.regularizers import build as regularizers
from dropout_lab.settings import table_of
from dropout_lab.train.pack import Pack

CPU = torch.device("cpu")


def chosen(**strengths):
    return RegularizerConf(chosen=dict.fromkeys(strengths, True), **strengths)


def test_every_regularizer_of_the_schema_is_built():
    names = {entry.name for entry in table_of(RegularizerConf)}
    assert names == {*PENALTIES, *PROJECTIONS, "early_stopping"}


@pytest.mark.parametrize(
    ("name", "gradient"), [("l1", lambda w, s: s * w.sign()), ("l2", lambda w, s: s * w)], ids=["l1", "l2"]
)
def test_penalties_add_their_gradient_to_the_weights_and_nothing_to_the_biases(name, gradient):
    params = {"a.weight": torch.randn(3, 4, 5), "a.bias": torch.randn(3, 5)}
    params["a.weight"][0, 0, 0] = 0.0
    for p in params.values():
        p.requires_grad_()
    made = regularizers([chosen(**{name: 0.5}), RegularizerConf(), chosen(**{name: 0.1})], {"a.weight": (1,)}, CPU)
    made.penalty(params).sum().backward()
    for model, strength in enumerate([0.5, 0.0, 0.1]):
        expected = gradient(params["a.weight"][model].detach(), strength)
        torch.testing.assert_close(params["a.weight"].grad[model], expected)
    assert params["a.bias"].grad is None


@pytest.mark.parametrize("name", ["l1", "l2"])
def test_a_training_step_moves_by_the_penaltys_gradient(name, trials):
    words = ["train=sgd", "train.momentum=0", "train.lr=0.1", "rate=0.5", "seeds=1", f"regularizer.{name}=0.2"]
    pack = Pack(trials(*words, f"regularizer=none,{name}"), load("digits"))
    start = {n: p.detach()[0].clone() for n, p in pack.params.items()}
    pack.step(pack.feed.epoch(64)[0])
    for n, p in pack.params.items():
        moved = (p[1] - p[0]).detach()
        pull = {"l1": start[n].sign(), "l2": start[n]}[name] if n in pack.model.weights else torch.zeros_like(start[n])
        torch.testing.assert_close(moved, -0.1 * 0.2 * pull, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("kind", "shape"), [("mlp", (1, 8, 8)), ("cnn", (1, 8, 8)), ("lstm", (1, 8, 8))])
def test_max_norm_bounds_the_weights_into_each_unit(kind, shape, config):
    model = build(config(f"model={kind}").model, shape, 10)
    params = {n: torch.randn(3, *p.shape) for n, p in model.parameters.items()}
    before = {n: p.clone() for n, p in params.items()}
    made = regularizers([chosen(max_norm=1.5), RegularizerConf(), chosen(max_norm=1e6)], model.weights, CPU)
    made.project(params)
    for name, p in params.items():
        assert torch.equal(p[1:], before[name][1:])
        if name not in model.weights:
            assert torch.equal(p[0], before[name][0])
            continue
        # One row a unit, whatever the layout: outputs last in a dense layer, first in the others.
        dense = name.endswith(".weight") and p.dim() == 3
        units, old = ((q[0].T if dense else q[0].flatten(1)) for q in (p, before[name]))
        norms, olds = units.norm(dim=1), old.norm(dim=1)
        torch.testing.assert_close(norms, olds.clamp(max=1.5))
        torch.testing.assert_close(units / norms[:, None], old / olds[:, None])
        assert torch.equal(units[olds <= 1.5], old[olds <= 1.5])


def test_max_norm_holds_after_every_step(trials):
    pack = Pack(trials("regularizer=none,max_norm", "regularizer.max_norm=0.5", "seeds=1"), load("digits"))
    for rows in pack.feed.epoch(64)[:5]:
        pack.step(rows)
        for name, axes in pack.model.weights.items():
            norms = torch.linalg.vector_norm(pack.params[name], dim=axes)
            assert norms[1].max() <= 0.5 + 1e-6
    assert torch.linalg.vector_norm(pack.params["output.weight"], dim=1)[0].max() > 0.5


def test_patience_and_combination():
    made = regularizers([chosen(early_stopping=4, l2=0.1), RegularizerConf()], {"w": (1,)}, CPU)
    assert made.patience == [4, math.inf]
    assert len(made.penalties) == 1
    assert made.select([1]).patience == [math.inf]
    assert regularizers([RegularizerConf()], {"w": (1,)}, CPU).penalty({"w": torch.ones(1, 2, 2)}) is None
