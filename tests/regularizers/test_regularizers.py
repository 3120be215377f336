"""Each regularizer changes gradients or weights as its formula says, for each model by its own strength."""

import math

import pytest
import torch
from torch import nn

from dropout_lab.data import load
from dropout_lab.dropout import MAPS, UNITS
from dropout_lab.errors import ConfigError
from dropout_lab.models import PlainHook, build_model
from dropout_lab.regularizers import HiddenSite, Stopping
from dropout_lab.regularizers.kl_sparsity import bernoulli_kl
from dropout_lab.rng import Streams
from dropout_lab.sweeps.preflight import check_trials
from dropout_lab.train.loop import train_pack
from dropout_lab.train.pack import Pack

PULLS = {
    "l1": ({"l1": 0.5}, {"l1": 0.1}, lambda w, s: s * w.sign()),
    "l2": ({"l2": 0.5}, {"l2": 0.1}, lambda w, s: s * w),
    "elastic": (
        {"elastic": 0.5, "l1_ratio": 0.3},
        {"elastic": 0.1, "l1_ratio": 0.3},
        lambda w, s: s * (0.3 * w.sign() + 0.7 * w),
    ),
}


@pytest.mark.parametrize("name", PULLS)
def test_penalties_add_their_gradient_to_the_weights_and_nothing_to_the_biases(name, made):
    strong, weak, pull = PULLS[name]
    params = {"a.weight": torch.randn(3, 4, 5), "a.bias": torch.randn(3, 5)}
    params["a.weight"][0, 0, 0] = 0.0
    for p in params.values():
        p.requires_grad_()
    made(strong, {}, weak).penalty(params).sum().backward()
    for model, strength in enumerate([0.5, 0.0, 0.1]):
        expected = pull(params["a.weight"][model].detach(), strength)
        torch.testing.assert_close(params["a.weight"].grad[model], expected)
    assert params["a.bias"].grad is None


@pytest.mark.parametrize("name", PULLS)
def test_a_training_step_moves_by_the_penaltys_gradient(name, trials):
    words = ["train=sgd", "train.momentum=0", "train.lr=0.1", "rate=0.5", "seeds=1", f"regularizer.{name}=0.2"]
    pack = Pack(trials(*words, "regularizer.l1_ratio=0.3", f"regularizer=none,{name}"), load("digits"))
    start = {n: p.detach()[0].clone() for n, p in pack.params.items()}
    pack.step(pack.feed.epoch(64)[0])
    for n, p in pack.params.items():
        moved = (p[1] - p[0]).detach()
        pull = PULLS[name][2](start[n], 0.2) if n in pack.model.weights else torch.zeros_like(start[n])
        torch.testing.assert_close(moved, -0.1 * pull, rtol=1e-3, atol=1e-6)


def test_l1_is_switched_on_for_each_model_in_its_time(made):
    params = {"a.weight": torch.ones(3, 4, 5)}
    all_of = made({"l1": 0.1, "l1_start": 0.5}, {"l1": 0.1}, {"l1": 0.1, "l1_start": 0.8})
    found = []
    for progress in (0, 0.49, 0.5, 0.8):
        all_of.move(progress)
        found.append(all_of.penalty(params).tolist())
    on = [[0, 2, 0], [0, 2, 0], [2, 2, 0], [2, 2, 2]]
    assert found == [pytest.approx(row) for row in on]


def test_late_l1_trains_like_none_and_then_like_l1(trials):
    words = ["seeds=1", "rate=0", "train.epochs=4", "model.hidden=[8]", "regularizer.l1=0.01"]
    (none,), (l1,), (late,) = (
        trials(*words, *more) for more in ([], ["regularizer=l1"], ["regularizer=l1", "regularizer.l1_start=0.5"])
    )
    curves = [[row["train_loss"] for row in result.curve] for result in train_pack([none, l1, late], load("digits"))]
    assert curves[2][:2] == curves[0][:2]
    assert curves[1][0] != curves[0][0]
    assert curves[2][2] != curves[0][2]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_weight_decay_is_that_of_a_plain_loop(optimizer, trials):
    words = [f"train={optimizer}", "rate=0", "seeds=1", "model.hidden=[16]", "regularizer=weight_decay"]
    every = trials(*words, "regularizer.weight_decay=0.3,3", "train.lr=0.01,0.05")
    pack = Pack(every, load("digits"))
    start = {n: p.detach().clone() for n, p in pack.params.items()}
    batches = [rows for _ in range(2) for rows in pack.feed.epoch(64)]
    for rows in batches:
        pack.step(rows)
    for m, trial in enumerate(every):
        conf, own = trial.config, {n: p[m].clone().requires_grad_() for n, p in start.items()}
        weights = [p for n, p in own.items() if n in pack.model.weights]
        biases = [p for n, p in own.items() if n not in pack.model.weights]
        decay = conf.regularizer.weight_decay
        if optimizer == "adam":
            groups = [{"params": weights, "weight_decay": decay}, {"params": biases, "weight_decay": 0.0}]
            plain = torch.optim.AdamW(groups, lr=conf.train.lr)
        else:
            plain = torch.optim.SGD(own.values(), lr=conf.train.lr, momentum=0.9)
        for rows in batches:
            x, y = (t[m : m + 1] for t in pack.feed.fetch(rows))
            h = torch.relu(x[0].flatten(1) @ own["hidden0.weight"] + own["hidden0.bias"])
            loss = nn.functional.cross_entropy(h @ own["output.weight"] + own["output.bias"], y[0])
            plain.zero_grad()
            loss.backward()
            if optimizer == "sgd":
                with torch.no_grad():
                    for w in weights:
                        w -= conf.train.lr * decay * w
            plain.step()
        for n, p in own.items():
            torch.testing.assert_close(pack.params[n][m].detach(), p.detach(), rtol=2e-3, atol=2e-4)


TEXT = ["data=rt_polarity", "model.embedding=6"]


@pytest.mark.parametrize(
    ("words", "shape", "symbols"),
    [
        (["model=mlp"], (1, 8, 8), 0),
        (["model=cnn"], (1, 8, 8), 0),
        (["model=lstm"], (1, 8, 8), 0),
        (["model=rescnn"], (1, 8, 8), 0),
        (["model=mlp", *TEXT], (9,), 30),
        (["model=lstm", *TEXT], (9,), 30),
    ],
    ids=["mlp", "cnn", "lstm", "rescnn", "mlp of texts", "lstm of texts"],
)
def test_max_norm_bounds_the_weights_into_each_unit(words, shape, symbols, config, made):
    model = build_model(config(*words).model, shape, 10, symbols=symbols)
    params = {n: torch.randn(3, *p.shape) for n, p in model.parameters.items()}
    before = {n: p.clone() for n, p in params.items()}
    made({"max_norm": 1.5}, {}, {"max_norm": 1e6}, weights=model.weights).project(params)
    for name, p in params.items():
        assert torch.equal(p[1:], before[name][1:])
        if p.dim() == 2 or name == "embedding.weight":  # biases, gains; vectors that are looked up and never summed
            assert name not in model.weights
            assert torch.equal(p[0], before[name][0])
            continue
        # One row a unit, whatever the layout: outputs last in a dense layer, first in the others.
        dense = name.endswith(".weight") and p.dim() == 3
        units, old = ((q[0].T if dense else q[0].flatten(1)) for q in (p, before[name]))
        assert len(units) == model.parameters[name.replace("weight", "bias")].shape[0]
        norms, olds = units.norm(dim=1), old.norm(dim=1)
        torch.testing.assert_close(norms, olds.clamp(max=1.5))
        torch.testing.assert_close(units / norms[:, None], old / olds[:, None])
        assert torch.equal(units[olds <= 1.5], old[olds <= 1.5])


@pytest.mark.parametrize(
    ("kind", "site", "name", "units"),
    [
        ("mlp", "hidden0", "hidden0.weight", 128),
        ("cnn", "block0", "block0.weight", 16),
        ("lstm", "layer0", "layer0.weight_ih", 256),
    ],
)
def test_the_vector_of_a_unit_is_what_moves_that_unit_and_no_other(kind, site, name, units, config):
    """The axes, told from the forward pass: a unit stands still where its own incoming weights do."""
    more = ["model.units=64"] if kind == "lstm" else ["model.activation=tanh"]
    model = build_model(config(f"model={kind}", *more).model, (1, 8, 8), 10)
    params = model.init([Streams(0, 0)], torch.device("cpu"))
    (unit_axis,) = set(range(1, params[name].dim())) - set(model.weights[name])
    assert params[name].shape[unit_axis] == units
    changed = dict(params)
    changed[name] = params[name].clone()
    changed[name].select(unit_axis, 3).add_(1.0)  # all that goes into unit 3; in an LSTM, into one of its gates
    moved = (_at(model, changed, site) != _at(model, params, site)).movedim(2 if kind == "cnn" else -1, 0)
    assert moved.flatten(1).any(1).nonzero().flatten().tolist() == [3]


def _images(site):
    images = torch.rand(1, 5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    return images[:, :, :, :1] if site == "layer0" else images  # one step, after which units would see each other


def _at(model, params, site):
    seen = {}

    class Looks(PlainHook):
        def __call__(self, name, x):
            seen[name] = x
            return x

    model.forward(params, _images(site), Looks())
    return seen[site]


def test_max_norm_holds_after_every_step(trials):
    pack = Pack(trials("regularizer=none,max_norm", "regularizer.max_norm=0.5", "seeds=1"), load("digits"))
    for rows in pack.feed.epoch(64)[:5]:
        pack.step(rows)
        for name, axes in pack.model.weights.items():
            norms = torch.linalg.vector_norm(pack.params[name], dim=axes)
            assert norms[1].max() <= 0.5 + 1e-6
    assert torch.linalg.vector_norm(pack.params["output.weight"], dim=1)[0].max() > 0.5


def test_patience_and_combination(made):
    chosen = {"early_stopping": 4, "l2": 0.1, "min_delta": 0.5, "restore_best": False, "monitor": "val_f1"}
    all_of = made(chosen, {})
    # Only the model that has chosen early stopping monitors what its setting names.
    assert all_of.stopping == [Stopping(4, 0.5, False, "val_f1"), Stopping(math.inf, 0, True, "val_loss")]
    assert len(all_of.made) == 2
    assert all_of.select([1]).stopping == [Stopping(math.inf)]
    assert all_of.select([0]).stopping == [Stopping(4, 0.5, False, "val_f1")]
    assert made({}).penalty({"a.weight": torch.ones(1, 2, 2)}) is None


def test_divergence_is_that_of_the_units_distributions():
    mean, target = torch.tensor([[0.2, -0.5, 0.9]]), torch.tensor([[0.1, 0.1, 0.1]])
    normal = torch.distributions.kl_divergence(
        torch.distributions.Normal(target, 1.0), torch.distributions.Normal(mean, 1.0)
    )
    torch.testing.assert_close(bernoulli_kl(mean, target, False), normal)
    bernoulli = torch.distributions.kl_divergence(
        torch.distributions.Bernoulli(target), torch.distributions.Bernoulli((1 + mean) / 2)
    )
    torch.testing.assert_close(bernoulli_kl(mean, target, True), bernoulli)


@pytest.mark.parametrize("bounded", [False, True])
def test_kl_sparsity_of_the_mean_activations_before_dropout(bounded, made):
    sites = {"units": HiddenSite(UNITS), "maps": HiddenSite(MAPS)}
    chosen = [{"kl_sparsity": 0.5, "kl_target": 0.1}, {}, {"kl_sparsity": 2.0, "kl_target": 0.3}]
    all_of = made(*chosen, sites=sites, bounded=bounded)
    units, maps = torch.rand(3, 7, 4, requires_grad=True), torch.rand(3, 7, 5, 2, 2, requires_grad=True)

    class Dropped:
        training, carries_previous, per_gate = True, False, False

        def __call__(self, name, x):
            return x * 0

    hook = all_of.hook(Dropped(), {})
    for _ in range(2):  # as two passes of one step, of which the mean counts
        assert not hook("units", units).any()
        hook("maps", maps)
    found = all_of.penalty({})
    for m, (strength, target) in enumerate([(0.5, 0.1), (0, 0.1), (2.0, 0.3)]):
        each = [
            bernoulli_kl(h, torch.tensor(target), bounded).sum() for h in (units[m].mean(0), maps[m].mean((0, 2, 3)))
        ]
        torch.testing.assert_close(found[m], strength * sum(each))
    found.sum().backward()
    assert not units.grad[1].any()
    assert units.grad[0].any()


def test_kl_sparsity_makes_units_sparse(trials):
    words = ["seeds=1", "rate=0.5", "train.epochs=5", "regularizer=none,kl_sparsity", "regularizer.kl_sparsity=0.1"]
    pack = Pack(trials(*words), load("digits"))
    for _ in range(5):
        for rows in pack.feed.epoch(64):
            pack.step(rows)
    means = {}
    hook = pack.testing(pack.params)

    class Looks:
        training = False
        product = staticmethod(hook.product)

        def __call__(self, name, x):
            means[name] = x.mean((1, 2)).detach()
            return hook(name, x)

        def activated(self, name, activation, x):
            return self(name, activation(x))

    pack.model.forward(pack.params, pack.feed.fetch(pack.feed.index["val"])[0], Looks())
    for name in ("hidden0", "hidden1"):
        assert 0.05 < means[name][1] < 0.05 + (means[name][0] - 0.05) / 2


def test_label_smoothing_is_torchs(made):
    out, y = torch.randn(3, 6, 10), torch.randint(10, (3, 6))
    plain = lambda out, y: nn.functional.cross_entropy(out.flatten(0, 1), y.flatten(), reduction="none").view(y.shape)  # noqa: E731
    found = made({"label_smoothing": 0.1}, {}, {"label_smoothing": 0.4}).loss(plain)(out, y)
    for m, part in enumerate([0.1, 0.0, 0.4]):
        expected = nn.functional.cross_entropy(out[m], y[m], reduction="none", label_smoothing=part)
        torch.testing.assert_close(found[m], expected)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["data=noisy_sine", "regularizer=label_smoothing"],
            "regularizer=label_smoothing: requires a classification task",
        ),
        (["data=wine", "regularizer=augment"], "regularizer=augment: requires images"),
        (["model=lstm", "regularizer=[l2,batch_norm]"], r"regularizer=batch_norm\+l2: requires a hidden layer"),
        (["model=transformer", "regularizer=layer_norm"], "regularizer=layer_norm: requires a hidden layer"),
    ],
)
def test_what_makes_no_sense_is_refused(words, line, trials):
    with pytest.raises(ConfigError, match=f"^{line}"):
        check_trials(trials(*words, "seeds=1"))
