"""The contract of a variant: checks that run over the registry, and over broken variants to show that they can fail.

Each takes a variant's instance and one layout that it acts at. A variant of weights is shown an identity matrix as the
layer's input, so that what comes out is what it made of each weight. Statistical checks use fixed seeds, so each holds
or fails once and for all; a right variant fails a new seed about once in a million.
"""

import math

import torch

from dropout_lab.dropout import (
    ATTENTION,
    CANDIDATES,
    MAPS,
    MEMORY_CELLS,
    PATHS,
    RECURRENT,
    STATES,
    STEPS,
    UNITS,
    WEIGHTS,
    WORDS,
)
from dropout_lab.dropout.base import EXAMPLE
from dropout_lab.dropout.kernels.linear_maps import DENSE_MAP
from dropout_lab.dropout.weight_dropout import WeightDropout
from dropout_lab.rng import PackRandomness, Streams, TorchRandomness

CPU = torch.device("cpu")
SHAPES = {
    UNITS: (40, 12),
    MAPS: (40, 6, 8, 8),
    STEPS: (40, 9, 12),
    PATHS: (40, 6, 5),
    ATTENTION: (40, 3, 7, 7),
    WEIGHTS: (40, 12),
    RECURRENT: (40, 12),
    WORDS: (40, 9, 12),
    STATES: (40, 9, 12),
    CANDIDATES: (40, 9, 12),
    MEMORY_CELLS: (40, 9, 12),
}
LARGE = {
    UNITS: (4000, 100),
    MAPS: (1000, 40, 8, 8),
    STEPS: (2000, 9, 40),
    PATHS: (40000, 2, 2),
    ATTENTION: (1000, 4, 10, 10),
    WEIGHTS: (300, 100),
    RECURRENT: (400, 100),
    WORDS: (100, 20, 1000),
    STATES: (2000, 9, 40),
    CANDIDATES: (2000, 9, 40),
    MEMORY_CELLS: (2000, 9, 40),
}
SIGMAS = 5


def random(seed=0):
    return TorchRandomness(generator=torch.Generator().manual_seed(seed))


def act(variant, x, rate, random, layout):
    """The training-time form of x [..., and the axes of the layout]."""
    if not isinstance(variant, WeightDropout):
        return variant.sample(x, rate, random, layout)
    weight = x if x.dim() == 3 else x.unsqueeze(0)
    lines = torch.eye(weight.shape[1], dtype=x.dtype).expand(len(weight), -1, -1)
    return variant.product(DENSE_MAP, lines, weight, None, rate, random).view(x.shape)


def act_at_test(variant, x, rate, layout):
    """The test-time form."""
    if not isinstance(variant, WeightDropout):
        return variant.expected(x, rate)
    lines = torch.eye(x.shape[0], dtype=x.dtype).unsqueeze(0)
    return variant.expected_product(DENSE_MAP, lines, x.unsqueeze(0), None, rate)[0]


def shared_axes(variant, layout, dims):
    """The declared axes along which elements share a mask element, counted from the start."""
    shared = variant.shared.get(layout, ())
    return list(range(1, dims)) if shared == EXAMPLE else [a % dims for a in shared]


def positive(shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) + 0.5


def identity_at_zero(variant, layout):
    x = torch.randn(SHAPES[layout])
    assert torch.equal(act(variant, x, 0.0, random(), layout), x)


def nothing_at_one(variant, layout):
    x = positive(SHAPES[layout]).requires_grad_()
    out = act(variant, x, 1.0, random(), layout)
    out.sum().backward()
    assert torch.equal(out, torch.zeros_like(out))
    assert torch.equal(x.grad, torch.zeros_like(x))


def finite_near_one(variant, layout):
    x = positive(SHAPES[layout]).requires_grad_()
    out = act(variant, x, 1 - 1e-7, random(), layout)
    out.sum().backward()
    assert out.isfinite().all()
    assert x.grad.isfinite().all()


def declared_moments_kept(variant, layout):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(LARGE[layout], generator=generator)
    if "variance" not in variant.preserves:
        x = x.abs() + 1
    found, aim = act(variant, x, 0.3, random(2), layout), act_at_test(variant, x, 0.3, layout)
    # Elements that share a mask are one draw: average over them first, then take the error of that mean.
    axes = shared_axes(variant, layout, x.dim())
    if layout == MAPS and variant.zeroing == "about":
        axes = [2, 3]  # a square reaches over its whole map at most
    for name, power in (("mean", 1), ("variance", 2)):
        if name in variant.preserves:
            difference = (found**power - aim**power).double()
            draws = difference.mean(axes) if axes else difference
            error = draws.std().item() / math.sqrt(draws.numel())
            assert abs(difference.mean().item()) < SIGMAS * error + 1e-6, name


def drop_fraction(variant, layout):
    for rate in (0.1, 0.3, 0.6):
        x = torch.rand(LARGE[layout], generator=torch.Generator().manual_seed(3)) + 1e-6
        out = act(variant, x, rate, random(4), layout)
        found = (out == 0).double()
        if variant.zeroing == "soft":
            assert abs(variant.dropped(x, out, rate).double().mean().item() - rate) < 0.02
        elif variant.zeroing == "none":
            assert found.mean() == 0
        elif variant.zeroing == "about":
            assert 0.3 * rate < found.mean().item() < rate + 0.01
        else:
            axes = shared_axes(variant, layout, x.dim())
            draws = (found.mean(axes) if axes else found).numel() / getattr(variant, "block_size", 1)
            assert abs(found.mean().item() - rate) < SIGMAS * math.sqrt(rate * (1 - rate) / draws)


def noise_of(variant, layout, rate=0.5, seed=5):
    """What the variant did to each element, as a factor (or shift) that does not depend on the element."""
    x = torch.ones(SHAPES[layout])
    return act(variant, x, rate, random(seed), layout)


def declared_axes_share_a_mask_and_others_do_not(variant, layout):
    if variant.zeroing == "about" and not variant.adaptive:
        return  # squares and thresholds have neighbourhoods instead of axes
    made = noise_of(variant, layout)
    shared = shared_axes(variant, layout, made.dim())
    for axis in range(made.dim()):
        same = (made == made.select(axis, 0).unsqueeze(axis)).all()
        assert bool(same) == (axis in shared), f"axis {axis}"


def every_model_has_its_own_rate_and_randomness(variant, layout):
    rates = torch.tensor([0.0, 0.2, 0.5, 0.9])
    streams = [Streams(0, s) for s in (3, 1, 1, 7)]
    x = positive((4, *SHAPES[layout]))
    together = act(variant, x, rates, PackRandomness(streams, "s", CPU), layout)
    for m, rate in enumerate(rates):
        alone = act(variant, x[m : m + 1], rate.view(1), PackRandomness([streams[m]], "s", CPU), layout)
        assert torch.equal(together[m], alone[0])
    assert torch.equal(together[0], x[0])


def same_seed_same_noise(variant, layout):
    a, b, c = (noise_of(variant, layout, seed=s) for s in (1, 1, 2))
    assert torch.equal(a, b)
    if variant.kind != "maxdropout":  # which draws nothing
        assert not torch.equal(a, c)


def gradient_reaches_what_was_kept(variant, layout):
    x = positive(SHAPES[layout]).requires_grad_()
    out = act(variant, x, 0.5, random(), layout)
    out.sum().backward()
    assert x.grad.isfinite().all()
    if variant.zeroing in ("rate", "about"):
        assert torch.equal(x.grad != 0, out != 0)
        torch.testing.assert_close(x.grad * x, out)
    else:
        assert (x.grad != 0).any()


def finite_in_half_precision(variant, layout):
    out = act(variant, positive(SHAPES[layout]).bfloat16(), 0.3, random(), layout)
    assert out.dtype == torch.bfloat16
    assert out.isfinite().all()


def what_was_dropped_is_told(variant, layout):
    if isinstance(variant, WeightDropout):
        return  # it tells what it dropped itself; the engine's tests look at that
    x = torch.randn(LARGE[layout], generator=torch.Generator().manual_seed(3))
    out = act(variant, x, 0.3, random(4), layout)
    told = variant.dropped(x, out, 0.3)
    assert told.dtype == torch.bool
    assert told.shape == x.shape
    assert 0 < told.double().mean().item() < 0.45
    if variant.zeroing in ("rate", "about"):
        assert torch.equal(told, out == 0)


def test_time_form_draws_nothing_and_is_linear(variant, layout):
    x = torch.randn(SHAPES[layout])
    assert torch.equal(act_at_test(variant, x, 0.3, layout), act_at_test(variant, x, 0.3, layout))
    if not variant.adaptive:
        torch.testing.assert_close(act_at_test(variant, 2 * x, 0.3, layout), 2 * act_at_test(variant, x, 0.3, layout))
    assert torch.equal(act_at_test(variant, x, 0.0, layout), x)


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
    what_was_dropped_is_told,
    finite_in_half_precision,
    test_time_form_draws_nothing_and_is_linear,
]
