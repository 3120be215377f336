"""A card for each variant."""

import pytest

from dropout_lab.cards import cards, fits
from dropout_lab.compose import choices, described
from dropout_lab.config import MODELS, regularizer_of, settings_table

LABELS = {"variant": ("source", "test time", "a step", "fits"), "regularizer": ("source", "test time", "fits")}


@pytest.mark.parametrize("group", LABELS)
def test_every_choice_has_a_card_within_eighty_columns(group, composer):
    text = cards(group, composer())
    assert max(map(len, text.splitlines())) <= 80
    heads = [block.splitlines()[0] for block in text.split("\n\n")]
    assert heads == choices(group)
    for block in text.split("\n\n"):
        for label in LABELS[group]:
            assert f"\n  {label} " in block, block
    if group == "variant":
        assert "variant.block_size (a whole number in [1, 1000000]; 3)" in " ".join(text.split())
    else:
        (block,) = (block for block in text.split("\n\n") if block.startswith("early_stopping"))
        own = [e.key for e in settings_table() if e.key.startswith("regularizer.")]
        own = [key for key in own if regularizer_of(key.split(".")[1]) == "early_stopping"]
        assert len(own) == 3
        assert all(key in block for key in own)


def test_what_a_variant_fits_is_what_is_not_refused(composer):
    assert fits("variant", "attention", composer()) == ["transformer"]
    assert fits("variant", "stochastic_depth", composer()) == ["resmlp", "rescnn", "transformer"]
    assert fits("regularizer", "batch_norm", composer()) == ["mlp", "cnn", "resmlp", "rescnn"]
    assert fits("variant", "inverted", composer()) == [name for name in MODELS if name != "custom"]


def test_the_files_say_source_and_test_time_rule():
    for group, name in [(one, name) for one in LABELS for name in choices(one)]:
        what, facts = described(group, name)
        assert what.endswith(".")
        assert facts.keys() == {"source", "test"}
