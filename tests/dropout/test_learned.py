"""Learned rates: gradients, divergences against numerical integration, and what the modules do with them."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import nn

from dropout_lab.dropout import UNITS, Concrete, SparseVariational, Standout, VariationalGaussian, concrete
from dropout_lab.dropout.kernels.linear_maps import DENSE_MAP, DenseMap
from dropout_lab.dropout.sparse_variational import REMOVED_ABOVE
from dropout_lab.dropout.variational_gaussian import divergence

from .contract import random


def true_divergence(log_alpha):
    """KL from N(1, alpha) to the prior 1/|w|, up to the constant that makes it 0 at infinite alpha:
    E log|1 + sqrt(alpha) e| - log(alpha) / 2, with e normal."""
    root = math.exp(log_alpha / 2)

    def integrand(e):
        return math.log(abs(1 + root * e)) * stats.norm.pdf(e)

    pole = -1 / root
    edges = sorted({-12.0, min(max(pole, -12), 12), 12.0})
    expected = sum(integrate.quad(integrand, a, b, limit=200)[0] for a, b in pairwise(edges))
    at_infinity = -(np.euler_gamma + math.log(2)) / 2  # E log|e|
    return expected - log_alpha / 2 - at_infinity


@pytest.mark.parametrize("log_alpha", [-6.0, -3.0, -1.0, 0.0, 1.0, 3.0])
def test_the_divergence_is_the_integral(log_alpha):
    found = divergence(torch.tensor(log_alpha, dtype=torch.float64)).item()
    assert found == pytest.approx(true_divergence(log_alpha), abs=0.01)


class TestConcrete:
    def test_the_rate_has_a_gradient_in_the_right_direction(self):
        """Of E[(mask x)^2] = x^2 / (1 - p) in the limit of temperature 0: slope 1 / (1 - p)^2."""
        rate = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        x = torch.ones(400_000, dtype=torch.float64)
        concrete(x, rate, random(), temperature=0.02).square().mean().backward()
        assert rate.grad.item() == pytest.approx(1 / 0.7**2, rel=0.05)

    def test_the_mask_is_nearly_binary(self):
        out = concrete(torch.ones(10_000), 0.4, random(), temperature=0.05) * 0.6
        assert ((out < 0.05) | (out > 0.95)).float().mean() > 0.85
        assert (out < 0.5).float().mean().item() == pytest.approx(0.4, abs=0.03)

    def test_whole_maps_fall_together(self):
        out = Concrete(0.5).sample(torch.ones(8, 3, 4, 4), 0.5, random(), "maps")
        assert torch.equal(out, out[:, :, :1, :1].expand_as(out))

    def test_the_divergence_is_the_papers(self):
        layer = Concrete(0.2, length_scale=0.5)
        weights = torch.full((1, 3, 4), 2.0)
        found = layer.divergence(layer.logit.view(1), [weights], units=3).item()
        entropy = -(0.2 * math.log(0.2) + 0.8 * math.log(0.8))
        assert found == pytest.approx(0.25 / 2 * 48 / 0.8 - 3 * entropy, rel=1e-5)

    def test_training_the_module_moves_its_rate(self):
        layer = Concrete(0.5)
        optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
        for _ in range(20):
            optimizer.zero_grad()
            (layer(torch.ones(64, 16)) - 1).square().mean().backward()  # noise does nothing but harm here
            optimizer.step()
        assert torch.sigmoid(layer.logit).item() < 0.3


class TestVariationalGaussian:
    @pytest.mark.parametrize(("per", "shape"), [("layer", (1, 1, 1)), ("unit", (1, 1, 4)), ("weight", (1, 3, 4))])
    def test_what_has_a_strength_of_its_own(self, per, shape):
        layer = VariationalGaussian(0.2, nn.Linear(3, 4), granularity=per)
        assert layer.own.shape == shape
        torch.testing.assert_close(layer.rate_of(layer.own, None), torch.full(shape, 0.2))
        # However many numbers stand for them, there are twelve weights with this noise.
        assert layer.penalty().item() == pytest.approx(12 * divergence(torch.logit(torch.tensor(0.2))).item())

    def test_the_noise_of_a_unit_is_its_own_in_a_convolution(self):
        assert VariationalGaussian(0.2, nn.Conv2d(2, 5, 3), granularity="unit").own.shape == (1, 5, 1, 1, 1)

    def test_alpha_stays_below_one(self):
        layer = VariationalGaussian(0.5, nn.Linear(3, 4))
        with torch.no_grad():
            layer.own.fill_(5.0)
        assert layer.rate_of(layer.own, None).max().item() == pytest.approx(0.5)

    def test_mean_and_variance_of_the_pre_activation(self):
        layer = nn.Linear(6, 2)
        noisy = VariationalGaussian(0.3, layer, granularity="weight")
        with torch.no_grad():
            noisy.own.copy_(torch.linspace(-3, -0.1, 12).view(1, 6, 2))
        x = torch.rand(1, 6)
        out = noisy(x.expand(200_000, 6))
        variance = x.square() @ (noisy.own[0].exp() * layer.weight.T.square())
        torch.testing.assert_close(out.mean(0), layer(x)[0], rtol=0, atol=0.01)
        torch.testing.assert_close(out.var(0), variance[0], rtol=0.02, atol=0)

    def test_an_unknown_choice_is_refused(self):
        with pytest.raises(ValueError, match="granularity=net"):
            VariationalGaussian(0.2, nn.Linear(2, 2), granularity="net")


class TestSparseVariational:
    def test_it_starts_with_the_noise_of_dropout(self):
        layer = SparseVariational(0.2, nn.Linear(50, 40))
        alpha = layer.own.exp() / layer.layer.weight.T.square().mean()
        torch.testing.assert_close(alpha, torch.full_like(alpha, 0.25))

    def test_what_is_mostly_noise_is_gone_at_test_time(self):
        linear = nn.Linear(4, 3)
        layer = SparseVariational(0.2, linear)
        with torch.no_grad():
            layer.own.copy_((linear.weight.T.square().log() - 2).unsqueeze(0))
            layer.own[0, 1] += 6  # alpha = exp(4), above the paper's exp(3)
        rate = layer.rate_of(layer.own, linear.weight.T.unsqueeze(0))
        assert (rate > REMOVED_ABOVE).sum() == layer.removed(rate).item() == 3
        x = torch.randn(5, 4)
        expected = x.clone()
        expected[:, 1] = 0
        torch.testing.assert_close(layer.eval()(x), linear(expected))

    def test_its_divergence_is_that_of_each_weight(self):
        layer = SparseVariational(0.2, nn.Linear(4, 3))
        log_alpha = layer.own[0] - layer.layer.weight.T.square().log()
        assert layer.penalty().item() == pytest.approx(divergence(log_alpha).sum().item(), rel=1e-5)

    def test_a_weight_of_zero_is_finite(self):
        linear = nn.Linear(4, 3)
        nn.init.zeros_(linear.weight)
        layer = SparseVariational(0.2, nn.Linear(4, 3))
        layer.layer = linear
        (layer(torch.randn(5, 4)).sum() + layer.penalty()).backward()
        assert linear.weight.grad.isfinite().all()
        assert layer.own.grad.isfinite().all()


class TestStandout:
    def test_active_units_are_kept_more_often(self):
        x = torch.tensor([0.0, 1.0, 3.0]).expand(20_000, 3) + 1e-9
        kept = (Standout(0.6, slope=2.0).sample(x, 0.6, random(), UNITS) != 0).float().mean(0)
        expected = torch.sigmoid(torch.tensor([0.0, 2.0, 6.0]) + math.log(0.4 / 0.6))
        torch.testing.assert_close(kept, expected, rtol=0, atol=0.02)

    def test_with_slope_zero_it_is_dropout_at_that_rate(self):
        out = Standout(0.3, slope=0.0).sample(torch.randn(50_000), 0.3, random(), UNITS)
        assert (out == 0).float().mean().item() == pytest.approx(0.3, abs=0.011)
        assert (Standout(0.3, slope=0.0).eval()(torch.ones(3)) - 0.7).abs().max() < 1e-6


def test_a_product_without_noise_is_the_layer():
    x, weight, bias = torch.randn(2, 5, 3), torch.randn(2, 3, 4), torch.randn(2, 4)
    off = torch.full((2, 1, 1), -torch.inf)
    out = VariationalGaussian().product(DENSE_MAP, x, weight, bias, torch.zeros(2), random(), off)
    assert torch.equal(out, DENSE_MAP(x, weight, bias))


class TestAtTheEdge:
    """What is learned must find back from wherever it may come to."""

    def test_a_module_at_its_largest_rate_comes_down_again(self):
        layer = VariationalGaussian(0.5, nn.Linear(4, 3))
        with torch.no_grad():
            layer.own.fill_(0.2)  # where a step with momentum may carry it
        optimizer = torch.optim.SGD([layer.own], lr=0.5)
        variance = layer.variance(torch.ones(1, 4, 3), 0.5, layer.learned()).mean()
        (gradient,) = torch.autograd.grad(-variance, layer.own)
        assert not gradient.any()  # further out there is nothing to be had
        for _ in range(3):
            optimizer.zero_grad()
            layer.variance(torch.ones(1, 4, 3), 0.5, layer.learned()).mean().backward()
            optimizer.step()
        assert layer.rate_of(layer.own, None).item() < 0.45

    @pytest.mark.parametrize("made", [VariationalGaussian, SparseVariational])
    def test_a_layer_of_any_kind(self, made):
        for dtype in (torch.bfloat16, torch.float64):
            layer = made(0.3, nn.Linear(4, 3).to(dtype))
            assert layer.own.dtype == dtype
            (layer(torch.randn(5, 4, dtype=dtype)).sum() + layer.penalty()).backward()
            assert layer.own.grad.isfinite().all()
        assert made(0.3, nn.Linear(4, 3, device="meta")).own.device.type == "meta"

    def test_a_layer_that_starts_at_zero(self):
        linear = nn.Linear(4, 3)
        nn.init.zeros_(linear.weight)
        layer = SparseVariational(0.3, linear)
        assert layer.own.isfinite().all()
        layer(torch.randn(5, 4)).square().sum().backward()
        assert (layer.own.grad != 0).any()

    @pytest.mark.parametrize("made", [VariationalGaussian, SparseVariational])
    def test_a_dead_input_in_half_precision(self, made):
        layer = made(0.3, nn.Linear(4, 3))
        x = torch.randn(5, 4)
        x[0] = 0
        with torch.autocast("cpu", torch.float16):
            layer(x).float().sum().backward()
        assert all(p.grad.isfinite().all() for p in layer.parameters())

    def test_a_rate_near_one_in_half_precision(self):
        layer = Concrete(0.9995)
        layer(torch.ones(64, 8, dtype=torch.bfloat16)).float().sum().backward()
        assert layer.logit.grad.isfinite()

    def test_rate_zero_is_the_layer_and_learns_nothing(self):
        x = torch.randn(50, 4)
        linear = nn.Linear(4, 3)
        for made in (VariationalGaussian(0.0, linear), SparseVariational(0.0, linear)):
            assert torch.equal(made(x), DenseMap()(x[None], linear.weight.T[None], linear.bias[None])[0])
            assert made.penalty() == 0
        assert torch.equal(Concrete(0.0)(x), x)

    def test_concretes_penalty_with_the_layer_that_reads_it(self):
        layer, linear = Concrete(0.2), nn.Linear(7, 3)
        expected = layer.divergence(layer.logit.view(1), [linear.weight.T[None]], 7)
        assert layer.penalty(linear).item() == pytest.approx(expected.item())
