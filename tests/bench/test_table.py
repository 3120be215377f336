"""The files of the bench, and the README's table made from them."""

from dataclasses import replace
from pathlib import Path

import pytest

from dropout_lab.bench import table
from dropout_lab.bench.registry import OWN, result_files
from dropout_lab.sweeps.interleaved import Ratio

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "results/bench"
ROW = table.BenchRow.of("digits", "a loop", "training, s", Ratio(2.5, 2.25, 3.0, 5), 10.0, 4.0, 'says "so", twice')
TRAINED = replace(ROW, peer="another", accuracy=0.961, our_accuracy=0.958)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "digits.csv"
    path.write_text(table.to_csv("a CPU; torch 2", [ROW, TRAINED]))
    assert table.read_results(path) == ("a CPU; torch 2", [ROW, TRAINED])


def test_a_row_is_replaced_on_the_same_machine_and_all_go_on_another(tmp_path):
    path = tmp_path / "digits.csv"
    assert table.merge_rows(path, "a CPU", [ROW]) == [ROW]
    path.write_text(table.to_csv("a CPU", [ROW, TRAINED]))
    faster = replace(ROW, ratio=4.0)
    assert table.merge_rows(path, "a CPU", [faster]) == [faster, TRAINED]
    assert table.merge_rows(path, "another CPU", [faster]) == [faster]


def test_the_document_has_ratios_and_machines_but_no_absolute_times(tmp_path):
    paths = [tmp_path / f"{name}.csv" for name in ("one", "two")]
    for path in paths:
        path.write_text(table.to_csv("a CPU", [replace(TRAINED, theirs=123.0, ours=456.0)]))
    text = table.render_table(paths)
    assert "| 2.50 [2.25, 3.00] | 5 | 96.1, ours 95.8 |" in text
    assert text.count("Measured on a CPU.") == 1
    assert "123" not in text
    assert "456" not in text


def test_the_readme_holds_the_table_of_what_was_measured():
    measured = result_files(FOLDER)
    assert {path.stem for path in measured} == {path.stem for path in FOLDER.glob("*.csv")} - OWN.keys()
    page = (PROJECT / "docs/benchmarks.md").read_text()
    assert table.render_table(measured) in page, "docs/benchmarks.md is outdated; paste the output of `bench table`"


@pytest.mark.parametrize("path", result_files(FOLDER), ids=lambda path: path.stem)
def test_what_was_measured_is_plausible(path):
    machine, rows = table.read_results(path)
    assert "torch" in machine
    assert rows
    for row in rows:
        assert 0 < row.low <= row.ratio <= row.high
        assert row.ours > 0
        if row.accuracy is not None:
            # Programs that do not learn the same are not to be compared.
            assert row.accuracy > 0.8
            assert abs(row.accuracy - row.our_accuracy) < 0.05
