"""The bench of recurrent layers."""

import csv

from dropout_lab.bench import sequence
from dropout_lab.bench.variants import MEASURED


def rows(text):
    assert text.startswith("# one layer of LSTM")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def test_every_layer_is_timed_against_the_fused_one(monkeypatch):
    monkeypatch.setattr(sequence, "SHAPES", ((3, 2, 4, 5),))
    found = rows(sequence.measure(rounds=2, repeats=1, say=lambda line: None))
    assert [row["layer"] for row in found] == [sequence.REFERENCE, sequence.LOOP, *sequence.VARIANTS_INSIDE]
    assert float(found[0]["ratio"]) == 1
    assert all(0 < float(row["low"]) <= float(row["high"]) for row in found)


def test_the_kept_measurement_has_every_layer_at_both_sizes():
    assert MEASURED is not None
    found = rows((MEASURED.parent / "sequence.csv").read_text())
    assert {tuple(int(row[n]) for n in sequence.COLUMNS[:4]) for row in found} == set(sequence.SHAPES)
    assert {row["layer"] for row in found} == {sequence.REFERENCE, sequence.LOOP, *sequence.VARIANTS_INSIDE}
