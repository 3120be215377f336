"""Axes to arms."""

import pytest

from dropout_lab.settings import ConfigError
from dropout_lab.sweeps.grid import expand


def labels(arms):
    return [arm.label for arm in arms]


def test_the_product_of_the_axes_last_one_fastest(arms_of):
    found = labels(arms_of("model=mlp,cnn", "rate=0,0.5", "seeds=2"))
    assert found == ["model=mlp rate=0", "model=mlp rate=0.5", "model=cnn rate=0", "model=cnn rate=0.5"]


def test_what_does_not_vary_is_not_in_the_label(arms_of):
    assert labels(arms_of("rate=0.1,0.2", "train.lr=0.01")) == ["rate=0.1", "rate=0.2"]
    assert labels(arms_of("rate=0.3")) == ["inverted rate=0.3"]
    assert labels(arms_of("variant=none")) == ["none"]


def test_lists_as_values(arms_of):
    found = labels(arms_of("regularizer=none,[l2,early_stopping]", "rate=[0.2,0.5],0.3"))
    assert found == [
        "regularizer=none rate=0.2/0.5",
        "regularizer=none rate=0.3",
        "regularizer=early_stopping+l2 rate=0.2/0.5",
        "regularizer=early_stopping+l2 rate=0.3",
    ]


def test_repeats_are_one_arm(arms_of):
    assert labels(arms_of("rate=0.3,0.30000000000000004,0.3")) == ["inverted rate=0.3"]
    assert labels(arms_of("rate=0.3,0.3,0.5")) == ["rate=0.3", "rate=0.5"]


def test_arms_that_come_to_the_same_share_their_trials(arms_of):
    arms = arms_of("variant=standard,inverted,none", "rate=0,0.5", "seeds=3")
    assert len(arms) == 6
    assert len({t.id for arm in arms for t in arm.trials}) == 3 * 3  # none, standard 0.5, inverted 0.5
    zero = [arm.trials for arm in arms if dict(arm.settings)["rate"] == "0"]
    assert zero[0] == zero[1] == zero[2]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rate=0", "rate=0.5"], "rate is given twice"),
        (["out=a,b"], "out is not an axis"),
        (["pack=1,2"], "pack is not an axis"),
        (["seeds=0,1"], "seeds is not an axis"),
        (["rate=choice()"], "cannot read"),
    ],
)
def test_grids_that_are_refused(words, message):
    with pytest.raises(ConfigError, match=message):
        expand(words)


def test_every_point_is_checked_before_any_is_used(arms_of):
    with pytest.raises(ConfigError, match="each of the 3 places"):
        arms_of("model=mlp,cnn", "rate=[0.1,0.2]")
