"""What the foot of a table says about the test set."""

import pytest

from dropout_lab.report.read_csv import read_trials
from dropout_lab.report.summary import Summary
from dropout_lab.report.testset import describe_test_set
from dropout_lab.sweeps.ledger import Ledger


def said(arms, metric="test_accuracy"):
    """The sentences about arms of rows (score, n_test, majority_accuracy)."""
    rows = [
        {
            "trial_id": f"{label}{i}",
            "status": "ok",
            "seed": i,
            metric: score,
            "n_test": n,
            "majority_accuracy": majority,
        }
        for label, row in arms.items()
        for i, (score, n, majority) in enumerate(row)
    ]
    Ledger("out").append(rows, [])
    return list(
        describe_test_set(Summary(read_trials("out"), {k: [f"{k}{i}" for i in range(len(v))] for k, v in arms.items()}))
    )


def test_size_and_weight_of_an_example(folder):
    assert said({"a": [(0.9, 360, 0.1), (0.91, 360, 0.1)]}) == ["Test set: 360 examples, one is 0.28 points."]


def test_several_test_sets(folder):
    arms = {"a": [(0.9, 36, 0.4)], "b": [(0.9, 360, 0.1)]}
    assert said(arms) == ["Test sets: 36 to 360 examples, one is 0.28 to 2.78 points."]


@pytest.mark.parametrize(("metric", "text"), [("test_rmse", "51 examples"), ("test_perplexity", "51 tokens")])
def test_other_tasks_have_no_points(folder, metric, text):
    assert said({"a": [(3.5, 51, None)]}, metric) == [f"Test set: {text}."]


def test_older_ledgers_say_nothing(folder):
    assert said({"a": [(0.9, None, None), (0.5, None, None)]}) == []


def test_equal_values_and_no_error(folder):
    equal, perfect = said({"a": [(1.0, 36, 0.4)] * 3, "b": [(0.9, 36, 0.4), (0.8, 36, 0.4)]})[1:]
    assert equal.startswith("No interval where all seeds gave the same value")
    assert perfect.startswith("No error on 36 test examples: the true accuracy is 92.02 % or more")  # 0.05 ** (1 / 36)


def test_arms_that_predict_the_most_frequent_class(folder):
    constant = [(0.925, 80, 0.925)] * 2
    better = [(0.925, 80, 0.925), (0.95, 80, 0.925)]
    worse = [(0.075, 80, 0.925), (0.9, 80, 0.925)]
    sentence = "no better than always predicting the most frequent class (92.50 %)."
    assert said({"a": constant, "b": better, "c": worse})[-1] == f"a, c: {sentence}"


def test_all_arms_and_many_arms(folder):
    constant = [(0.925, 80, 0.925)] * 2
    assert said(dict.fromkeys("abcd", constant))[-1].startswith("Every arm: not better than")


def test_more_arms_than_are_named(folder):
    arms = {label: [(0.5, 80, 0.6), (0.6, 80, 0.6)] for label in "abcde"} | {"f": [(0.9, 80, 0.6), (0.9, 80, 0.6)]}
    assert said(arms)[-1].startswith("a, b, c and 2 more: not better than")
