"""Normalisation as a part of the network: against torch's layers, in both orders, with its statistics."""

import pytest
import torch
from torch import nn

from dropout_lab.data import load
from dropout_lab.dropout.masks import keep_mask
from dropout_lab.rng import LEVELS, PackRandomness, Streams
from dropout_lab.train.evaluate import evaluate_split
from dropout_lab.train.loop import train_pack
from dropout_lab.train.pack import Pack

RATE = 0.25


class Masked(nn.Module):
    """Inverted dropout with the masks of the trial's stream."""

    def __init__(self, place):
        super().__init__()
        self.random = PackRandomness([Streams(0, 0)], f"dropout/{place}", torch.device("cpu"), channels_last=True)

    def forward(self, x):
        if not self.training:
            return x
        mask = keep_mask(self.random.bits((1, *x.shape)), torch.tensor(RATE))[0]
        return x * mask / (1 - round(RATE * LEVELS) / LEVELS)


class Pixels(nn.LayerNorm):
    """Layer normalisation over the channels of each pixel."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def block(layer, more, norm, place, order):
    """A layer, its non-linearity and dropout, with the normalisation in its place."""
    if order == "before":
        return [layer, norm, nn.ReLU(), *more, Masked(place)]
    return [layer, nn.ReLU(), *more, Masked(place), norm]


def plain(kind, name, order):
    """The network as anybody would write it, and its modules by the engine's names."""
    dense = nn.BatchNorm1d if name == "batch_norm" else nn.LayerNorm
    maps = nn.BatchNorm2d if name == "batch_norm" else Pixels
    if kind == "mlp":
        modules = {"hidden0": (nn.Linear(64, 16), [], dense(16)), "hidden1": (nn.Linear(16, 12), [], dense(12))}
        layers = [nn.Flatten()]
        last = nn.Linear(12, 10)
    else:
        modules = {"block0": (nn.Conv2d(1, 4, 3, padding=1), [nn.MaxPool2d(2)], maps(4))}
        modules["head0"] = (nn.Linear(64, 8), [], dense(8))
        layers = []
        last = nn.Linear(8, 10)
    for place, (layer, more, norm) in modules.items():
        layers += [nn.Flatten()] if place == "head0" else []
        layers += block(layer, more, norm, place, order)
    return nn.Sequential(*layers, last), modules, last


def names(modules, last, name):
    """The plain network's parameters and buffers under the engine's names."""
    own = {"weight": "gain", "bias": "shift", "running_mean": "mean", "running_var": "variance"}
    found = {f"output.{n}": p for n, p in last.named_parameters()}
    for place, (layer, _, norm) in modules.items():
        found |= {f"{place}.{n}": p for n, p in layer.named_parameters()}
        values = [*norm.named_parameters(), *norm.named_buffers()]
        found |= {f"{place}.{name}.{own[n]}": p for n, p in values if n in own}
    return found


MODELS = {
    "mlp": ["model.hidden=[16,12]"],
    "cnn": ["model=cnn", "model.channels=[4]", "model.head=[8]"],
}


def like_torch(name, value):
    """A dense weight as torch lays it out."""
    return value.T if name.endswith(".weight") and value.dim() == 2 else value


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize("name", ["batch_norm", "layer_norm"])
@pytest.mark.parametrize("kind", MODELS)
def test_the_first_steps_are_those_of_torchs_layers_weights_and_statistics(kind, name, order, trials):
    words = [*MODELS[kind], f"rate={RATE}", "train=sgd", "train.lr=0.05", f"regularizer={name}"]
    every = trials(*words, f"regularizer.{name}={order}", "seeds=2")
    pack = Pack(every, load("digits"))
    net, modules, last = plain(kind, name, order)
    with torch.no_grad():
        for n, p in names(modules, last, name).items():
            p.copy_(like_torch(n, pack.params[n][0]))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    # The last batch of an epoch is shorter. Few units of which some are dropped are soon nearly equal in some
    # example, and rounding is divided by nearly nothing.
    # A sum that rounds to the other side of 0 turns a ReLU within thirty steps, on maps sooner.
    steps = 10 if (name, order) == ("layer_norm", "after") else 15 if kind == "cnn" else 20
    for rows in [rows for _ in range(3) for rows in pack.feed.epoch(64)][:steps]:
        x, y = (t[0] for t in pack.feed.fetch(rows))
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        torch.testing.assert_close(pack.step(rows)[0], loss.detach(), rtol=1e-3, atol=1e-4)
    found = names(modules, last, name)
    assert found.keys() == pack.params.keys()
    for n, p in found.items():
        torch.testing.assert_close(like_torch(n, pack.params[n][0].detach()), p.detach(), rtol=2e-3, atol=2e-4)
    assert pack.model.size == sum(p.numel() for p in net.parameters())
    net.eval()
    x, y = (t[0] for t in pack.feed.fetch(pack.feed.index["test"]))
    measured = evaluate_split(pack.model, pack.params, pack.feed, "test", pack.task, pack.testing(pack.params))
    assert measured.loss[0] == pytest.approx(nn.functional.cross_entropy(net(x), y).item(), rel=1e-3)


def test_statistics_are_each_models_own_and_stay_as_they_are_in_a_test(trials):
    pack = Pack(trials("seeds=2", "regularizer=batch_norm", "train.lr=0.001,0.1"), load("digits"))
    for rows in pack.feed.epoch(64):
        pack.step(rows)
    kept = {n: p.clone() for n, p in pack.params.items() if n in pack.model.buffers}
    assert len(kept) == 4
    for stat in kept.values():
        assert len({tuple(row.tolist()) for row in stat}) == 4
    evaluate_split(pack.model, pack.params, pack.feed, "val", pack.task, pack.testing(pack.params))
    assert all(torch.equal(pack.params[n], p) for n, p in kept.items())
    assert not any(pack.params[n].requires_grad for n in kept)


def test_a_batch_of_one_example_leaves_the_statistics_alone(trials):
    (trial,) = trials("seeds=1", "regularizer=batch_norm", "data.train_size=65", "train.epochs=2", "model.hidden=[8]")
    pack = Pack([trial], load("digits"))
    (whole,) = pack.feed.epoch(64)
    pack.step(whole)
    before = pack.params["hidden0.batch_norm.mean"].clone()
    assert pack.step(whole[:, :1]).isfinite().all()
    assert torch.equal(pack.params["hidden0.batch_norm.mean"], before)
    assert train_pack([trial], load("digits"))[0].status == "ok"


def test_early_stopping_restores_the_statistics_with_the_weights(trials):
    words = ["regularizer=[batch_norm,early_stopping]", "regularizer.early_stopping=3", "train.lr=0.05", "seeds=1"]
    (result,) = train_pack(trials(*words, "train.epochs=40", "model.hidden=[16]"), load("digits"))
    best, last = result.measured["best_epoch"], result.measured["epochs_run"]
    assert last - best == 3
    assert result.measured["val_loss"] == result.curve[best - 1]["val_loss"] != result.curve[-1]["val_loss"]


@pytest.mark.parametrize("kind", ["resmlp", "rescnn"])
def test_inside_residual_blocks(kind, trials):
    size = "model.width=8" if kind == "resmlp" else "model.maps=4"
    words = [f"model={kind}", size, "model.blocks=2", "seeds=1", "train.epochs=3"]
    results = train_pack(trials(*words, "rate=0,0.3", "regularizer=batch_norm"), load("digits"))
    assert [result.status for result in results] == ["ok", "ok"]
    width = 8 if kind == "resmlp" else 4
    (none,) = train_pack(trials(*words[:-1], "train.epochs=1", "rate=0"), load("digits"))
    assert results[0].measured["parameters"] == none.measured["parameters"] + 2 * 2 * width
    assert results[1].measured["active_parameters"] < results[0].measured["active_parameters"]
