"""The contract of every registered variant."""

import copy

import pytest
import torch
from torch import nn

from dropout_lab.dropout import VARIANTS, Inverted, Standard, inverted, standard
from dropout_lab.dropout.masks import kept
from dropout_lab.streams import LEVELS, TorchRandomness


class Fixed:
    """Randomness that gives these bits."""

    def __init__(self, bits):
        self._bits = bits

    def bits(self, shape):
        return self._bits.expand(shape)


def seeded(seed=0):
    return TorchRandomness(generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
class TestContract:
    def test_rate_zero_is_the_identity_in_training(self, variant):
        x = torch.randn(4, 50)
        assert torch.equal(variant.sample(x, 0.0, seeded()), x)
        assert torch.equal(variant(0.0).train()(x), x)

    def test_rate_one_is_zero_with_finite_gradients(self, variant):
        x = torch.randn(4, 50, requires_grad=True)
        out = variant.sample(x, 1.0, seeded())
        out.sum().backward()
        assert torch.equal(out, torch.zeros_like(out))
        assert torch.equal(x.grad, torch.zeros_like(x))

    def test_rate_near_one_is_finite(self, variant):
        x = torch.ones(4, 50, requires_grad=True)
        out = variant.sample(x, 1 - 1e-7, seeded())
        out.sum().backward()
        assert out.isfinite().all()
        assert x.grad.isfinite().all()

    def test_the_mean_is_that_of_the_test_time_form(self, variant):
        x = torch.full((400_000,), 2.0)
        found = variant.sample(x, 0.3, seeded()).mean().item()
        expected = variant.expected(x, 0.3).mean().item()
        # Standard error of the mean is 2 * sqrt(0.3 / 0.7 / 4e5) = 0.0021 at most; five of them, so one seed in 10^6.
        assert found == pytest.approx(expected, abs=0.0105)

    def test_drop_fraction_and_per_model_rates(self, variant):
        rates = torch.tensor([0.0, 0.2, 0.5, 0.9])
        out = variant.sample(torch.ones(4, 100_000), rates, seeded())
        fraction = (out == 0).float().mean(1)
        assert fraction[0] == 0
        # 5 standard errors of a binomial with n = 1e5 are at most 0.008.
        assert torch.allclose(fraction, rates, atol=0.008)
        for model, rate in enumerate(rates.tolist()):
            alone = variant.sample(torch.ones(4, 100_000), rate, seeded())
            assert torch.equal(out[model], alone[model])

    def test_every_element_has_its_own_mask(self, variant):
        dropped = variant.sample(torch.ones(64, 64, 64), 0.5, seeded()) == 0
        for axis in range(3):
            assert not (dropped.all(axis) | (~dropped).all(axis)).any()

    def test_same_seed_same_mask(self, variant):
        x = torch.randn(10, 10)
        assert torch.equal(variant.sample(x, 0.5, seeded(1)), variant.sample(x, 0.5, seeded(1)))
        assert not torch.equal(variant.sample(x, 0.5, seeded(1)), variant.sample(x, 0.5, seeded(2)))

    def test_gradient_reaches_exactly_what_was_kept(self, variant):
        x = torch.rand(20, 20) + 0.5
        x.requires_grad_()
        out = variant.sample(x, 0.5, seeded())
        out.sum().backward()
        assert torch.equal(x.grad != 0, out != 0)
        assert torch.allclose(x.grad * x, out)

    def test_finite_in_bfloat16(self, variant):
        out = variant.sample(torch.ones(100, dtype=torch.bfloat16), 0.3, seeded())
        assert out.dtype == torch.bfloat16
        assert out.isfinite().all()

    def test_module(self, variant):
        layer = variant(0.25)
        net = nn.Sequential(nn.Linear(3, 3), layer)
        assert repr(layer) == f"{variant.__name__}(rate=0.25)"
        assert copy.deepcopy(net).state_dict().keys() == net.state_dict().keys() == {"0.weight", "0.bias"}
        x = torch.randn(5, 3)
        assert torch.equal(layer.eval()(x), variant.expected(x, 0.25))
        torch.manual_seed(0)
        first = layer.train()(x)
        torch.manual_seed(0)
        assert torch.equal(layer(x), first)

    @pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), torch.tensor([0.5, 2.0])])
    def test_module_refuses_rates_outside(self, variant, rate):
        with pytest.raises(ValueError, match="must be in"):
            variant(rate)


def test_inverted_gives_exactly_zero_or_x_over_keep():
    x = torch.randn(1000, dtype=torch.float64)
    bits = torch.randint(-(2**15), 2**15, (1000,), dtype=torch.int16)
    out = inverted(x, 0.3, Fixed(bits))
    mask = bits.long() + 2**15 >= round(0.3 * LEVELS)
    assert torch.equal(out, torch.where(mask, x * (1 / 0.7), torch.zeros(())))


def test_inverted_is_nn_dropout_at_the_same_mask():
    x = torch.rand(5000) + 0.5
    torch.manual_seed(0)
    theirs = nn.functional.dropout(x, 0.5)
    bits = torch.where(theirs != 0, torch.tensor(2**15 - 1), torch.tensor(-(2**15))).to(torch.int16)
    assert torch.equal(inverted(x, 0.5, Fixed(bits)), theirs)


def test_standard_drops_what_inverted_drops_and_scales_at_test_time():
    x = torch.rand(5000) + 0.5
    a, b = standard(x, 0.4, seeded()), inverted(x, 0.4, seeded())
    assert torch.equal(a == 0, b == 0)
    assert torch.equal(a[a != 0], x[a != 0])
    assert torch.allclose(Standard(0.4).eval()(x), x * 0.6)
    assert torch.equal(Inverted(0.4).eval()(x), x)


@pytest.mark.parametrize("rate", [0.0, 1 / LEVELS, 0.25, 0.5, 0.75, 1 - 1 / LEVELS])
def test_thresholds_are_exact(rate):
    every = torch.arange(-(2**15), 2**15).to(torch.int16)
    assert kept(every, torch.tensor(rate)).sum().item() == LEVELS - round(rate * LEVELS)
