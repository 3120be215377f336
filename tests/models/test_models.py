"""Models: M at once is each alone."""

import pytest
import torch

from dropout_lab.config import MODELS
from dropout_lab.models import build
from dropout_lab.streams import Streams

CPU = torch.device("cpu")
KINDS = {
    "mlp": ["model.hidden=[12,7]"],
    "cnn": ["model.channels=[3,5]", "model.head=[9,6]"],
    "lstm": ["model.units=6", "model.layers=2"],
}


@pytest.fixture(params=KINDS)
def model(request, config):
    return build(config(f"model={request.param}", *KINDS[request.param]).model, (1, 8, 8), 10)


def identity(site, x):
    return x


def test_every_schema_has_a_model():
    assert KINDS.keys() == MODELS.keys()


def test_the_stack_is_each_model_alone(model):
    params = model.init([Streams(0, s) for s in range(3)], CPU)
    x = torch.randn(3, 11, 1, 8, 8)
    together = model.forward(params, x, identity)
    assert together.shape == (3, 11, 10)
    for m in range(3):
        alone = model.forward({n: p[m : m + 1] for n, p in params.items()}, x[m : m + 1], identity)
        torch.testing.assert_close(alone[0], together[m], rtol=1e-5, atol=1e-6)


def test_no_model_moves_another(model):
    params = {n: p.requires_grad_() for n, p in model.init([Streams(0, s) for s in range(3)], CPU).items()}
    model.forward(params, torch.randn(3, 5, 1, 8, 8), identity)[1].sum().backward()
    for p in params.values():
        assert p.grad[1].abs().sum() > 0
        assert p.grad[[0, 2]].abs().sum() == 0


def test_every_declared_site_is_called_in_order_with_all_models(model):
    called = []

    def site(name, x):
        called.append((name, x.shape[:2]))
        return x

    model.forward(model.init([Streams(0, 0)] * 2, CPU), torch.randn(2, 5, 1, 8, 8), site)
    assert called == [(name, (2, 5)) for name in ("input", *model.sites)]


def test_the_schema_knows_the_number_of_sites(config):
    for kind, words in KINDS.items():
        conf = config(f"model={kind}", *words).model
        assert conf.hidden_sites == len(build(conf, (1, 8, 8), 10).sites)


def test_initial_values_are_torchs_distribution(model):
    params = model.init([Streams(0, s) for s in range(40)], CPU)
    for name, p in params.items():
        bound = model.parameters[name].fan_in ** -0.5
        assert p.abs().max() <= bound
        assert p.abs().max() > 0.9 * bound
        assert not torch.equal(p[0], p[1])


def test_active_size_is_what_random_thinning_leaves(config):
    model = build(config("model.hidden=[20,15]").model, (10,), 4)
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
        ("cnn", (13,), "needs images"),
        ("lstm", (13,), "needs images"),
        ("cnn", (1, 3, 8), "2 blocks and needs images of at least 4x4"),
    ],
)
def test_data_that_a_model_cannot_take(kind, shape, message, config):
    with pytest.raises(ValueError, match=message):
        build(config(f"model={kind}").model, shape, 3)


def test_an_mlp_takes_tables_and_images(config):
    for shape in [(13,), (1, 8, 8), (3, 4, 5)]:
        model = build(config().model, shape, 2)
        out = model.forward(model.init([Streams(0, 0)], CPU), torch.randn(1, 6, *shape), identity)
        assert out.shape == (1, 6, 2)
