"""Schedules: pure functions of (rate, progress)."""

import math
from types import SimpleNamespace

import pytest
import torch

from dropout_lab.dropout.schedules import SCHEDULES, TrainingProgress, make_schedule

SETTINGS = SimpleNamespace(fraction=0.25, gamma=10.0, steps=4, patience=2)
RATE = torch.tensor([0.0, 0.4, 0.8], dtype=torch.float64)


def at(kind, *progress):
    made = make_schedule(kind, SETTINGS)
    return [made(RATE, TrainingProgress(torch.tensor(p, dtype=torch.float64)))[1].item() for p in progress]


@pytest.mark.parametrize("kind", SCHEDULES)
def test_never_above_the_trials_own_rate_nor_below_zero(kind):
    made = make_schedule(kind, SETTINGS)
    for progress in torch.linspace(0, 1, 101, dtype=torch.float64):
        rate = made(RATE, TrainingProgress(progress))
        assert ((rate >= 0) & (rate <= RATE)).all()
        assert torch.equal(rate, made(RATE, TrainingProgress(progress.expand(3))))  # each model may be elsewhere


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("constant", [0.4, 0.4, 0.4, 0.4]),
        ("linear", [0, 0.1, 0.2, 0.4]),
        ("annealed", [0.4, 0.3, 0.2, 0]),
        ("early", [0.4, 0, 0, 0]),
        ("late", [0, 0.4, 0.4, 0.4]),
        ("curriculum", [0, *(0.4 * (1 - math.exp(-10 * p)) for p in (0.25, 0.5, 1))]),
        ("step", [0.1, 0.2, 0.3, 0.4]),
        ("plateau", [0.1, 0.1, 0.1, 0.1]),
    ],
)
def test_values_at_quarters(kind, expected):
    assert at(kind, 0.0, 0.25, 0.5, 1.0) == pytest.approx(expected)


def test_every_schedule_has_its_values_here():
    assert {"constant", "linear", "annealed", "early", "late", "curriculum", "step", "plateau"} == SCHEDULES.keys()


def test_plateau_takes_a_stair_at_each_stall():
    made = make_schedule("plateau", SETTINGS)
    rates = made(RATE[1:2], TrainingProgress(torch.tensor(0.5), torch.arange(6, dtype=torch.float64)))
    assert rates.tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4, 0.4])
