"""Models: M at once is each alone."""

import pytest
import torch

from dropout_lab.config import MODELS, MLPConf
from dropout_lab.dropout import ATTENTION, MAPS, STEPS, UNITS, WEIGHTS
from dropout_lab.models import PlainHook, build_model
from dropout_lab.rng import Streams

CPU = torch.device("cpu")
KINDS = {
    "mlp": ["model.hidden=[12,7]"],
    "cnn": ["model.channels=[3,5]", "model.head=[9,6]"],
    "lstm": ["model.units=6", "model.layers=2"],
    "gru": ["model.units=6", "model.layers=2", "model.bidirectional=true", "model.pooling=mean"],
    "rnn": ["model.units=6", "model.pooling=max"],
    "resmlp": ["model.width=6", "model.blocks=3"],
    "rescnn": ["model.maps=4", "model.blocks=3"],
    "transformer": ["model.width=8", "model.heads=2", "model.patch=4"],
}


@pytest.fixture(params=KINDS)
def model(request, config):
    return build_model(config(f"model={request.param}", *KINDS[request.param]).model, (1, 8, 8), 10)


def test_every_schema_has_a_model():
    assert KINDS.keys() == MODELS.keys() - {"custom"}  # which is tested by itself


def test_the_stack_is_each_model_alone(model):
    params = model.init([Streams(0, s) for s in range(3)], CPU)
    x = torch.randn(3, 11, 1, 8, 8)
    together = model.forward(params, x, PlainHook())
    assert together.shape == (3, 11, 10)
    for m in range(3):
        alone = model.forward({n: p[m : m + 1] for n, p in params.items()}, x[m : m + 1], PlainHook())
        torch.testing.assert_close(alone[0], together[m], rtol=1e-5, atol=1e-6)


def test_no_model_moves_another(model):
    params = {n: p.requires_grad_() for n, p in model.init([Streams(0, s) for s in range(3)], CPU).items()}
    model.forward(params, torch.randn(3, 5, 1, 8, 8), PlainHook())[1].sum().backward()
    for p in params.values():
        assert p.grad[1].abs().sum() > 0
        assert p.grad[[0, 2]].abs().sum() == 0


def test_every_place_is_called_in_order_with_all_models(model):
    """Activations, branches, scores and weights: each place once, with the axes that its layout has."""
    axes = {UNITS: 3, MAPS: 5, STEPS: 4, ATTENTION: 5}
    called = []

    class Watching(PlainHook):
        def __call__(self, name, x):
            assert len(x) == 2
            if model.places[name].layout in axes:
                assert x.shape[1] == 5
                assert x.dim() == axes[model.places[name].layout]
            called.append(name)
            return x

        def mask(self, name, shape, like):
            assert shape[:2] == (2, 5)
            assert len(shape) == 4
            called.append(name)

        def product(self, name, operation, x, weight, bias):
            assert x.shape[:2] == (2, 5)
            called.append(name)
            return operation(x, weight, bias)

    model.forward(model.init([Streams(0, 0)] * 2, CPU), torch.randn(2, 5, 1, 8, 8), Watching())
    assert sorted(called) == sorted(model.places)
    declared = [name for name in model.places if model.places[name].layout != WEIGHTS]
    assert [name for name in called if name in declared] == declared
    assert called[0] == "input"
    assert model.places["input"].depth is None


def test_each_level_has_activations_and_what_reads_them_is_known(model):
    levels = {model.places[name].depth for name in model.sites}
    assert levels == set(range(model.depth))
    for name, place in model.places.items():
        for reader in place.read_by:
            assert reader in model.parameters
            assert model.parameters[reader].reads == name or reader == name


def test_the_map_with_own_weights_for_each_example_is_the_map(model):
    """What a variant of weights needs, on every layer of every model."""

    class Each(PlainHook):
        def product(self, name, operation, x, weight, bias):
            own = weight.unsqueeze(1).expand(-1, x.shape[1], *weight.shape[1:])
            return operation.each(x, own, bias)

    params = model.init([Streams(0, s) for s in range(2)], CPU)
    x = torch.randn(2, 5, 1, 8, 8)
    plain, each = model.forward(params, x, PlainHook()), model.forward(params, x, Each())
    torch.testing.assert_close(each, plain, rtol=1e-4, atol=1e-5)


def test_the_schema_knows_the_number_of_sites(config):
    for kind, words in KINDS.items():
        conf = config(f"model={kind}", *words).model
        assert conf.hidden_sites == build_model(conf, (1, 8, 8), 10).depth


def test_initial_values_are_torchs_distribution(model):
    params = model.init([Streams(0, s) for s in range(40)], CPU)
    for name, p in params.items():
        if model.parameters[name].constant is not None:
            assert torch.equal(p, torch.full_like(p, model.parameters[name].constant))
            continue
        bound = model.parameters[name].fan_in ** -0.5
        assert p.abs().max() <= bound
        assert p.abs().max() > 0.9 * bound
        assert not torch.equal(p[0], p[1])


def test_glorots_initial_values():
    model = build_model(MLPConf(hidden=[300, 100], initial="glorot"), (40,), 5)
    params = model.init([Streams(0, 0)], CPU)
    for name, inputs, units in (("hidden0", 40, 300), ("hidden1", 300, 100), ("output", 100, 5)):
        bound = (6 / (inputs + units)) ** 0.5
        weight = params[f"{name}.weight"]
        assert 0.97 * bound < weight.abs().max() <= bound
        assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
        assert not params[f"{name}.bias"].any()


def test_active_size_is_what_random_thinning_leaves(config):
    model = build_model(config("model.hidden=[20,15]").model, (10,), 4)
    rates = {"input": 0.2, "hidden0": 0.5, "hidden1": 0.3}
    generator = torch.Generator().manual_seed(0)
    total, draws = 0, 4000
    for _ in range(draws):
        keep = {s: torch.rand(n, generator=generator) >= rates[s] for s, n in zip(rates, (10, 20, 15), strict=True)}
        i, a, b = (int(k.sum()) for k in keep.values())
        total += i * a + a + a * b + b + b * 4 + 4
    assert total / draws == pytest.approx(model.active_size(rates), rel=0.02)
    assert model.active_size({}) == model.size == 10 * 20 + 20 + 20 * 15 + 15 + 15 * 4 + 4


@pytest.mark.parametrize(
    ("kind", "shape", "message"),
    [
        ("cnn", (13,), "requires images"),
        ("lstm", (13,), "requires series, texts, or images"),
        ("cnn", (5, 3), "requires images"),
        ("cnn", (1, 3, 8), "2 blocks and requires images of at least 4x4"),
        ("rescnn", (13,), "requires images"),
        ("rescnn", (1, 1, 8), "at least 2x2"),
        ("transformer", (1, 9, 8), "patches of 2x2 pixels, which must divide both sides"),
    ],
)
def test_data_that_a_model_cannot_take(kind, shape, message, config):
    with pytest.raises(ValueError, match=message):
        build_model(config(f"model={kind}").model, shape, 3)


def test_an_mlp_takes_tables_and_images(config):
    for shape in [(13,), (1, 8, 8), (3, 4, 5)]:
        model = build_model(config().model, shape, 2)
        out = model.forward(model.init([Streams(0, 0)], CPU), torch.randn(1, 6, *shape), PlainHook())
        assert out.shape == (1, 6, 2)
