"""What may be chosen for an arm."""

import math

import pytest

from dropout_lab.config.compose import list_choices, replace_settings
from dropout_lab.errors import ConfigError
from dropout_lab.trial import canonical
from dropout_lab.tuning.space import Dimension, search_space


def keys(arm):
    return [dimension.key for dimension in search_space(arm)]


@pytest.fixture
def arm_of(arms_of):
    return lambda *words: arms_of("tune=true", *words)[0]


def test_each_arm_has_its_own_space(arms_of):
    found = arms_of("tune=true", "arms=none,inverted,l2,early_stopping,[inverted,max_norm]")
    assert {arm.label: keys(arm) for arm in found} == {
        "none": [],
        "inverted": ["rate"],
        "l2": ["regularizer.l2"],
        "early_stopping": ["regularizer.early_stopping"],
        "inverted+max_norm": ["regularizer.max_norm", "rate"],
    }


@pytest.mark.parametrize("variant", sorted(set(list_choices("variant")) - {"none"}))
def test_every_variant_says_where_to_look_for_its_rate(variant, arm_of):
    assert "rate" in keys(arm_of(f"arms={variant}"))


@pytest.mark.parametrize("group", ["variant", "regularizer"])
def test_both_ends_of_every_space_are_taken(group, arm_of):
    for name in set(list_choices(group)) - {"none"}:
        arm = arm_of(f"arms={name}")
        for dimension in search_space(arm):
            for end in (dimension.low, dimension.high):
                canonical(replace_settings(arm.config, {dimension.key: end}))


def test_what_is_given_is_not_chosen(arm_of):
    assert keys(arm_of("arms=[inverted,l2]", "rate=0.3")) == ["regularizer.l2"]


def test_a_range_takes_the_place_of_a_space_or_adds_to_it(arm_of):
    arm = arm_of("arms=inverted", "rate=interval(0.2,0.4)", "train.lr=tag(log,interval(1e-4,1e-1))")
    assert search_space(arm) == [Dimension("train.lr", 1e-4, 0.1, log=True), Dimension("rate", 0.2, 0.4)]


def test_a_range_that_changes_nothing_is_no_dimension(arm_of):
    assert keys(arm_of("arms=none", "rate=interval(0.2,0.4)", "train.momentum=interval(0,0.9)")) == []


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("rate=interval(0.5,0.2)", "a range with START < STOP"),
        ("rate=interval(0,1.5)", "rate=1.5: must be a number"),
        ("rate=tag(log,interval(0,0.5))", "from above 0"),
        ("variant=interval(0,1)", "a range requires a numeric setting"),
    ],
)
def test_ranges_that_are_refused(word, message, arm_of):
    with pytest.raises(ConfigError, match=message):
        search_space(arm_of(word))


def test_places_become_values():
    rate = Dimension("rate", 0.1, 0.5)
    assert [rate.at(place) for place in (0, 0.5, 1)] == [0.1, 0.3, 0.5]
    l2 = Dimension("regularizer.l2", 1e-5, 1e-1, log=True)
    assert [l2.at(place) for place in (0, 0.5, 1)] == pytest.approx([1e-5, 1e-3, 1e-1])
    assert l2.at(1 / 3) == 0.0002154
    stop = Dimension("regularizer.early_stopping", 1, 3, whole=True)
    assert [stop.at(place) for place in (0, 0.32, 0.34, 0.65, 0.67, 1)] == [1, 1, 2, 2, 3, 3]
    assert (stop.size, rate.size) == (3, math.inf)
