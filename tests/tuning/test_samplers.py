"""Samplers: one interface, equal budgets, the same settings each time."""

import numpy as np
import pytest

from dropout_lab.tuning.samplers import SAMPLERS, GridSampler, RandomSampler, korobov_lattice
from dropout_lab.tuning.space import Dimension

RATE = Dimension("rate", 0.05, 0.8)
L2 = Dimension("regularizer.l2", 1e-5, 0.1, log=True)
STOP = Dimension("regularizer.early_stopping", 1, 4, whole=True)


def run(kind, space, budget, seed=0, score=lambda settings: abs(settings.get("rate", 0) - 0.3)):
    """Everything that a sampler asks for, told as it goes on."""
    if kind == "optuna":
        pytest.importorskip("optuna")
    sampler, rounds = SAMPLERS[kind](space, budget, seed), []
    while asked := sampler.ask():
        rounds.append(asked)
        for settings in asked:
            sampler.tell(settings, score(settings))
    return [settings for asked in rounds for settings in asked], rounds


ALL = pytest.mark.parametrize("kind", sorted(SAMPLERS))


@ALL
@pytest.mark.parametrize("space", [[RATE], [L2, RATE], [L2, STOP, RATE]])
@pytest.mark.parametrize("budget", [1, 7, 20])
def test_the_budget_is_spent_whole_on_different_settings_in_the_space(kind, space, budget):
    found, _ = run(kind, space, budget)
    assert len(found) == budget
    assert len({tuple(settings.values()) for settings in found}) == budget
    for settings in found:
        assert list(settings) == [dimension.key for dimension in space]
        assert all(d.low <= settings[d.key] <= d.high for d in space)


@ALL
def test_the_same_seed_gives_the_same_settings(kind):
    assert run(kind, [L2, RATE], 9, seed=3)[0] == run(kind, [L2, RATE], 9, seed=3)[0]
    assert kind == "grid" or run(kind, [L2, RATE], 9, seed=3)[0] != run(kind, [L2, RATE], 9, seed=4)[0]


@ALL
def test_a_space_with_fewer_settings_than_the_budget_is_tried_whole(kind):
    found, _ = run(kind, [STOP], 20)
    assert sorted(settings[STOP.key] for settings in found) == [1, 2, 3, 4]


def test_a_larger_budget_goes_on_where_a_smaller_one_ended():
    assert run("random", [L2, RATE], 12)[0][:5] == run("random", [L2, RATE], 5)[0]


def test_arms_that_share_a_dimension_try_the_same_values_of_it():
    both, alone = run("random", [L2, RATE], 8)[0], run("random", [RATE], 8)[0]
    assert [settings["rate"] for settings in both] == [settings["rate"] for settings in alone]


def test_random_strengths_are_even_by_ratio():
    drawn = [settings[L2.key] for settings in RandomSampler([L2], 400, 0).ask()]
    counts, _ = np.histogram(np.log10(drawn), bins=4, range=(-5, -1))
    assert counts.min() > 70


def test_a_grid_is_even():
    rates = [settings["rate"] for settings in GridSampler([RATE], 5, 0).ask()]
    assert rates == pytest.approx([0.125, 0.275, 0.425, 0.575, 0.725])


@pytest.mark.parametrize("count", [1, 2, 7, 8, 20])
def test_a_lattice_has_each_coordinate_once(count):
    points = korobov_lattice(count, 2)
    for axis in points.T:
        assert sorted(axis) == pytest.approx((np.arange(count) + 0.5) / count)


def test_a_lattice_reaches_every_part_of_the_square():
    counts, *_ = np.histogram2d(*korobov_lattice(20, 2).T, bins=3, range=[(0, 1), (0, 1)])
    assert counts.min() >= 1


def test_a_sampler_that_learns_spends_its_later_rounds_near_the_best():
    found, rounds = run("optuna", [RATE], 24)
    assert [len(asked) for asked in rounds] == [6, 6, 6, 6]
    off = [abs(settings["rate"] - 0.3) for settings in found]
    assert np.median(off[12:]) < np.median(off[:6])


def test_divergence_is_no_news_that_breaks_a_sampler():
    found, _ = run("optuna", [RATE], 8, score=lambda settings: float("inf"))
    assert len(found) == 8
