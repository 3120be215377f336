"""The bench of variants writes what the cards read."""

from dropout_lab.bench import variants
from dropout_lab.config import MODELS
from dropout_lab.config.compose import list_choices


def test_what_is_measured_is_what_is_read(composer, monkeypatch, tmp_path):
    monkeypatch.setattr(variants, "SHAPES", {"mlp": ["model.hidden=[8]"], "lstm": ["model.units=4"]})
    text = variants.measure(composer(), rounds=2, repeats=1, say=lambda line: None)
    assert text.startswith("# step of one model, digits")
    path = tmp_path / "variants.csv"
    path.write_text(text)
    found = variants.read(path)
    assert found["inverted"]["mlp"].median == 1
    assert found["weight_drop"].keys() == {"lstm"}
    assert found["dropconnect"].keys() == {"mlp", "lstm"}
    assert "spatial" not in found
    assert all(ratio.low > 0 for each in found.values() for ratio in each.values())


def test_the_kept_measurement_has_every_variant():
    assert variants.MEASURED is not None
    found = variants.read(variants.MEASURED)
    assert set(found) == set(list_choices("variant"))
    assert {model for each in found.values() for model in each} == MODELS.keys() - {"custom"}
