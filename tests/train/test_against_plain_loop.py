"""The stacked engine against a plain ``torch.nn`` loop: same start, order and masks, so the same network."""

import pytest
import torch
from torch import nn

from dropout_lab.data import load
from dropout_lab.dropout.masks import keep_mask
from dropout_lab.rng import LEVELS, PackRandomness, Streams
from dropout_lab.train.pack import Pack

STEPS = 100


class Masked(nn.Module):
    """Dropout with the masks of one trial's stream."""

    def __init__(self, variant, rate, streams, site):
        super().__init__()
        self.variant, self.rate = variant, rate
        self.random = PackRandomness([streams], f"dropout/{site}", torch.device("cpu"), channels_last=True)

    def forward(self, x):
        if self.rate == 0 or self.variant == "none":
            return x
        mask = keep_mask(self.random.bits((1, *x.shape)), torch.tensor(self.rate))[0]
        keep = 1 - round(self.rate * LEVELS) / LEVELS
        return x * mask / (keep if self.variant == "inverted" else 1)


class PlainLSTM(nn.Module):
    def __init__(self, masks):
        super().__init__()
        self.first = nn.LSTM(8, 12, batch_first=True)
        self.second = nn.LSTM(12, 12, batch_first=True)
        self.output = nn.Linear(12, 10)
        self.masks = nn.ModuleDict(masks)

    def forward(self, x):
        h = self.masks["layer0"](self.first(x.squeeze(1))[0])
        h = self.masks["layer1"](self.second(h)[0][:, -1])
        return self.output(h)


def plain(kind, masks):
    """The network as anybody would write it, and its parameters under the engine's names."""
    if kind == "mlp":
        net = nn.Sequential(
            nn.Flatten(), masks["input"], nn.Linear(64, 16), nn.ReLU(), masks["hidden0"], nn.Linear(16, 12), nn.ReLU(),
            masks["hidden1"], nn.Linear(12, 10),
        )  # fmt: skip
        layers = {"hidden0": net[2], "hidden1": net[5], "output": net[8]}
    elif kind == "cnn":
        net = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), masks["block0"],
            nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), masks["block1"],
            nn.Flatten(), nn.Linear(24, 8), nn.ReLU(), masks["head0"], nn.Linear(8, 10),
        )  # fmt: skip
        layers = {"block0": net[0], "block1": net[4], "head0": net[9], "output": net[12]}
    else:
        net = PlainLSTM(masks)
        layers = {"layer0": net.first, "layer1": net.second, "output": net.output}
    named = {f"{n}.{p.removesuffix('_l0')}": w for n, layer in layers.items() for p, w in layer.named_parameters()}
    return net, named


def linear(name, kind):
    """Whether the engine stores this weight as (in, out) and torch as (out, in)."""
    return name.endswith(".weight") and not name.startswith("block")


def train_plainly(pack, place, trial, optimizer_of, batches):
    """Train one trial by itself; its parameters by the engine's names, in the engine's layout."""
    conf, streams = trial.config, Streams(trial.config.base_seed, trial.seed)
    rates = {name: pack.rates[place][name] for name in ("input", *pack.model.sites)}
    masks = {site: Masked(trial.point.variant, rate, streams, site) for site, rate in rates.items()}
    net, named = plain(conf.model.kind, masks)
    assert named.keys() == pack.params.keys()
    with torch.no_grad():
        for name, p in named.items():
            start = pack.params[name][place]
            p.copy_(start.T if linear(name, conf.model.kind) else start)
    weights = [named[name] for name in pack.model.weights]
    optimizer = optimizer_of(named.values(), conf.train.lr)
    for rows in batches:
        x, y = (t[place] for t in pack.feed.fetch(rows))
        loss = nn.functional.cross_entropy(net(x), y)
        loss = loss + sum(conf.regularizer.l1 * w.abs().sum() for w in weights if "l1" in conf.regularizer.names)
        loss = loss + sum(conf.regularizer.l2 / 2 * w.pow(2).sum() for w in weights if "l2" in conf.regularizer.names)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {n: (p.T if linear(n, conf.model.kind) else p).detach() for n, p in named.items()}


MODELS = {
    "mlp": ["model=mlp", "model.hidden=[16,12]", "input_rate=0.1"],
    "cnn": ["model=cnn", "model.channels=[4,6]", "model.head=[8]"],
    "lstm": ["model=lstm", "model.units=12", "model.layers=2"],
}
OPTIMIZERS = {
    "adam": lambda params, lr: torch.optim.Adam(params, lr=lr),
    "sgd": lambda params, lr: torch.optim.SGD(params, lr=lr, momentum=0.9),
}


@pytest.mark.parametrize("many", [True, False])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("kind", MODELS)
def test_every_trial_of_a_pack_equals_its_plain_loop(kind, optimizer, many, trials):
    words = [*MODELS[kind], f"train={optimizer}", "train.batch_size=32", "regularizer=none,l2,[l1,l2]"]
    pack_of = trials(*words, "rate=0,0.3,0.5", "train.lr=0.001,0.01", "seeds=2", "regularizer.l2=0.01")
    pack_of = pack_of[:: 5 if kind == "mlp" else 9]  # a mixture of all of these
    if not many:  # a single model takes other ways through memory
        pack_of = [next(trial for trial in pack_of if trial.config.rate)]
    pack = Pack(pack_of, load("digits"))
    start = {name: p.detach().clone() for name, p in pack.params.items()}
    batches = [rows for _ in range(3) for rows in pack.feed.epoch(32)][:STEPS]
    assert len(batches) == STEPS
    for rows in batches:
        pack.step(rows)
    trained, pack.params = pack.params, start
    for place, trial in enumerate(pack_of):
        alone = train_plainly(pack, place, trial, OPTIMIZERS[optimizer], batches)
        for name, expected in alone.items():
            assert (trained[name][place] - start[name][place]).abs().max() > 1e-4, "nothing was learnt"
            # A hundred steps turn rounding in the seventh digit into the fourth at the most.
            torch.testing.assert_close(trained[name][place].detach(), expected, rtol=2e-3, atol=2e-4)


CONSTANTS = {
    "sgd": ["train.lr=0.05", "regularizer=[l2,max_norm]"],
    "adam": ["train.lr=0.002", "regularizer=[l2,max_norm]"],
    "others": ["train.lr=0.05", "regularizer=[l1,elastic,weight_decay,weight_noise]", "regularizer.weight_decay=0.1"],
    "normalised": ["train.lr=0.05", "regularizer=[batch_norm,kl_sparsity]"],
    "convolutions": ["train.lr=0.05", "regularizer=max_norm", "model=cnn", "model.channels=[4]", "model.head=[8]"],
}


@pytest.mark.parametrize("case", CONSTANTS)
def test_standard_and_inverted_are_one_training_run_under_the_change_of_constants(case, trials):
    """Scaling by keep at test time, or by 1/keep in training: with W' = k W, lr' = k^2 lr (weights), L2' = L2 / k^2 and
    radius' = k radius, SGD with momentum, L2 and max-norm gives the same networks (Srivastava 2014; published re-runs
    usually forget this). Two trials with other rates in one pack, and one whose constants are not the paper's."""
    steps = 300 if case == "sgd" else 60
    words = [
        f"train={'adam' if case == 'adam' else 'sgd'}",
        *CONSTANTS[case],
        "seeds=1",
        "input_rate=0.5",
        "rate=0.5,0.2",
    ]
    words += ["regularizer.l2=0.001", "regularizer.max_norm=0.5", "regularizer.l1=0.001", "regularizer.elastic=0.001"]
    words += [] if case == "convolutions" else ["model.hidden=[16,12]"]
    every = {
        "standard": trials(*words, "variant=standard", "convert_paper_constants=true"),
        "inverted": [
            *trials(*words, "convert_paper_constants=true"),
            *trials(*words, "convert_paper_constants=false")[:1],
        ],
    }
    assert not any(trial.config.convert_paper_constants for trial in every["standard"])  # there is nothing to convert
    packs = {variant: Pack(chosen, load("digits")) for variant, chosen in every.items()}
    if case == "adam":  # whose epsilon is not converted, and slows down weights whose gradients are as small
        for pack in packs.values():
            pack.optimizer.epsilon = 1e-12
    batches = [rows for _ in range(17) for rows in packs["standard"].feed.epoch(64)][:steps]
    for rows in batches:
        packs["standard"].step(rows)
        packs["inverted"].step(rows[[0, 1, 0]])
    standard, inverted = packs["standard"], packs["inverted"]
    if "max_norm" in every["standard"][0].point.regularizer:
        first = "block0.weight" if case == "convolutions" else "hidden0.weight"
        norms = torch.linalg.vector_norm(standard.params[first], dim=standard.model.weights[first])
        assert (norms > 0.499).any(), "the bound never bit"
    for name, weight in standard.params.items():
        reads = standard.model.parameters[name].reads if name in standard.model.weights else ""
        keep = torch.tensor([1 - rates[reads] if reads else 1 for rates in standard.rates])
        expected = weight * keep.view(-1, *[1] * (weight.dim() - 1))
        torch.testing.assert_close(inverted.params[name][:2], expected, rtol=5e-3, atol=5e-4)
    x, _ = standard.feed.fetch(standard.feed.index["test"])
    a = standard.model.forward(standard.params, x, standard.testing(standard.params))
    b = inverted.model.forward(inverted.params, x[[0, 1, 0]], inverted.testing(inverted.params))
    torch.testing.assert_close(a, b[:2], rtol=5e-3, atol=5e-3)
    assert (b[2] - b[0]).abs().max() > 0.05, "the constants make no difference"
