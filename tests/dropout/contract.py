"""The contract of a variant: checks that run over the registry, and over broken variants to show that they can fail.

Each takes a variant's instance and one layout that it acts at. Statistical checks use fixed seeds, so each holds or
fails once and for all; a right variant fails a new seed about once in a million.
"""

import math

import torch

from dropout_lab.dropout import MAPS, STEPS, UNITS
from dropout_lab.streams import PackRandomness, Streams, TorchRandomness

CPU = torch.device("cpu")
SHAPES = {UNITS: (40, 12), MAPS: (40, 6, 8, 8), STEPS: (40, 9, 12)}
LARGE = {UNITS: (4000, 100), MAPS: (1000, 40, 8, 8), STEPS: (2000, 9, 40)}
SIGMAS = 5


def random(seed=0):
    return TorchRandomness(generator=torch.Generator().manual_seed(seed))


def positive(shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) + 0.5


def identity_at_zero(variant, layout):
    x = torch.randn(SHAPES[layout])
    assert torch.equal(variant.sample(x, 0.0, random(), layout), x)


def nothing_at_one(variant, layout):
    x = positive(SHAPES[layout]).requires_grad_()
    out = variant.sample(x, 1.0, random(), layout)
    out.sum().backward()
    assert torch.equal(out, torch.zeros_like(out))
    assert torch.equal(x.grad, torch.zeros_like(x))


def finite_near_one(variant, layout):
    x = positive(SHAPES[layout]).requires_grad_()
    out = variant.sample(x, 1 - 1e-7, random(), layout)
    out.sum().backward()
    assert out.isfinite().all()
    assert x.grad.isfinite().all()


def declared_moments_kept(variant, layout):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(LARGE[layout], generator=generator)
    if "variance" not in variant.keeps:
        x = x.abs() + 1
    found, aim = variant.sample(x, 0.3, random(2), layout), variant.expected(x, 0.3)
    # Elements that share a mask are one draw: average over them first, then take the error of that mean.
    axes = [a % x.dim() for a in variant.shared.get(layout, ())]
    if layout == MAPS and variant.fraction == "about":
        axes = [2, 3]  # a square reaches over its whole map at most
    for name, power in (("mean", 1), ("variance", 2)):
        if name in variant.keeps:
            difference = (found**power - aim**power).double()
            draws = difference.mean(axes) if axes else difference
            error = draws.std().item() / math.sqrt(draws.numel())
            assert abs(difference.mean().item()) < SIGMAS * error + 1e-6, name


def drop_fraction(variant, layout):
    for rate in (0.1, 0.3, 0.6):
        x = torch.rand(LARGE[layout], generator=torch.Generator().manual_seed(3)) + 1e-6
        found = (variant.sample(x, rate, random(4), layout) == 0).double()
        if variant.fraction == "none":
            assert found.mean() == 0
        elif variant.fraction == "about":
            assert 0.3 * rate < found.mean().item() < rate + 0.01
        else:
            axes = [a % x.dim() for a in variant.shared.get(layout, ())]
            draws = (found.mean(axes) if axes else found).numel() / getattr(variant, "block_size", 1)
            assert abs(found.mean().item() - rate) < SIGMAS * math.sqrt(rate * (1 - rate) / draws)


def noise_of(variant, layout, rate=0.5, seed=5):
    """What the variant did to each element, as a factor (or shift) that does not depend on the element."""
    x = torch.ones(SHAPES[layout])
    return variant.sample(x, rate, random(seed), layout)


def declared_axes_share_a_mask_and_others_do_not(variant, layout):
    if variant.fraction == "about":
        return  # squares and thresholds have neighbourhoods instead of axes
    made = noise_of(variant, layout)
    shared = [a % made.dim() for a in variant.shared.get(layout, ())]
    for axis in range(made.dim()):
        same = (made == made.select(axis, 0).unsqueeze(axis)).all()
        assert bool(same) == (axis in shared), f"axis {axis}"


def every_model_has_its_own_rate_and_randomness(variant, layout):
    rates = torch.tensor([0.0, 0.2, 0.5, 0.9])
    streams = [Streams(0, s) for s in (3, 1, 1, 7)]
    x = positive((4, *SHAPES[layout]))
    together = variant.sample(x, rates, PackRandomness(streams, "s", CPU), layout)
    for m, rate in enumerate(rates):
        alone = variant.sample(x[m : m + 1], rate.view(1), PackRandomness([streams[m]], "s", CPU), layout)
        assert torch.equal(together[m], alone[0])
    assert torch.equal(together[0], x[0])


def same_seed_same_noise(variant, layout):
    a, b, c = (noise_of(variant, layout, seed=s) for s in (1, 1, 2))
    assert torch.equal(a, b)
    if variant.kind != "maxdropout":  # which draws nothing
        assert not torch.equal(a, c)


def gradient_reaches_what_was_kept(variant, layout):
    x = positive(SHAPES[layout]).requires_grad_()
    out = variant.sample(x, 0.5, random(), layout)
    out.sum().backward()
    assert x.grad.isfinite().all()
    if variant.fraction != "none":
        assert torch.equal(x.grad != 0, out != 0)
        torch.testing.assert_close(x.grad * x, out)
    else:
        assert (x.grad != 0).any()


def finite_in_half_precision(variant, layout):
    out = variant.sample(positive(SHAPES[layout]).bfloat16(), 0.3, random(), layout)
    assert out.dtype == torch.bfloat16
    assert out.isfinite().all()


def test_time_form_draws_nothing_and_is_linear(variant, layout):
    x = torch.randn(SHAPES[layout])
    assert torch.equal(variant.expected(x, 0.3), variant.expected(x, 0.3))
    torch.testing.assert_close(variant.expected(2 * x, 0.3), 2 * variant.expected(x, 0.3))
    assert torch.equal(variant.expected(x, 0.0), x)


CHECKS = [
    identity_at_zero,
    nothing_at_one,
    finite_near_one,
    declared_moments_kept,
    drop_fraction,
    declared_axes_share_a_mask_and_others_do_not,
    every_model_has_its_own_rate_and_randomness,
    same_seed_same_noise,
    gradient_reaches_what_was_kept,
    finite_in_half_precision,
    test_time_form_draws_nothing_and_is_linear,
]
