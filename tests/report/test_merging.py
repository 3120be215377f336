"""Arms that have the same trials are one arm."""

import pandas as pd

from dropout_lab.report.merging import merge_arms

TRIALS = pd.DataFrame(
    [
        {"trial_id": "n0", "variant": "none", "rate": 0.0, "l2": None},
        {"trial_id": "i0", "variant": "inverted", "rate": 0.5, "l2": None},
    ]
)


def merged(arms):
    settings = {label: dict(word.split("=", 1) for word in label.split()) for label in arms}
    return merge_arms(arms, settings, TRIALS)


def test_no_dropout_at_several_rates_is_stored_and_shown_at_rate_0():
    found = merged(
        {"variant=none rate=0.2": ["n0"], "variant=none rate=0.5": ["n0"], "variant=inverted rate=0.5": ["i0"]}
    )
    assert found.arms == {"variant=none rate=0": ["n0"], "variant=inverted rate=0.5": ["i0"]}
    assert found.settings["variant=none rate=0"] == {"variant": "none", "rate": "0"}
    assert found.labels["variant=none rate=0.5"] == "variant=none rate=0"
    assert found.points[1] == ({"variant": "none", "rate": "0.5"}, "variant=none rate=0")


def test_every_variant_at_rate_0_is_no_dropout():
    found = merged({"variant=x rate=0": ["n0"], "variant=y rate=0": ["n0"], "variant=none rate=0": ["n0"]})
    assert list(found.arms) == ["variant=none rate=0"]


def test_a_setting_that_does_not_apply_has_no_value():
    found = merged({"l2=0.1 rate=0": ["n0"], "l2=0.2 rate=0": ["n0"]})
    assert found.settings == {"l2=- rate=0": {"l2": "-", "rate": "0"}}


def test_named_arms_keep_the_plainest_name():
    arms = {"arm=inverted rate=0": ["n0"], "arm=none rate=0": ["n0"], "arm=none rate=0.5": ["n0"]}
    found = merged(arms)
    assert found.settings == {"none rate=0": {"arm": "none", "rate": "0"}}


def test_other_arms_stay_as_they_are():
    arms = {"rate=0": ["n0"], "rate=0.5": ["i0"], "rate=0.7": [], "rate=0.8": []}
    assert merged(arms).arms == arms
