"""Every registered variant keeps the contract, broken ones do not, and those that torch has agree with torch."""

import copy
import io
import sys

import pytest
import torch
from torch import nn

from dropout_lab.dropout import (
    SITE_KINDS,
    VARIANTS,
    Alpha,
    Inverted,
    Spatial1d,
    Spatial2d,
    Standard,
    WeightDrop,
    alpha,
    inverted,
    spatial,
    standard,
)
from dropout_lab.dropout.alpha import SATURATION
from dropout_lab.dropout.masks import keep_mask, rescale_factor, sample_normal, sample_uniform
from dropout_lab.dropout.recurrent_wrapper import RecurrentWrapper
from dropout_lab.dropout.weight_dropout import WeightDropout
from dropout_lab.rng import LEVELS, TorchRandomness

from .contract import CHECKS, random

CASES = [(kind, layout) for kind, variant in VARIANTS.items() for layout in variant.layouts]


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize(("kind", "layout"), CASES, ids=lambda v: v)
def test_contract(kind, layout, check):
    check(VARIANTS[kind](), layout)


@pytest.mark.parametrize("kind", VARIANTS)
def test_declarations_make_sense(kind):
    variant = VARIANTS[kind]
    assert set(variant.needs) <= set(variant.layouts) <= set(SITE_KINDS)
    assert set(variant.preserves) <= {"mean", "variance"}
    assert variant.zeroing in ("rate", "about", "soft", "none")
    named = sys.modules[variant.__module__].__dict__.get(variant.__module__.rpartition(".")[2], variant)
    assert "Source:" in named.__doc__


class Unscaled(Inverted):
    """Drops without rescaling, and says it keeps the mean."""

    def sample(self, x, rate, random, layout="units"):
        return standard(x, rate, random)


class Unused(Inverted):
    """Ignores its rate."""

    def sample(self, x, rate, random, layout="units"):
        return inverted(x, 0.5, random)


class Shared(Inverted):
    """One mask for the whole batch, undeclared."""

    def sample(self, x, rate, random, layout="units"):
        return spatial(x, rate, random, (-x.dim(),))


class Exploding(Inverted):
    """Divides by zero at rate 1."""

    def sample(self, x, rate, random, layout="units"):
        rate = torch.as_tensor(rate, dtype=x.dtype).view(-1, *[1] * (x.dim() - 1))
        return x * keep_mask(random.bits(x.shape), rate) / (1 - rate)


class Leaking(Inverted):
    """Lets the gradient through what it dropped."""

    def sample(self, x, rate, random, layout="units"):
        return x + (inverted(x, rate, random) - x).detach()


class Unseeded(Inverted):
    """Draws from somewhere else."""

    def sample(self, x, rate, random, layout="units"):
        return inverted(x, rate, TorchRandomness())


class OneRate(Inverted):
    """Takes the first model's rate for all."""

    def sample(self, x, rate, random, layout="units"):
        return inverted(x, torch.as_tensor(rate).flatten()[0], random)


class Always(Inverted):
    """Drops at rate 0 too."""

    def sample(self, x, rate, random, layout="units"):
        return inverted(x, torch.as_tensor(rate).clamp(min=0.01), random)


@pytest.mark.parametrize(
    ("broken", "caught"),
    [
        (Unscaled, "declared_moments_kept"),
        (Unused, "drop_fraction"),
        (Shared, "declared_axes_share_a_mask_and_others_do_not"),
        (Exploding, "nothing_at_one"),
        (Leaking, "gradient_reaches_what_was_kept"),
        (Unseeded, "same_seed_same_noise"),
        (OneRate, "every_model_has_its_own_rate_and_randomness"),
        (Always, "identity_at_zero"),
    ],
)
def test_a_broken_variant_is_caught(broken, caught):
    torch.manual_seed(0)
    failed = set()
    for check in CHECKS:
        try:
            check(broken(), "units")
        except AssertionError:
            failed.add(check.__name__)
    assert caught in failed


class Outputs(nn.Module):
    """The outputs of a recurrent module, without its state."""

    def forward(self, both):
        return both[0] if isinstance(both, tuple) else both


def module_of(variant, rate, generator=None):
    """A small network with the variant's module in it, and an input for it."""
    torch.manual_seed(1)
    if issubclass(variant, WeightDropout):
        layer = variant(rate, nn.Conv2d(3, 3, 3), generator=generator)
    elif issubclass(variant, WeightDrop | RecurrentWrapper):
        layer = nn.Sequential(nn.Flatten(2), variant(rate, nn.LSTM(36, 4), generator=generator), Outputs())
    else:
        layer = variant(rate, generator=generator)
    return nn.Sequential(nn.Conv2d(2, 3, 1), layer), torch.randn(5, 2, 6, 6)


@pytest.mark.parametrize("variant", [*VARIANTS.values(), Spatial1d, Spatial2d], ids=lambda v: v.__name__)
class TestModule:
    def test_it_is_an_ordinary_module(self, variant):
        assert repr(variant(0.25)).startswith(f"{variant.__name__}(")
        assert "rate=0.25" in repr(variant(0.25))
        net, x = module_of(variant, 0.25)
        twin = copy.deepcopy(net)
        stored = io.BytesIO()
        torch.save(net.state_dict(), stored)
        stored.seek(0)
        for p in twin.parameters():
            nn.init.zeros_(p)
        twin.load_state_dict(torch.load(stored, weights_only=True))
        assert torch.equal(net.eval()(x), twin.eval()(x))
        torch.manual_seed(0)
        first = net.train()(x)
        torch.manual_seed(0)
        assert torch.equal(twin.train()(x), first)
        assert not torch.equal(first, net(x)) or variant is VARIANTS["maxdropout"]
        first.sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())

    @pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # torch's own doing
    # Where nothing was compiled before, torch 2.13 instantiates a Function and warns of itself.
    @pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
    def test_it_compiles(self, variant):
        net, x = module_of(variant, 0.25)
        compiled = torch.compile(net, backend="aot_eager")
        for mode in (True, False):
            net.train(mode)
            torch.manual_seed(0)
            plain = net(x)
            torch.manual_seed(0)
            torch.testing.assert_close(compiled(x), plain)

    def test_its_own_generator_rules_it_and_is_not_copied(self, variant):
        runs = []
        for _ in range(2):
            net, x = module_of(variant, 0.5, torch.Generator().manual_seed(3))
            torch.manual_seed(len(runs))  # which must not matter
            runs.append(net(x))
        assert torch.equal(*runs)
        assert copy.deepcopy(variant(0.5, generator=torch.Generator())).generator is None

    @pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), torch.tensor([0.5, 2.0])])
    def test_rates_outside_are_refused(self, variant, rate):
        with pytest.raises(ValueError, match="must be in"):
            variant(rate)


class Fixed:
    """Randomness that gives these bits."""

    def __init__(self, keep):
        self._bits = torch.where(keep, 2**15 - 1, -(2**15)).to(torch.int16)

    def bits(self, shape):
        assert self._bits.shape == torch.Size(shape)
        return self._bits


def test_inverted_gives_exactly_zero_or_x_over_keep():
    x = torch.randn(1000, dtype=torch.float64)
    out = inverted(x, 0.3, random(7))
    mask = random(7).bits((1000,)).long() + 2**15 >= round(0.3 * LEVELS)
    assert torch.equal(out, torch.where(mask, x * (1 / (1 - round(0.3 * LEVELS) / LEVELS)), torch.zeros(())))


def test_standard_drops_what_inverted_drops_and_scales_at_test_time():
    x = torch.rand(5000) + 0.5
    a, b = standard(x, 0.4, random()), inverted(x, 0.4, random())
    assert torch.equal(a == 0, b == 0)
    assert torch.equal(a[a != 0], x[a != 0])
    torch.testing.assert_close(Standard(0.4).eval()(x), x * 0.6, rtol=2e-5, atol=0)


def test_standard_can_be_scaled_wrongly_at_test_time_on_purpose():
    x = torch.rand(3, 50) + 0.5
    assert torch.equal(Standard(0.4, test_scale="none").eval()(x), x)
    assert torch.equal(Standard(0.4, test_scale="rate").eval()(x), x * 0.4)
    assert torch.equal(Standard(0.0, test_scale="rate").eval()(x), x)
    rates = torch.tensor([0.0, 0.25, 1.0])  # one per model
    assert torch.equal(Standard(test_scale="rate").expected(x, rates), x * torch.tensor([1.0, 0.25, 1.0])[:, None])


@pytest.mark.parametrize("rate", [0.3, 0.9, 0.99, 0.9999, 0.99999])
def test_the_scale_is_that_of_the_bits_so_that_the_mean_is_exact(rate):
    every = torch.arange(-(2**15), 2**15).to(torch.int16)
    rates = torch.tensor(rate, dtype=torch.float64)
    assert (keep_mask(every, rates).double() * rescale_factor(rates)).mean().item() == pytest.approx(1, rel=1e-12)


def test_inverted_is_the_identity_in_eval_mode():
    x = torch.rand(50)
    assert torch.equal(Inverted(0.4).eval()(x), x)


class TestAgreementWithTorchAtTheSameMask:
    def test_dropout(self):
        x = torch.rand(5000) + 0.5
        theirs = nn.Dropout(0.5)(x)
        assert torch.equal(inverted(x, 0.5, Fixed(theirs != 0)), theirs)

    @pytest.mark.parametrize(
        ("theirs", "shape", "shared"), [(nn.Dropout1d, (9, 7, 5), (-1,)), (nn.Dropout2d, (9, 7, 4, 5), (-2, -1))]
    )
    def test_spatial(self, theirs, shape, shared):
        x = torch.rand(shape) + 0.5
        out = theirs(0.5)(x)
        keep = (out != 0).all(dim=shared, keepdim=True)
        assert torch.equal(spatial(x, 0.5, Fixed(keep), shared), out)

    @pytest.mark.parametrize(("theirs", "shared"), [(nn.AlphaDropout, ()), (nn.FeatureAlphaDropout, (-2, -1))])
    def test_alpha(self, theirs, shared):
        x = torch.rand(9, 7, 4, 5) + 0.5  # never near the value that dropped elements get
        out = theirs(0.3)(x)
        dropped = torch.isclose(out, out.min())
        keep = ~dropped.all(dim=shared, keepdim=True) if shared else ~dropped
        torch.testing.assert_close(alpha(x, 0.3, Fixed(keep), shared), out, rtol=1e-5, atol=1e-5)

    def test_the_saturation_is_selus(self):
        assert nn.functional.selu(torch.tensor(-100.0, dtype=torch.float64)).item() == pytest.approx(SATURATION)

    def test_in_distribution(self):
        for ours, theirs in [(Inverted(0.3), nn.Dropout(0.3)), (Alpha(0.3), nn.AlphaDropout(0.3))]:
            torch.manual_seed(0)
            x = torch.randn(200_000)
            a, b = ours(x), theirs(x)
            for power in (1, 2, 3):
                error = (a**power).std() * (2 / 200_000) ** 0.5
                assert ((a**power).mean() - (b**power).mean()).abs() < 5 * error


@pytest.mark.parametrize("rate", [0.0, 1 / LEVELS, 0.25, 0.5, 0.75, 1 - 1 / LEVELS])
def test_thresholds_are_exact(rate):
    every = torch.arange(-(2**15), 2**15).to(torch.int16)
    assert keep_mask(every, torch.tensor(rate)).sum().item() == LEVELS - round(rate * LEVELS)


def test_noise_of_all_bits_has_the_moments_it_should():
    every = torch.arange(-(2**15), 2**15).to(torch.int16)
    like = torch.zeros((), dtype=torch.float64)
    u, z = sample_uniform(every, like), sample_normal(every, like)
    assert u.mean().item() == pytest.approx(0.5, abs=1e-9)
    assert u.var().item() == pytest.approx(1 / 12, rel=1e-4)
    assert 0 < u.min() < u.max() < 1
    assert abs(z.mean().item()) < 1e-7
    assert z.var().item() == pytest.approx(1, abs=2e-5)
    assert (z**4).mean().item() == pytest.approx(3, abs=2e-3)
