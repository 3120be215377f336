"""What the plots of a sweep draw: bars as long as their intervals, axes within the bounds of the scores."""

import numpy as np
import pytest

from dropout_lab.report import plots
from dropout_lab.report.merging import merge_arms
from dropout_lab.report.read_csv import read_trials
from dropout_lab.report.summary import Summary
from dropout_lab.stats.intervals import mean_interval
from dropout_lab.sweeps.ledger import Ledger


def summary_of(scores, settings=None, metric="test_accuracy"):
    """Arms "a", "b", ... with these scores of the seeds 0, 1, ..."""
    rows = [
        {"trial_id": f"{chr(97 + i)}{seed}", "status": "ok", "seed": seed, "train_seconds": 1.0, metric: score}
        for i, row in enumerate(scores)
        for seed, score in enumerate(row)
    ]
    Ledger("out").append(rows, [])
    arms = {chr(97 + i): [f"{chr(97 + i)}{seed}" for seed in range(len(row))] for i, row in enumerate(scores)}
    return Summary(read_trials("out"), arms, settings or {})


def blue_pixels(figure, axes, y):
    """The first and the last x in pixels at which a bar is drawn at this y."""
    figure.set_dpi(200)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())
    row = pixels.shape[0] - round(axes.transData.transform((0, y))[1])
    blue = pixels[row, :, 2].astype(int) - pixels[row, :, 0] > 60
    return np.flatnonzero(blue)[[0, -1]]


def test_a_bar_is_as_long_as_its_interval(folder):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    scores = [[0.9, 0.92, 0.95, 0.91], [0.5, 0.8, 0.7, 0.6]]
    figure = plots.draw_summary(summary_of(scores), "digits")
    figure.canvas = FigureCanvasAgg(figure)
    axes = figure.axes[0]
    for y, values in enumerate(scores):
        found = mean_interval(values, bounds=(0, 1))
        first, last = blue_pixels(figure, axes, y)
        low, high = (axes.transData.transform((100 * end, y))[0] for end in (found.low, found.high))
        assert first == pytest.approx(low, abs=1.5)  # projecting caps of this line width add 2.8 pixels
        assert last == pytest.approx(high, abs=1.5)


@pytest.mark.parametrize("along", [True, False])
@pytest.mark.parametrize("scores", [[[1.0, 1.0, 0.97], [0.1, 0.9, 0.95]], [[0, 0, 0.03], [0.9, 0, 0.1]]])
def test_axes_of_accuracies_stay_within_0_and_100(folder, along, scores):
    settings = {"a": {"rate": "0"}, "b": {"rate": "0.5"}} if along else {}
    axes = plots.draw_summary(summary_of(scores, settings), "digits").axes[0]
    low, high = axes.get_ylim() if along else axes.get_xlim()
    assert low >= -2.5
    assert high <= 102.5
    for line in axes.lines:
        assert line.get_solid_capstyle() == "butt"


def test_an_axis_of_errors_does_not_go_below_0(folder):
    axes = plots.draw_summary(summary_of([[0.01, 2, 5], [1, 2, 3]], metric="test_rmse"), "diabetes").axes[0]
    assert axes.get_xlim()[0] >= -0.025 * axes.get_xlim()[1]


def test_bars_along_the_rate_reach_both_ends_of_the_interval(folder):
    scores = [[1.0, 0.99, 0.95, 0.97], [0.9, 0.8, 0.7, 0.85]]
    figure = plots.draw_summary(summary_of(scores, {"a": {"rate": "0"}, "b": {"rate": "0.5"}}), "digits")
    (bars,) = figure.axes[0].collections
    for segment, values in zip(bars.get_segments(), scores, strict=True):
        assert segment[:, 1] == pytest.approx([100 * end for end in mean_interval(values, bounds=(0, 1))[1:3]])


@pytest.mark.parametrize("scores", [[[0.9, 0.8], [0.7, 0.75]], [[0.9] * 4, [0.7] * 4]])
@pytest.mark.parametrize("along", [True, False])
def test_no_bar_without_an_interval(folder, along, scores):
    settings = {"a": {"rate": "0"}, "b": {"rate": "0.5"}} if along else {}
    figure = plots.draw_summary(summary_of(scores, settings), "digits")
    plots.save_figure(figure, folder, "summary")
    axes = figure.axes[0]
    values = [line for line in axes.lines if line.get_marker() == ("_" if along else "|")]
    drawn = sorted(v for line in values for v in (line.get_ydata() if along else line.get_xdata()) if np.isfinite(v))
    assert drawn == pytest.approx(sorted(100 * v for row in scores for v in row) if len(scores[0]) == 2 else [])
    assert not [line for line in axes.lines if line.get_linewidth() == 2 and line.get_linestyle() == "-" and not along]
    segments = [segment for bars in axes.collections for segment in bars.get_segments()]
    assert not [segment for segment in segments if len(segment) and np.isfinite(segment).all()]


def test_every_line_begins_at_the_arm_that_all_of_them_share(folder):
    arms = {"variant=x rate=0": ["a0", "a1", "a2"], "variant=y rate=0": ["a0", "a1", "a2"]}
    arms |= {"variant=x rate=0.5": ["b0", "b1", "b2"], "variant=y rate=0.5": ["c0", "c1", "c2"]}
    settings = {label: dict(word.split("=") for word in label.split()) for label in arms}
    trials = summary_of([[0.9, 0.91, 0.92], [0.8, 0.81, 0.83], [0.7, 0.71, 0.74]]).trials
    merged = merge_arms(arms, settings, trials)
    figure = plots.draw_summary(Summary(trials, merged.arms, merged.settings, points=merged.points), "digits")
    lines = [line for line in figure.axes[0].lines if line.get_marker() in "os"]
    assert [line.get_xdata().tolist() for line in lines] == [[0, 0.5], [0, 0.5]]
    assert [line.get_ydata()[0] for line in lines] == pytest.approx([91, 91])
