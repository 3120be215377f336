"""A network of the user's own in the engine, against the engine's own network and against a plain torch loop."""

import pytest
import torch
from torch import nn

from dropout_lab.data import load
from dropout_lab.dropout import VARIANTS
from dropout_lab.dropout.hooks import EvalHook
from dropout_lab.dropout.masks import keep_mask
from dropout_lab.errors import ConfigError
from dropout_lab.rng import LEVELS, PackRandomness, Streams
from dropout_lab.sweeps.preflight import check_trials
from dropout_lab.train.evaluate import evaluate_split
from dropout_lab.train.loop import train_pack
from dropout_lab.train.pack import Pack

NETS = """
from torch import nn


def mlp(shape, outputs):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Dropout(0.9), nn.Linear(16, 12), nn.ReLU(), nn.Dropout(0.9),
        nn.Linear(12, outputs),
    )


def cnn(shape, outputs):
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout2d(0.9),
        nn.Flatten(), nn.Linear(64, 8, bias=False), nn.BatchNorm1d(8, momentum=None), nn.ReLU(), nn.Dropout(0.9),
        nn.Linear(8, outputs),
    )


class Recurrent(nn.Module):
    def __init__(self, shape, outputs):
        super().__init__()
        self.lstm = nn.LSTM(8, 12, batch_first=True)
        self.drop = nn.Dropout(0.9)
        self.output = nn.Linear(12, outputs)

    def forward(self, x):
        return self.output(self.drop(self.lstm(x.squeeze(1))[0])[:, -1])
"""
PLACES = {"mlp": ["3", "6"], "cnn": ["4", "9"], "Recurrent": ["drop"]}


@pytest.fixture
def nets(folder):
    """The networks, as a file of the user's; a namespace of what it defines."""
    (folder / "nets.py").write_text(NETS)
    found = {}
    exec(NETS, found)
    return found


def words(name, *more):
    return ["model=custom", f"model.target=nets:{name}", "seeds=1", *more]


class Masked(nn.Module):
    """Inverted dropout with the masks of one trial's stream; whole maps for Dropout2d under variant=spatial."""

    def __init__(self, rate, place, whole_maps=False):
        super().__init__()
        self.rate, self.whole_maps = rate, whole_maps
        self.random = PackRandomness([Streams(0, 0)], f"dropout/{place}", torch.device("cpu"))

    def forward(self, x):
        if not self.training:
            return x
        shape = (*x.shape[:2], 1, 1) if self.whole_maps and x.dim() == 4 else x.shape
        mask = keep_mask(self.random.bits((1, *shape)), torch.tensor(self.rate))[0]
        return x * mask / (1 - round(self.rate * LEVELS) / LEVELS)


def masked(net, name, rates, spatial=False):
    """The network as it is, but for the masks."""
    for place, rate in zip(PLACES[name], rates, strict=True):
        setattr(net, place, Masked(rate, place, spatial)) if place.isalpha() else net.__setitem__(
            int(place), Masked(rate, place, spatial)
        )
    return net


def run(pack, net, steps=50):
    """Train both for some steps on the same batches; the plain one with torch's own optimizer and penalty."""
    conf = pack.conf
    optimizer = torch.optim.Adam(net.parameters(), lr=conf.train.lr)
    weights = [p for n, p in net.named_parameters() if n in pack.model.weights]
    for rows in [rows for _ in range(3) for rows in pack.feed.epoch(64)][:steps]:
        x, y = (t[0] for t in pack.feed.fetch(rows))
        pack.step(rows)
        loss = nn.functional.cross_entropy(net(x), y)
        loss = loss + conf.regularizer.l2 / 2 * sum(w.square().sum() for w in weights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@pytest.mark.parametrize(
    ("name", "variant", "rates"),
    [("mlp", "inverted", [0.5, 0.2]), ("cnn", "spatial", [0.4, 0.4]), ("Recurrent", "inverted", [0.3])],
)
def test_fifty_steps_are_those_of_a_plain_loop_weights_and_statistics(name, variant, rates, nets, trials):
    more = [f"variant={variant}", f"rate={rates}".replace(" ", ""), "regularizer=l2", "regularizer.l2=0.01"]
    (trial,) = trials(*words(name, *more, "train.lr=0.01"))
    pack = Pack([trial], load("digits"))
    pack.conf = trial.config
    net = masked(nets[name]((1, 8, 8), 10), name, rates, variant == "spatial")
    net.load_state_dict({n: p[0] for n, p in pack.params.items()})
    start = {n: p.detach().clone() for n, p in pack.params.items()}
    run(pack, net)
    for key, expected in net.state_dict().items():
        assert not torch.equal(start[key], pack.params[key]), f"{key} stayed as it was"
        torch.testing.assert_close(pack.params[key][0].detach(), expected, rtol=2e-3, atol=2e-4)
    net.eval()
    x, y = (t[0] for t in pack.feed.fetch(pack.feed.index["test"]))
    found = evaluate_split(pack.model, pack.params, pack.feed, "test", pack.task, EvalHook(pack.noise, pack.params))
    with torch.no_grad():
        expected = nn.functional.cross_entropy(net(x), y).item()
    assert found.loss[0] == pytest.approx(expected, rel=1e-3)


def test_without_dropout_it_is_the_engines_own_network(nets, trials):
    (own,) = trials(*words("mlp", "rate=0"))
    (ours,) = trials("model.hidden=[16,12]", "rate=0", "seeds=1")
    custom, engine = (Pack([trial], load("digits")) for trial in (own, ours))
    assert custom.model.size == engine.model.size
    with torch.no_grad():
        for name, layer in {"hidden0": "1", "hidden1": "4", "output": "7"}.items():
            engine.params[f"{name}.weight"].copy_(custom.params[f"{layer}.weight"].transpose(1, 2))
            engine.params[f"{name}.bias"].copy_(custom.params[f"{layer}.bias"])
    for rows in [rows for _ in range(3) for rows in custom.feed.epoch(64)][:50]:
        torch.testing.assert_close(custom.step(rows), engine.step(rows), rtol=1e-3, atol=1e-4)
    trained = engine.params["hidden1.weight"].transpose(1, 2)
    torch.testing.assert_close(custom.params["4.weight"], trained, rtol=2e-3, atol=2e-4)


REFUSED = {
    "alpha": "cannot become the SELU network",
    "feature_alpha": "cannot become the SELU network",
    "attention": "requires scores, but this network has only maps and units",
    **dict.fromkeys(
        ("naive", "non_recurrent", "variational", "recurrent", "rnndrop", "zoneout", "weight_drop"),
        "requires recurrent states, which this network does not have",
    ),
    "dropconnect": "requires weights",
    "fast": "requires weights",
    "stochastic_depth": "variant.profile=rising: must be flat for model=custom",
    **dict.fromkeys(("concrete", "variational_gaussian", "sparse_variational"), "these are unknown for this network"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_acts_or_is_refused(variant, nets, trials):
    chosen = words("cnn", f"variant={variant}", "rate=0.4", "train.epochs=2")
    if variant in REFUSED:
        with pytest.raises(ConfigError, match=REFUSED[variant]):
            check_trials(trials(*chosen))
        return
    (trial,) = trials(*chosen)
    check_trials([trial])
    (result,) = train_pack([trial], load("digits"))
    assert result.status == "ok"
    assert 0 < result.measured["drop_fraction"] < 0.6
    assert result.measured["active_parameters"] is None or VARIANTS[variant].zeroing in ("soft", "none")
    assert result.measured["parameters"] == 4 * 9 + 8 + 64 * 8 + 16 + 8 * 10 + 10


def test_a_rate_for_each_place_reaches_it(nets, trials):
    (trial,) = trials(*words("mlp", "rate=[0,0.6]"))
    check_trials([trial])
    pack = Pack([trial], load("digits"))
    assert pack.rates == [{"input": 0.0, "3": 0.0, "6": 0.6}]
    assert pack.noise.rates.keys() == {"6"}
    for rates, message in {"[0.1,0.2,0.3]": r"rate=\[0.1,0.2,0.3\]", "[0.3,0.3,0.3]": r"rate=\[0.3,0.3,0.3\]"}.items():
        with pytest.raises(ConfigError, match=f"^{message}: must have one entry for each of the 2 sites of"):
            check_trials(trials(*words("mlp", f"rate={rates}")))
    assert trials(*words("mlp", "rate=[0.3,0.3]")) == trials(*words("mlp", "rate=0.3"))


def test_a_profile_is_refused_until_the_rates_are_written_out(nets, trials):
    with pytest.raises(ConfigError, match=r"^profile=linear: must be flat for model=custom"):
        trials(*words("mlp", "profile=linear"))
    assert len(trials(*words("mlp", "profile=linear,flat", "rate=0"))) == 1


def test_a_regularizer_of_weights_without_weights_is_refused(folder, trials):
    (folder / "bare.py").write_text(
        "from torch import nn\n"
        "def net(shape, outputs): return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Dropout(), "
        "nn.AdaptiveAvgPool1d(outputs))\n"
    )
    chosen = ["model=custom", "model.target=bare:net", "seeds=1"]
    check_trials(trials(*chosen, "regularizer=early_stopping"))
    with pytest.raises(
        ConfigError, match="regularizer=early_stopping\\+l2: requires weights, which this network does not have"
    ):
        check_trials(trials(*chosen, "regularizer=[l2,early_stopping]"))


def test_early_stopping_restores_the_statistics_with_the_weights(nets, trials):
    """The validation loss of the reported network is that of the best epoch, which the last statistics would miss."""
    chosen = words("cnn", "rate=0.2", "train.lr=0.1", "regularizer=early_stopping", "regularizer.early_stopping=3")
    (result,) = train_pack(trials(*chosen, "train.epochs=60"), load("digits"))
    best, last = result.measured["best_epoch"], result.measured["epochs_run"]
    assert last - best == 3
    assert result.measured["val_loss"] == result.curve[best - 1]["val_loss"]
    assert result.measured["val_loss"] != result.curve[-1]["val_loss"]


def test_parameters_that_lie_in_another_order_are_trained_alike(folder, trials):
    (folder / "turned_nets.py").write_text(
        "import torch\nfrom torch import nn\n\n\ndef cnn(shape, outputs):\n"
        "    maps = nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.Dropout(0.0)\n"
        "    net = nn.Sequential(*maps, nn.Flatten(), nn.Linear(96, outputs))\n"
        "    return net.to(memory_format=torch.channels_last)\n"
    )
    found = {}
    exec((folder / "turned_nets.py").read_text(), found)
    (trial,) = trials("model=custom", "model.target=turned_nets:cnn", "seeds=1", "variant=none", "train.lr=0.01")
    pack = Pack([trial], load("digits"))
    net = found["cnn"]((1, 8, 8), 10)
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.copy_(pack.params[name][0])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for rows in pack.feed.epoch(64)[:5]:
        x, y = (t[0] for t in pack.feed.fetch(rows))
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
        pack.step(rows)
    for name, p in net.named_parameters():
        torch.testing.assert_close(pack.params[name][0].detach(), p.detach(), rtol=1e-3, atol=1e-5)
