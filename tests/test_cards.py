"""A card for each variant."""

from dropout_lab.cards import cards, fits
from dropout_lab.compose import choices, described
from dropout_lab.config import MODELS


def test_every_variant_has_a_card_within_eighty_columns(composer):
    text = cards(composer())
    assert max(map(len, text.splitlines())) <= 80
    heads = [block.splitlines()[0] for block in text.split("\n\n")]
    assert heads == choices("variant")
    for block in text.split("\n\n"):
        for label in ("source", "test time", "a step", "fits"):
            assert f"\n  {label} " in block, block
    assert "variant.block_size (a whole number in [1, 1000000]; 3)" in " ".join(text.split())


def test_what_a_variant_fits_is_what_is_not_refused(composer):
    assert fits("attention", composer()) == ["transformer"]
    assert fits("stochastic_depth", composer()) == ["resmlp", "rescnn", "transformer"]
    assert fits("inverted", composer()) == [name for name in MODELS if name != "custom"]


def test_the_files_say_source_and_test_time_rule():
    for name in choices("variant"):
        what, facts = described("variant", name)
        assert what.endswith(".")
        assert facts.keys() == {"source", "test"}
