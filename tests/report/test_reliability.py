"""Reliability diagrams: bins of several trials are pooled by their bounds."""

import numpy as np
import pandas as pd
import pytest

from dropout_lab.report.reliability import draw_calibration, pool_bins
from dropout_lab.stats.calibration import equal_mass, equal_width

BINS = 15


def predictions(seed, examples=60):
    """Probabilities [N, 4] and classes [N]: each seed leaves other bins empty."""
    random = np.random.default_rng(seed)
    p = random.dirichlet(np.full(4, 0.3 + 0.4 * seed), examples)
    return p, np.array([random.choice(4, p=row) for row in p])


def rows(seeds, binning=equal_width, numbered=True):
    """Rows of ``reliability.csv``; files of older versions number the bins that hold examples."""
    found = []
    for seed in seeds:
        bins = binning(*predictions(seed), BINS)
        names = ("low", "high", "count", "confidence", "accuracy")
        frame = pd.DataFrame({name: getattr(bins, name) for name in names})
        frame["bin"] = bins.number if numbered else np.arange(len(frame))
        found.append(frame.assign(trial_id=f"t{seed}", seed=seed, infer="weight_scaling", binning=binning.__name__))
    return pd.concat(found, ignore_index=True)


@pytest.mark.parametrize("numbered", [True, False])
def test_pooled_bins_are_those_of_all_examples(numbered):
    seeds = range(5)
    assert len({tuple(equal_width(*predictions(seed), BINS).number) for seed in seeds}) > 1
    pooled = pool_bins(rows(seeds, numbered=numbered))
    p, y = (np.concatenate(parts) for parts in zip(*map(predictions, seeds), strict=True))
    whole = equal_width(p, y, BINS)
    for name in ("low", "high", "count", "confidence", "accuracy"):
        assert pooled[name].to_numpy() == pytest.approx(getattr(whole, name), abs=1e-8)


def test_a_bin_has_its_place_among_all_bins():
    bins = equal_width(*predictions(0), BINS)
    assert bins.low == pytest.approx(bins.number / BINS)
    assert len(bins.number) < BINS


@pytest.mark.parametrize("binning", [equal_width, equal_mass])
def test_the_mean_confidence_lies_within_its_bin(binning):
    pooled = pool_bins(rows(range(5), binning))
    assert (pooled["confidence"] >= pooled["low"] - 1e-9).all()
    assert (pooled["confidence"] <= pooled["high"] + 1e-9).all()
    assert pooled["count"].sum() == 5 * 60


def test_bins_of_equal_mass_with_other_bounds_are_not_pooled():
    found = rows(range(5), equal_mass)
    assert len(pool_bins(found)) == len(found[["low", "high"]].drop_duplicates())


@pytest.mark.parametrize("numbered", [True, False])
def test_dots_stand_on_their_bars(numbered):
    coverage = pd.DataFrame(
        [
            {"trial_id": f"t{s}", "seed": s, "infer": "weight_scaling", "coverage": c, "risk": c / 10}
            for s in range(5)
            for c in (0.5, 1.0)
        ]
    )
    bins = pd.concat([rows(range(5), numbered=numbered), rows(range(5), equal_mass)], ignore_index=True)
    panel = draw_calibration(bins, coverage, "digits").axes[0]
    (dots,) = [line for line in panel.lines if line.get_marker() == "o"]
    bars = [patch for patch in panel.patches if patch.get_facecolor()[3] == 0]
    assert len(dots.get_xdata()) == len(bars) > 5
    for x, y, bar in zip(dots.get_xdata(), dots.get_ydata(), bars, strict=True):
        assert bar.get_x() <= x <= bar.get_x() + bar.get_width()
        assert y == pytest.approx(bar.get_height())
