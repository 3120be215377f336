"""Every private name of torch has a fallback, which is used without the name and gives the same results."""

import importlib.util
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from dropout_lab.dropout import masks
from dropout_lab.dropout.kernels import linear, torch_private
from dropout_lab.dropout.kernels.rnn_cells import CellMasks
from dropout_lab.dropout.kernels.rnn_sequence import run_sequence
from dropout_lab.models import sites

DTYPES = [torch.float32, torch.bfloat16, torch.float64]
SHAPES = [(1, 1), (3, 7), (2, 5, 16)]
PRIVATE = ("_linear_pointwise", "_relu_backward", "_sigmoid_backward", "_tanh_backward")


def drawn(*shape, dtype=torch.float32, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


@pytest.fixture
def fallback(monkeypatch):
    """The module as it is imported under a torch without the private names."""
    monkeypatch.setattr(torch, "ops", SimpleNamespace(aten=SimpleNamespace()))
    monkeypatch.delattr(nn.modules.dropout, "_DropoutNd")
    monkeypatch.delattr(nn.modules.batchnorm, "_BatchNorm")
    spec = importlib.util.spec_from_file_location("torch_without_private_names", torch_private.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.undo()
    assert all(getattr(module, name) is None for name in PRIVATE)
    return module


def test_this_torch_has_the_private_names():
    assert all(getattr(torch_private, name) is not None for name in PRIVATE[1:])
    assert torch_private.has_onednn() == torch.backends.mkldnn.is_available()
    assert torch_private.tensor_version(torch.zeros(1)) == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 7, 40), (64, 200, 3)])
def test_linear(fallback, shape, biased, dtype):
    batch, width_in, width_out = shape
    x, weight = drawn(batch, width_in, dtype=dtype), drawn(width_out, width_in, dtype=dtype, seed=1)
    bias = drawn(width_out, dtype=dtype, seed=2) if biased else None
    assert not fallback.has_onednn()
    private = torch_private.linear_onednn(x, weight, bias)
    torch.testing.assert_close(fallback.linear_onednn(x, weight, bias), private, atol=1e-4, rtol=2e-2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_derivative_of_the_relu(fallback, shape, dtype):
    x, grad = drawn(*shape, dtype=dtype), drawn(*shape, dtype=dtype, seed=1)
    x.view(-1)[0], grad.view(-1)[0] = 0, torch.inf
    private = torch_private.relu_backward_(grad.clone(), x)
    public = fallback.relu_backward_(grad, x)
    assert public is grad  # in place
    assert torch.equal(public, private)


@pytest.mark.parametrize("given", [True, False], ids=["out", "new"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["sigmoid_backward", "tanh_backward"])
def test_derivatives_of_the_gates(fallback, name, shape, dtype, given):
    y, grad = drawn(*shape, dtype=dtype, seed=1).sigmoid(), drawn(*shape, dtype=dtype)
    found = []
    for module in (torch_private, fallback):
        out = torch.empty(*shape, 2, dtype=dtype)[..., 0] if given else None  # the caller passes strided views
        found.append(getattr(module, name)(grad, y, out))
        assert out is None or found[-1] is out
    torch.testing.assert_close(*found)


def test_networks_train_alike_without_the_private_names(fallback, monkeypatch):
    weights = [drawn(2, 20, 4, seed=1), drawn(2, 20, 5, seed=2), drawn(2, 20, seed=3), drawn(2, 20, seed=4)]
    x, start = drawn(2, 6, 3, 4).requires_grad_(), [drawn(2, 3, 5, seed=5), drawn(2, 3, 5, seed=6)]
    wide = [drawn(2, 5, 70), drawn(2, 70, 60, seed=1).requires_grad_(), drawn(2, 60, seed=2)]
    monkeypatch.setattr(linear, "LARGE", 0)

    def gradients():
        out, _ = run_sequence("lstm", x, weights, start, CellMasks())
        factor = masks.relu_dropout(drawn(2, 5, 70), torch.ones(2, 5, 70))
        product = linear.dense(*wide)
        return [factor, product, *torch.autograd.grad(out.square().sum() + product.square().sum(), [x, wide[1]])]

    private = gradients()
    for name in PRIVATE:
        monkeypatch.setattr(torch_private, name, None)
    for public, expected in zip(gradients(), private, strict=True):
        torch.testing.assert_close(public, expected, rtol=1e-4, atol=1e-4)


def test_without_a_version_counter_masks_follow_a_changed_rate(monkeypatch):
    assert torch_private.tensor_version(SimpleNamespace()) is None
    bits = torch.randint(-(2**15), 2**15, (2, 40, 50), generator=torch.Generator().manual_seed(0)).to(torch.int16)

    def drop():
        rate = torch.tensor([0.25, 0.5])
        first = masks.mask_factor(bits, rate, torch.empty(2, 40, 50), True)
        rate += 0.25
        return first, masks.mask_factor(bits, rate, torch.empty(2, 40, 50), True)

    private = drop()
    monkeypatch.setattr(masks, "tensor_version", lambda x: None)
    for public, expected in zip(drop(), private, strict=True):
        assert torch.equal(public, expected)
    assert not torch.equal(*private)


def test_base_classes(fallback, monkeypatch):
    modules = [nn.Dropout(), nn.Dropout2d(), nn.AlphaDropout(), nn.Linear(2, 2), nn.BatchNorm1d(2), nn.LayerNorm(2)]
    modules += [type("Own", (nn.Dropout,), {})(), type("OwnNorm", (nn.BatchNorm2d,), {})(3), nn.InstanceNorm1d(2)]
    for name in ("DROPOUT_BASE", "BATCH_NORM_BASE"):
        of = [[isinstance(module, getattr(which, name)) for module in modules] for which in (torch_private, fallback)]
        assert of[0] == of[1]
        assert 0 < sum(of[0]) < len(modules)
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.Sequential(nn.Dropout2d()))
    monkeypatch.setattr(sites, "DROPOUT_BASE", fallback.DROPOUT_BASE)
    assert sites.replace_dropouts(network, lambda name, x, training: x) == ["1", "2.0"]
    assert isinstance(network[2][0], sites.DropoutCall)


@pytest.mark.parametrize("register", ["register_forward_hook", "register_forward_pre_hook"])
def test_hooks(monkeypatch, register):
    module = nn.Dropout()
    assert not torch_private.has_hooks(module)
    getattr(module, register)(lambda *_: None)
    assert torch_private.has_hooks(module)
    monkeypatch.setattr(torch_private, "_HOOKS", ("_name_that_torch_no_longer_has",))
    assert not torch_private.has_hooks(module)
