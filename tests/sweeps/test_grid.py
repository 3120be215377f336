"""Axes to arms."""

import pytest

from dropout_lab.errors import ConfigError
from dropout_lab.sweeps.grid import expand_grid, make_arms


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
        (["out=a,b"], "out cannot be an axis"),
        (["max_pack_size=1,2"], "max_pack_size cannot be an axis"),
        (["seeds=0,1"], "seeds cannot be an axis"),
        (["rate=choice()"], "cannot read"),
    ],
)
def test_grids_that_are_refused(words, message):
    with pytest.raises(ConfigError, match=message):
        expand_grid(words)


def test_every_point_is_checked_before_any_is_used(arms_of):
    with pytest.raises(ConfigError, match="each of the 3 sites"):
        arms_of("model=mlp,cnn", "rate=[0.1,0.2]")


def test_named_arms_are_variants_regularizers_and_lists_of_them(arms_of):
    found = arms_of("arms=none,inverted,l2,[inverted,max_norm,l2]", "seeds=1")
    assert labels(found) == ["none", "inverted", "l2", "inverted+l2+max_norm"]
    assert [(arm.config.variant.kind, arm.config.regularizer.names) for arm in found] == [
        ("none", []),
        ("inverted", []),
        ("none", ["l2"]),
        ("inverted", ["l2", "max_norm"]),
    ]


def test_named_arms_stand_beside_axes(arms_of):
    found = labels(arms_of("arms=none,gaussian", "rate=0.2,0.5", "train.lr=0.01"))
    assert found == ["none rate=0.2", "none rate=0.5", "gaussian rate=0.2", "gaussian rate=0.5"]
    assert labels(arms_of("model=mlp,cnn", "arms=[l2,inverted]")) == ["model=mlp inverted+l2", "model=cnn inverted+l2"]


def test_the_arms_of_a_study_are_the_same_arms(arms_of, composer):
    words = ["rate=0.3", "seeds=2"]
    named = {"none": ["variant=none", "regularizer=none"], "inverted+l2": ["variant=inverted", "regularizer=[l2]"]}
    study = make_arms(expand_grid(words, named), composer())
    typed = arms_of("arms=none,[inverted,l2]", *words)
    assert labels(study) == labels(typed)
    assert [arm.trials for arm in study] == [arm.trials for arm in typed]


def test_an_arm_of_a_study_may_set_anything_and_have_any_label(composer):
    named = {"L2, strong (1e-2)": ["regularizer=l2", "regularizer.l2=0.01"], "wide \u03bb": ["model.hidden=[512]"]}
    found = make_arms(expand_grid(["rate=0,0.5"], named), composer())
    assert labels(found)[:3] == ["L2, strong (1e-2) rate=0", "L2, strong (1e-2) rate=0.5", "wide \u03bb rate=0"]
    assert found[0].config.regularizer.l2 == 0.01
    assert found[2].config.model.hidden == [512]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["arms=l2,l3"], "arms=l3: must be one of none, alpha"),
        (["arms=[inverted,gaussian]"], "an arm can have only one dropout variant"),
        (["arms=l2", "variant=none"], "arms=l2 sets variant; leave out variant="),
        (["arms=l2,none", "regularizer=l1"], "sets regularizer; leave out regularizer="),
    ],
)
def test_names_that_are_refused(words, message):
    with pytest.raises(ConfigError, match=message):
        expand_grid(words)


def test_what_an_arm_of_a_study_sets_is_not_given_once_more():
    with pytest.raises(ConfigError, match="arms=strong sets rate; leave out rate="):
        expand_grid(["rate=0.1"], {"strong": ["rate=0.8"]})


def test_a_range_is_for_tuning(arms_of):
    with pytest.raises(ConfigError, match="a range requires tune=true"):
        arms_of("rate=interval(0,0.5)")
    (arm,) = arms_of("rate=interval(0,0.5)", "tune=true")
    assert arm.label == "inverted rate=0.5"


def test_no_variant_has_the_name_of_a_regularizer():
    from dropout_lab.config.compose import list_choices

    assert set(list_choices("variant")) & set(list_choices("regularizer")) == {"none"}
