"""The table of a folder from its files: the order of its rows, and which settings it shows."""

import pytest

from dropout_lab.report.regroup import regroup_folder
from dropout_lab.sweeps.ledger import Ledger

COLUMNS = ["data", "model", "variant", "regularizer", "rate", "l2", "data.normalise", "model.hidden", "train.lr"]
PLAIN = {"data": "digits", "model": "mlp", "variant": "inverted", "regularizer": "none", "rate": 0.5}


def shown(rows, typed=None):
    """The places of the arms of a ledger with these rows, in order."""
    whole = [{**PLAIN, **row, "trial_id": str(i), "seed": i, "status": "ok"} for i, row in enumerate(rows)]
    Ledger("out").append([{**row, "test_accuracy": 0.9} for row in whole], [])
    return list(regroup_folder("out", COLUMNS, typed).settings.values())


def test_numbers_ascend_whichever_finished_first(folder):
    found = shown([{"rate": rate} for rate in (0.1, 0, 0.3, 0.2, 0.5, 0.4, 0.1)])
    assert [place["rate"] for place in found] == ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]


def test_lists_of_numbers_ascend(folder):
    found = shown([{"model.hidden": hidden} for hidden in ("128/128", "64", "", "8/8")])
    assert [place["model.hidden"] for place in found] == ["-", "8/8", "64", "128/128"]


def test_the_last_axis_is_the_fastest(folder):
    found = shown([{"model": m, "rate": r} for m, r in (("cnn", 0.5), ("mlp", 0.2), ("cnn", 0.2), ("mlp", 0.5))])
    assert found == [{"model": m, "rate": r} for m in ("cnn", "mlp") for r in ("0.2", "0.5")]


def test_the_order_of_the_command_comes_first(folder):
    rows = [{"model": m, "rate": r} for m, r in (("cnn", 0.5), ("mlp", 0.2), ("cnn", 0.2), ("mlp", 0.5))]
    found = shown(rows, {"rate": ["0.5", "0.2"], "model": ["mlp", "cnn"]})
    assert found == [{"rate": r, "model": m} for r in ("0.5", "0.2") for m in ("mlp", "cnn")]


def test_a_command_that_names_some_values_does_not_sort_the_others(folder):
    found = shown([{"data": "digits"}, {"data": "wine"}], {"data": ["wine"]})
    assert [place["data"] for place in found] == ["digits", "wine"]


@pytest.mark.parametrize(("key", "values"), [("rate", (0.5, 0.2)), ("train.lr", (0.1, 0.01))])
def test_a_setting_that_varies_with_another_one_is_shown(folder, key, values):
    found = shown([{"data": "digits", key: values[0]}, {"data": "wine", key: values[1]}])
    assert found == [{"data": "digits", key: str(values[0])}, {"data": "wine", key: str(values[1])}]


def test_what_applies_to_some_arms_only_is_left_out(folder):
    rows = [{}, {"regularizer": "l2", "l2": 0.01}, {"data": "wine", "data.normalise": "zscore"}]
    assert [set(place) for place in shown(rows)] == [{"data", "regularizer"}] * 3


def test_a_sweep_from_rate_0_on_needs_no_variant(folder):
    rows = [{"variant": "none", "rate": 0}, {"rate": 0.2}, {"rate": 0.5}]
    assert shown(rows) == [{"rate": "0"}, {"rate": "0.2"}, {"rate": "0.5"}]
    assert set(shown(rows, {"variant": ["none", "inverted"]})[0]) == {"variant", "rate"}


def test_one_arm_has_no_axes(folder):
    assert shown([{}, {}]) == [{}]
