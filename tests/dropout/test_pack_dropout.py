"""Dropout of a pack: masks that do not depend on the pack."""

import pytest
import torch

from dropout_lab.dropout import UNITS, VARIANTS
from dropout_lab.dropout.hooks import EvalHook, TrainingHook
from dropout_lab.dropout.kernels.linear_maps import DENSE_MAP
from dropout_lab.dropout.pack_dropout import PackDropout, Site
from dropout_lab.dropout.schedules import make_schedule
from dropout_lab.dropout.weight_dropout import WeightDropout
from dropout_lab.rng import Streams


def noise(rates, seeds, variant="inverted", other=0.5):
    sites = {"input": torch.zeros(len(rates)), "a": torch.tensor(rates), "b": torch.full((len(rates),), other)}
    made = VARIANTS[variant](0.0) if variant != "none" else None
    schedule = make_schedule("constant", None)
    layout = made.layouts[0] if made else UNITS
    places = {name: Site(layout, None if name == "input" else 0, (name,)) for name in sites}
    return PackDropout(made, schedule, sites, places, [Streams(0, s) for s in seeds])


def outputs(made, models, steps=3):
    """What becomes of ones at both places, in every step."""
    x = torch.rand(4, 6, 6, 6, generator=torch.Generator().manual_seed(0)).expand(models, -1, -1, -1, -1)
    weight, bias = torch.ones(models, 6, 6), torch.zeros(models, 6)
    params = {"a": weight, "b": weight}
    params |= made.start(params)
    hook = TrainingHook(made, params)
    if isinstance(made.variant, WeightDropout):
        return [
            torch.stack([hook.product(name, DENSE_MAP, x, weight, bias) for name in ("a", "b")], 1)
            for _ in range(steps)
        ]
    return [torch.stack([hook("a", x), hook("b", x)], 1) for _ in range(steps)]


@pytest.mark.parametrize("variant", VARIANTS)
def test_masks_are_bit_identical_alone_and_in_any_pack(variant):
    # In the second pack the first site drops nothing for the trial looked at, but does for its neighbours.
    for rates, seeds, place in [([0.3, 0.5], [0, 1], 1), ([0.1, 0.3, 0.5], [4, 1, 1], 2), ([0.5, 0.5], [1, 0], 0)]:
        packed = outputs(noise(rates, seeds, variant), len(seeds))
        alone = outputs(noise([0.5], [1], variant), 1)
        for a, b in zip(packed, alone, strict=True):
            assert torch.equal(a[place], b[0])


def test_a_site_without_dropout_draws_nothing_and_moves_no_other():
    with_zero = outputs(noise([0.0], [1]), 1)
    beside = outputs(noise([0.0, 0.7], [1, 1]), 2)
    for a, b in zip(with_zero, beside, strict=True):
        assert torch.equal(a[0], b[0])
        assert torch.equal(a[0][0], outputs(noise([0.0], [1], "none"), 1)[0][0][0])


def test_pairs_share_their_bits():
    low, high = outputs(noise([0.2, 0.6], [1, 1]), 2)[0][:, 0]
    assert ((low == 0) <= (high == 0)).all()  # what the low rate drops, the high rate drops too


def test_masks_go_on_after_others_have_left():
    alone = outputs(noise([0.5], [1]), 1)
    packed = noise([0.3, 0.5, 0.5], [0, 1, 2])
    outputs(packed, 3, steps=1)
    later = outputs(packed.select([1]), 1, steps=2)
    for a, b in zip(later, alone[1:], strict=True):
        assert torch.equal(a[0], b[0])


def test_test_time_form_and_measure():
    made = noise([0.25, 0.0], [0, 1], "standard", other=0.0)
    x = torch.ones(2, 4, 5000)
    assert torch.equal(EvalHook(made, {})("a", x)[:, 0, 0], torch.tensor([0.75, 1.0]))
    made.measure()
    hook = TrainingHook(made, {})
    hook("a", x)
    dropped, present = made.measured()
    assert present.tolist() == [20_000, 0]  # the second model does not drop here
    assert dropped[1] == 0
    assert dropped[0].item() / 20_000 == pytest.approx(0.25, abs=0.016)  # five standard errors
    hook("a", x)
    assert int(made.measured()[1]) == 0  # not counting any more


def test_none_is_no_dropout_at_all():
    made = noise([0.5], [0], "none")
    x = torch.randn(1, 3)
    assert TrainingHook(made, {})("a", x) is x
    assert EvalHook(made, {})("a", x) is x
