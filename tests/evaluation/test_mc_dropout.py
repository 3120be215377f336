"""Monte Carlo passes: the same bits on every repeat, the noise of the training, stacked or one by one."""

import numpy as np
import pytest
import torch

from dropout_lab.data import load
from dropout_lab.data.text import Corpus, TextOptions, encode_corpus, to_labelled_dataset
from dropout_lab.dropout import VARIANTS
from dropout_lab.dropout.hooks import EvalHook, TrainingHook
from dropout_lab.dropout.kernels import linear_maps as products
from dropout_lab.evaluation import mc_dropout as monte_carlo
from dropout_lab.evaluation.mc_dropout import MonteCarlo, forward_passes
from dropout_lab.rng import Streams
from dropout_lab.train.pack import Pack, build_pack_model, variant_incompatibility

SHAPES = {
    "mlp": ["model.hidden=[16,16]"],
    "cnn": ["model=cnn", "model.channels=[4]", "model.head=[8]"],
    "lstm": ["model=lstm", "model.units=8", "model.layers=2"],
    "gru": ["model=gru", "model.units=6", "model.bidirectional=true"],
    "rnn": ["model=rnn", "model.units=8", "model.layers=2"],
    "resmlp": ["model=resmlp", "model.width=8", "model.blocks=2"],
    "rescnn": ["model=rescnn", "model.maps=4", "model.blocks=2"],
    "transformer": ["model=transformer", "model.width=8", "model.heads=2", "model.patch=4"],
}
HOW = TextOptions("spaces", 12, "front")
STOCHASTIC = [name for name, variant in VARIANTS.items() if variant.stochastic]


def pack_of(trials, *words, rate="0.4"):
    return Pack(trials(f"rate={rate}", "seeds=1", *words), load("digits"))


def passes(pack, count, x, part="test"):
    """The outputs [T, B, K] of passes over a block of examples."""
    params = {name: value.detach() for name, value in pack.params.items()}
    found = []
    monte = MonteCarlo(pack.model, params, pack.noise, count, Streams(0, 0).within(part), x[:, :1])
    for block in x.split(5, 1):
        outs = []
        monte.run(block, outs.append)
        found.append(torch.cat(outs))
    return torch.cat(found, 1)


def some(pack, count=12):
    return pack.feed.fetch(pack.feed.index["test"][:, :count])[0]


@pytest.fixture
def fitting(trials):
    """Gives the packs of a variant with every model in which it makes sense."""

    def make(variant):
        dataset = load("digits")
        for words in SHAPES.values():
            (trial,) = trials(*words, f"variant={variant}", "rate=0.4", "seeds=1")
            try:
                if variant_incompatibility(trial, build_pack_model(trial.config, dataset)):
                    continue
            except ValueError:
                continue
            yield Pack([trial], dataset)

    return make


def agree(pack, x, monkeypatch):
    """Stacked passes are those by themselves, and on repeat the same bits."""
    together = passes(pack, 6, x)
    with monkeypatch.context() as patch:
        patch.setattr(monte_carlo, "STACKED", 1)
        alone = passes(pack, 6, x)
        assert torch.equal(alone, passes(pack, 6, x))
        assert torch.equal(alone[:2], passes(pack, 2, x))  # the first of many are those of few
    assert torch.equal(together, passes(pack, 6, x))
    assert together == pytest.approx(alone, abs=1e-5)
    assert (together.std(0) > 0).any(), "the passes do not differ"


@pytest.mark.parametrize("variant", STOCHASTIC)
def test_a_stack_of_passes_is_each_of_them_by_itself(variant, fitting, monkeypatch):
    packs = list(fitting(variant))
    assert packs
    for pack in packs:
        agree(pack, some(pack), monkeypatch)


@pytest.mark.parametrize("variant", STOCHASTIC)
def test_a_pass_is_the_training_form_with_its_own_bits(variant, fitting):
    for pack in fitting(variant):
        x = some(pack, 5)
        noise = pack.noise.of_passes(Streams(0, 0).within("test").within("0"))
        with torch.no_grad():
            expected = pack.model.forward(pack.params, x, TrainingHook(noise, pack.params))
        assert passes(pack, 3, x)[0] == pytest.approx(expected[0], abs=1e-5)


@pytest.mark.parametrize("variant", ["variational", "weight_drop"])
@pytest.mark.parametrize("model", ["lstm", "gru", "rnn"])
def test_kinds_of_tokens_are_dropped_by_each_pass(model, variant, trials, monkeypatch):
    words = [f"model={model}", f"variant={variant}", "model.units=8", "model.embedding=6", "seeds=1"]
    pack = Pack(trials("data=rt_polarity", "rate=0", "embedding_rate=0.5", *words), sentences())
    assert list(pack.noise.rates) == ["words"]
    agree(pack, some(pack), monkeypatch)


def sentences():
    """120 texts of up to 12 of 30 kinds of words."""
    random = np.random.default_rng(0)
    texts = [" ".join(f"w{i}" for i in random.integers(0, 30, random.integers(2, 12))) for _ in range(120)]
    return to_labelled_dataset(
        "rt_polarity", encode_corpus(Corpus(texts, np.arange(120) % 2, ("no", "yes")), HOW, str), 1000
    )


def test_what_comes_before_the_first_noise_is_computed_once(trials):
    pack = pack_of(trials, "model.hidden=[16,16]")
    seen = []

    class Watched(monte_carlo.StackedHook):
        def product(self, name, operation, x, weight, bias):
            seen.append((name, len(x)))
            return super().product(name, operation, x, weight, bias)

    noise = pack.noise.of_passes(Streams(0, 0))
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(monte_carlo, "StackedHook", Watched)
        forward_passes(pack.model, pack.params, some(pack), noise, 7, None)
    assert seen == [("hidden0.weight", 1), ("hidden1.weight", 7), ("output.weight", 7)]


@pytest.mark.parametrize("biased", [True, False])
def test_inputs_that_no_pass_uses_are_left_out_of_a_product(biased, monkeypatch):
    random = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(1, 300, 200, generator=random), torch.randn(1, 200, generator=random)
    units = torch.randn(1, 4, 300, generator=random)
    units[:, 3] = -1  # an example without any
    x = units.relu() * (torch.rand(100, 4, 300, generator=random) < 0.5)
    gathered = []
    monkeypatch.setattr(products, "_gathered", lambda *args, f=products._gathered: gathered.append(1) or f(*args))
    with torch.inference_mode():
        found = products.DENSE_MAP(x, weight, bias if biased else None)
        assert gathered
        products.DENSE_MAP(x[:2], weight, None)
        products.DENSE_MAP(torch.ones_like(x), weight, None)
        assert len(gathered) == 1, "where it does not pay it is left alone"
    expected = x @ weight[0] + (bias if biased else 0)
    assert found == pytest.approx(expected, abs=1e-4)
    products.DENSE_MAP(x, weight, None)
    assert len(gathered) == 1, "nor where there are gradients"


def test_the_mean_of_many_linear_passes_is_the_test_time_network(trials):
    """Dropout of the input of a layer without anything after it keeps the mean exactly."""
    pack = pack_of(trials, "model.hidden=[32]", rate="0.5")
    x = some(pack, 4)
    with torch.no_grad():
        expected = pack.model.forward(pack.params, x, EvalHook(pack.noise, pack.params))[0]
    found = passes(pack, 20_000, x)
    error = found.std(0) / 20_000**0.5
    assert ((found.mean(0) - expected).abs() < 5 * error).all()


def test_a_network_of_the_users_own(own_network, trials, monkeypatch):
    pack = pack_of(trials, *own_network)
    x = some(pack)
    together = passes(pack, 6, x)
    monkeypatch.setattr(monte_carlo, "STACKED", 1)
    assert together == pytest.approx(passes(pack, 6, x), abs=1e-5)
    assert (together.std(0) > 0).any()


def test_the_memory_is_bounded(trials):
    """A mask for each weight and example: a block takes fewer examples, and no pass is stacked on another."""
    pack = pack_of(trials, "model.hidden=[512,512]", "variant=dropconnect")
    monte = MonteCarlo(pack.model, pack.params, pack.noise, 3, Streams(0, 0), some(pack)[:, :1])
    assert monte.block * 512 * 512 <= monte_carlo.BOUND
    assert [count for _, count in monte._stacks(monte.block)] == [1, 1, 1]


def test_streams_of_passes_are_apart():
    trial = Streams(3, 1)
    parts = [trial, trial.within("a"), trial.within("b"), trial.within("a").within("b")]
    drawn = {tuple(np.round(each.generator("x").random(2), 9)) for each in parts}
    assert len(drawn) == 4
    assert trial.within("a").within("b") == trial.within("a/b")
