"""Holm's correction."""

import numpy as np
import pytest

from dropout_lab.stats.paired import holm, holm_levels


def test_the_steps_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.3, 0.9]) == pytest.approx([0.6, 0.9])
    assert holm([0.02]) == pytest.approx([0.02])
    assert holm([]).tolist() == []


def test_it_rejects_what_the_step_down_rule_rejects():
    random = np.random.default_rng(0)
    for _ in range(200):
        p = random.random(6) ** 3
        rejected = set()
        for left, i in zip(range(6, 0, -1), np.argsort(p), strict=True):
            if p[i] > 0.05 / left:
                break
            rejected.add(int(i))
        assert set(np.flatnonzero(holm(p) <= 0.05)) == rejected


def test_a_true_null_is_rejected_in_one_table_of_twenty_at_most():
    p = np.random.default_rng(1).random((5000, 7))
    assert np.mean([holm(row).min() <= 0.05 for row in p]) <= 0.06


def test_a_p_value_is_below_its_level_exactly_if_holm_rejects_it():
    random = np.random.default_rng(2)
    for _ in range(300):
        p = random.choice([0.001, 0.004, 0.009, 0.011, 0.02, 0.04, 0.3], 6)
        assert ((p <= holm_levels(p)) == (holm(p) <= 0.05)).all()
    assert holm_levels([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.05 / 3, 0.025, 0.025, 0.0125])
    assert holm_levels([]).tolist() == []
