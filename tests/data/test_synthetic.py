"""Synthetic sets: their truth, their noise, their seed."""

import numpy as np
import pytest

from dropout_lab.data import load
from dropout_lab.data.synthetic import GAP, REACH


def test_the_sine_is_a_sine_with_a_gap():
    data = load("noisy_sine", examples=20_000, noise=0.3, seed=4)
    x = data.x[:, 0]
    assert data.x.shape == (20_000, 1)
    assert np.allclose(data.truth, np.sin(x), atol=1e-6)
    assert not ((x > GAP[0]) & (x < GAP[1])).any()
    assert -REACH <= x.min() < -REACH + 0.01
    assert REACH - 0.01 < x.max() <= REACH
    counts, _ = np.histogram(x, bins=[-4, -2.5, -1, 0.5, 2, 3, 4])
    assert counts / 20_000 == pytest.approx([1.5 / 6.5] * 3 + [0] + [1 / 6.5] * 2, abs=0.01)
    assert (data.y - data.truth).std() == pytest.approx(0.3, rel=0.03)


def test_the_teacher_is_linear_and_least_squares_finds_it():
    data = load("linear_teacher", examples=5000, features=6, noise=0.5, seed=1)
    weights, *_ = np.linalg.lstsq(data.x, data.truth, rcond=None)
    assert np.allclose(data.x @ weights, data.truth, atol=1e-5)
    estimate, *_ = np.linalg.lstsq(data.x, data.y, rcond=None)
    assert np.abs(estimate - weights).max() < 4 * 0.5 / np.sqrt(5000)
    many = load("linear_teacher", examples=10, features=10_000, noise=0.0, seed=1)
    assert many.truth.std() == pytest.approx(1, abs=0.6)
    assert np.array_equal(many.truth, many.y)


@pytest.mark.parametrize("kind", ["noisy_sine", "linear_teacher"])
def test_the_base_seed_rules_them(kind):
    one, same, other = (load(kind, seed=seed, examples=50 + extra) for seed, extra in ((0, 0), (0, 0), (1, 0)))
    assert np.array_equal(one.y, same.y)
    assert not np.array_equal(one.y, other.y)
    quiet = load(kind, seed=0, examples=50, noise=0.0)
    assert np.array_equal(quiet.x, one.x)
    assert np.array_equal(quiet.y, one.truth)
