"""The linear maps of a network: what they compute, their gradients, and how these lie in memory."""

import pytest
import torch
from torch import Tensor, nn

from dropout_lab.dropout import DropConnect, Fast
from dropout_lab.dropout.kernels import linear as dense
from dropout_lab.dropout.kernels.linear_maps import CONV, DENSE_MAP
from dropout_lab.models.cnn import FlattenMaps, max_pool


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize(("width", "large"), [(1, False), (10, False), (dense.NARROW, False), (40, True)])
@pytest.mark.parametrize("shape", [(3, 5, 7), (1, 5, 7), (2, 3, 4, 7)])
def test_a_dense_layer_is_the_product_whatever_computes_it(shape, width, large, monkeypatch):
    monkeypatch.setattr(dense, "LARGE", 0 if large else 10**9)
    given = [drawn(*shape), drawn(shape[0], 7, width), drawn(shape[0], width)]
    given = [value.requires_grad_() for value in given]
    lead = (shape[0], *[1] * (len(shape) - 2), width)
    wanted = torch.einsum("m...i,mio->m...o", given[0], given[1]) + given[2].view(lead)
    found = DENSE_MAP(*given)
    if large and dense.has_onednn():
        assert "WideDense" in str((found.grad_fn if len(shape) == 3 else found.grad_fn.next_functions[0][0]).name())
    slope = drawn(*wanted.shape)
    assert torch.allclose(found, wanted, atol=1e-5)
    grads = torch.autograd.grad(found, given, slope)
    for mine, theirs in zip(grads, torch.autograd.grad(wanted, given, slope), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-5)


def test_a_large_layer_is_the_same_bits_alone_and_in_a_pack(monkeypatch):
    monkeypatch.setattr(dense, "LARGE", 0)
    x, weight, bias = drawn(3, 50, 70), drawn(3, 70, 60), drawn(3, 60)
    whole = DENSE_MAP(x, weight, bias)
    for m in range(3):
        assert torch.equal(DENSE_MAP(x[m : m + 1], weight[m : m + 1], bias[m : m + 1])[0], whole[m])


@pytest.mark.parametrize("width", [3, 40])
def test_inputs_that_nobody_learns_have_no_gradient(width, monkeypatch):
    monkeypatch.setattr(dense, "LARGE", 0)
    weight, bias = drawn(2, 7, width).requires_grad_(), drawn(2, width).requires_grad_()
    out = DENSE_MAP(drawn(2, 5, 7), weight, bias)
    assert out.grad_fn.next_functions[0][0] is None
    below, *grads = out.grad_fn.apply(torch.ones_like(out))
    assert below is None
    assert [grad.shape for grad in grads] == [weight.shape, bias.shape]


@pytest.mark.parametrize("width", [3, 40])
def test_half_precision_takes_torchs_own_operation(width, monkeypatch):
    monkeypatch.setattr(dense, "LARGE", 0)
    weight = drawn(2, 7, width).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        out = DENSE_MAP(drawn(2, 5, 7), weight, drawn(2, width))
    assert out.dtype == torch.bfloat16
    assert "Baddbmm" in out.grad_fn.name()


@pytest.mark.parametrize("width", [10, 1024])
def test_modules_allow_what_torchs_own_layers_allow(width):
    layer = nn.Linear(1024, width)
    for module in (Fast(0.5, layer).eval(), DropConnect(0.5, layer, mask="batch")):
        x = torch.randn(64, 1024, requires_grad=True)
        out = module(x)
        out += 1
        (slope,) = torch.autograd.grad(out.square().sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(slope.square().sum(), layer.weight)
        assert second.abs().max() > 0
    plainly, found = (
        torch.autograd.grad(torch.autograd.grad(f(x).square().sum(), x, create_graph=True)[0].sum(), layer.weight)[0]
        for f in (layer, Fast(0.5, layer).eval())
    )
    torch.testing.assert_close(found, plainly, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
def test_maps_and_their_gradients_stay_channels_last(channels):
    slopes = []
    x = torch.rand(1, 4, channels, 8, 8)
    weight = torch.rand(1, 5, channels, 3, 3, requires_grad=True)
    maps = CONV(x, weight, torch.rand(1, 5, requires_grad=True))
    out = max_pool(maps)
    for h in (maps, out):
        assert h.squeeze(0).is_contiguous(memory_format=torch.channels_last)
        h.register_hook(slopes.append)
    flat = FlattenMaps.apply(out)
    assert torch.equal(flat, out.flatten(2))
    flat.square().sum().backward()
    assert torch.equal(slopes[0], 2 * out.detach())
    assert all(slope.squeeze(0).is_contiguous(memory_format=torch.channels_last) for slope in slopes)
    assert weight.grad is not None
