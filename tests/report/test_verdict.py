"""The verdict on a sweep in plain language."""

import pytest

from dropout_lab.report.read_csv import read_trials
from dropout_lab.report.summary import Summary
from dropout_lab.report.verdict import judge_sweep
from dropout_lab.sweeps.ledger import Ledger


def summary_of(scores, lost=0, settings=None):
    """Arms "a", "b", ... with these scores; the first trials of the last arm are lost."""
    rows, arms = [], {}
    for i, values in enumerate(scores):
        name = chr(97 + i)
        arms[name] = [f"{i:06x}{seed:06x}" for seed in range(len(values))]
        for seed, score in enumerate(values):
            gone = i == len(scores) - 1 and seed < lost
            row = {"trial_id": arms[name][seed], "status": "diverged" if gone else "ok", "seed": seed}
            rows.append(row | {"train_seconds": 1.0} | ({} if gone else {"test_accuracy": score}))
    Ledger("out").append(rows, [])
    return Summary(read_trials("out"), arms, settings or {})


def spread(mean, n=10):
    return [mean + 0.002 * ((seed * 7) % 5 - 2) / 2 for seed in range(n)]


def test_a_clear_difference(folder):
    (verdict,) = judge_sweep(summary_of([spread(0.80), spread(0.95)]))
    assert verdict.state == "clear"
    assert verdict.headline.startswith("b has the best test accuracy (95.00%); the difference to every other arm")
    assert "differs by +15.00" in " ".join(verdict.details)


def test_no_clear_winner_names_what_is_open(folder):
    noise = [0.90 + 0.01 * ((seed * 3) % 7) for seed in range(10)]
    other = [0.903 + 0.01 * ((seed * 5) % 7) for seed in range(10)]
    (verdict,) = judge_sweep(summary_of([noise, other, spread(0.5)]))
    assert verdict.state == "open"
    assert verdict.headline.startswith("No clear winner. ")
    assert "not detectably worse" in verdict.headline
    assert "Significantly worse than the best: c." in verdict.details


def test_too_few_seeds_are_said_with_the_number_that_is_enough(folder):
    (verdict,) = judge_sweep(summary_of([spread(0.9, 3), spread(0.5, 3), spread(0.4, 3)]))
    assert verdict.state == "open"
    text = " ".join(verdict.details)
    assert "3 seeds are too few" in text
    assert "7 or more" in text


@pytest.mark.parametrize("lost", [2, 10])
def test_lost_trials_are_said(folder, lost):
    (verdict, *_) = judge_sweep(summary_of([spread(0.9), spread(0.8)], lost))
    text = " ".join([verdict.headline, *verdict.details])
    if lost < 10:
        assert verdict.state == "trouble"
        assert "Diverged: 2 of 10 trials of b." in text


def test_one_arm(folder):
    (verdict,) = judge_sweep(summary_of([spread(0.9)]))
    assert verdict.headline == "a has the mean test accuracy (90.00%); no other arm to compare with."


def test_many_arms_are_counted(folder):
    (verdict,) = judge_sweep(summary_of([spread(0.9 + i / 1e5, 4) for i in range(9)]))
    assert "none of the 8 other arms is detectably worse" in verdict.headline
