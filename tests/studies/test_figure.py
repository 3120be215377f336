"""The figure of a study: bars as long as their intervals, axes within the bounds of the metric."""

import numpy as np
import pytest

from dropout_lab.stats.intervals import mean_interval
from dropout_lab.studies.figure import draw_study

ERROR = {"error": {"value": "100 * (1 - test_accuracy)", "title": "test error, %", "better": "lower"}}


@pytest.mark.parametrize("metrics", [None, ERROR])
def test_bars_and_axes_of_the_arms(planted, metrics):
    accuracies = {"a": [100, 100, 97.0, 100], "b": [99, 20, 98.5, 99.5]}
    (axes,) = draw_study(planted({"metrics": metrics} if metrics else {}, accuracies)).axes
    low, high = axes.get_xlim()
    assert low >= -2.5
    assert high <= 102.5
    bars = [line for line in axes.lines if line.get_linewidth() == 2 and len(line.get_xdata()) == 2]
    assert [bar.get_solid_capstyle() for bar in bars] == ["butt", "butt"]
    for bar, values in zip(bars, accuracies.values(), strict=True):
        shown = 100 - np.array(values) if metrics else values
        assert bar.get_xdata() == pytest.approx(mean_interval(shown, bounds=(0, 100))[1:3])


@pytest.mark.parametrize(("a", "b"), [([90, 95], [80, 85]), ([90] * 4, [80] * 4)])
def test_no_bars_without_intervals(planted, a, b):
    (axes,) = draw_study(planted({}, {"a": a, "b": b})).axes
    assert not [line for line in axes.lines if line.get_linewidth() == 2 and len(line.get_xdata()) == 2]
    ticks = sorted(x for line in axes.lines if line.get_marker() == "|" for x in line.get_xdata())
    assert ticks == pytest.approx(sorted([*a, *b]) if len(a) == 2 else [])
