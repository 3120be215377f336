"""A card for each variant."""

import pytest

from dropout_lab.cli.cards import list_fitting_models, render_cards
from dropout_lab.config import MODELS, list_settings, regularizer_of
from dropout_lab.config.compose import list_choices, read_card

LABELS = {"variant": ("source", "test time", "step cost", "fits"), "regularizer": ("source", "test time", "fits")}


@pytest.mark.parametrize("group", LABELS)
def test_every_choice_has_a_card_within_eighty_columns(group, composer):
    text = render_cards(group, composer())
    assert max(map(len, text.splitlines())) <= 80
    heads = [block.splitlines()[0] for block in text.split("\n\n")]
    assert heads == list_choices(group)
    for block in text.split("\n\n"):
        for label in LABELS[group]:
            assert f"\n  {label} " in block, block
    if group == "variant":
        assert "variant.block_size (a whole number in [1, 1000000]; 3)" in " ".join(text.split())
    else:
        (block,) = (block for block in text.split("\n\n") if block.startswith("early_stopping"))
        own = [e.key for e in list_settings() if e.key.startswith("regularizer.")]
        own = [key for key in own if regularizer_of(key.split(".")[1]) == "early_stopping"]
        assert len(own) == 4
        assert all(key in block for key in own)


def test_what_a_variant_fits_is_what_is_not_refused(composer):
    assert list_fitting_models("variant", "attention", composer()) == ["transformer"]
    assert list_fitting_models("variant", "stochastic_depth", composer()) == ["resmlp", "rescnn", "transformer"]
    assert list_fitting_models("regularizer", "batch_norm", composer()) == ["mlp", "cnn", "resmlp", "rescnn"]
    assert list_fitting_models("variant", "inverted", composer()) == [name for name in MODELS if name != "custom"]


def test_the_files_say_source_and_test_time_rule():
    for group, name in [(one, name) for one in LABELS for name in list_choices(one)]:
        what, facts = read_card(group, name)
        assert what.endswith(".")
        assert facts.keys() == {"source", "test"}
