"""Noise on inputs and weights, and mixup: what is drawn, and what the gradient is taken of."""

import numpy as np
import pytest
import torch
from torch import nn

from dropout_lab.data import load
from dropout_lab.errors import ConfigError
from dropout_lab.rng import Streams
from dropout_lab.sweeps.preflight import check_trials
from dropout_lab.train.pack import Pack

SGD = ["train=sgd", "train.momentum=0", "train.lr=0.1", "rate=0", "model.hidden=[16]"]


def test_input_noise_has_each_models_deviation_and_is_drawn_anew(made):
    all_of = made({"input_noise": 0.5}, {}, {"input_noise": 0.1})
    x = torch.rand(3, 2000, 10)
    one, two = (all_of.inputs(x) - x for _ in range(2))
    assert one.mean((1, 2)).tolist() == pytest.approx([0, 0, 0], abs=0.02)
    assert one.std((1, 2)).tolist() == pytest.approx([0.5, 0, 0.1], rel=0.03)
    assert not torch.equal(one[0], two[0])
    assert not torch.allclose(one[0] / 0.5, one[2] / 0.1)  # other seeds
    alone = made({"input_noise": 0.5}).inputs(x[:1])
    assert torch.equal(alone[0], (one + x)[0])


def test_the_gradient_is_taken_at_the_noisy_weights_and_moves_the_clean_ones(trials):
    (trial,) = trials(*SGD, "seeds=1", "regularizer=weight_noise", "regularizer.weight_noise=0.3")
    pack, other = (Pack([trial], load("digits")) for _ in range(2))
    start = {n: p.detach().clone() for n, p in pack.params.items()}
    noisy = {n: p.detach().clone().requires_grad_() for n, p in other.regularizers.weights(other.params).items()}
    for name in start:
        moved = noisy[name].detach() - start[name]
        assert moved.std().item() == pytest.approx(0.3, rel=0.1) if name in pack.model.weights else not moved.any()
    rows = pack.feed.epoch(64)[0]
    x, y = pack.feed.fetch(rows)
    h = torch.relu(x.flatten(2) @ noisy["hidden0.weight"] + noisy["hidden0.bias"].unsqueeze(1))
    out = h @ noisy["output.weight"] + noisy["output.bias"].unsqueeze(1)
    nn.functional.cross_entropy(out[0], y[0]).backward()
    pack.step(rows)
    for name, p in pack.params.items():
        torch.testing.assert_close(p.detach(), start[name] - 0.1 * noisy[name].grad, rtol=1e-4, atol=1e-6)


def test_weight_noise_is_drawn_for_every_pass(trials):
    (trial,) = trials("seeds=1", "model.hidden=[8]", "variant=r_drop", "rate=0.3", "regularizer=weight_noise")
    pack = Pack([trial], load("digits"))
    seen = []
    forward = pack.model.forward
    pack.model.forward = lambda params, x, hook: seen.append(params["output.weight"]) or forward(params, x, hook)
    pack.step(pack.feed.epoch(64)[0])
    assert len(seen) == 2
    assert not torch.equal(*seen)


def test_mixup_is_that_of_a_plain_loop_with_the_trials_own_stream(trials):
    every = trials(*SGD, "seeds=[3]", "regularizer=none,mixup", "regularizer.mixup=0.5,2")
    assert len(every) == 3
    pack = Pack(every, load("digits"))
    start = {n: p.detach().clone() for n, p in pack.params.items()}
    batches = pack.feed.epoch(64)[:8]
    for rows in batches:
        pack.step(rows)
    for m, trial in enumerate(every):
        own = {n: p[m].clone().requires_grad_() for n, p in start.items()}
        draw = Streams(0, 3).generator("mixup")
        for rows in batches:
            x, y = (t[m] for t in pack.feed.fetch(rows))
            part, other = 1.0, np.arange(64)
            if trial.point.regularizer == "mixup":
                part, other = (
                    draw.beta(trial.config.regularizer.mixup, trial.config.regularizer.mixup),
                    draw.permutation(64),
                )
            mixed = part * x + (1 - part) * x[other]
            h = torch.relu(mixed.flatten(1) @ own["hidden0.weight"] + own["hidden0.bias"])
            out = h @ own["output.weight"] + own["output.bias"]
            loss = part * nn.functional.cross_entropy(out, y) + (1 - part) * nn.functional.cross_entropy(out, y[other])
            for p, grad in zip(own.values(), torch.autograd.grad(loss, list(own.values())), strict=True):
                p.data -= 0.1 * grad
        for name, p in own.items():
            torch.testing.assert_close(pack.params[name][m].detach(), p.detach(), rtol=1e-3, atol=1e-5)


def test_mixup_of_numbers_is_the_loss_of_mixed_targets(made):
    """Squared errors of a mixture and the squared error of the mixed target have one gradient."""
    all_of = made({"mixup": 1.0})
    all_of.inputs(torch.rand(1, 6, 3))
    (mixup,) = all_of.made
    y, out = torch.randn(1, 6), torch.randn(1, 6, 1, requires_grad=True)
    squared = lambda out, y: (out.squeeze(2) - y).square()  # noqa: E731
    target = mixup._part * y + (1 - mixup._part) * y[0, mixup._other[0]]
    found, expected = (
        torch.autograd.grad(loss.sum(), out)[0] for loss in (all_of.loss(squared)(out, y), squared(out, target))
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("name", ["mixup", "input_noise", "augment"])
def test_words_are_not_computed_with(name, folder, trials):
    for kind in ("good", "bad"):
        (folder / "mail" / kind).mkdir(parents=True)
        for i in range(20):
            (folder / "mail" / kind / f"{i}.txt").write_text(f"a {kind} letter {i}")
    with pytest.raises(ConfigError, match=f"^regularizer={name}: "):
        check_trials(trials("data=texts", "data.path=mail", f"regularizer={name}", "seeds=1"))
