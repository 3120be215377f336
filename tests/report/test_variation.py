"""What the foot says of the sources of variation, over tables of splits, seeds and test examples."""

import numpy as np
import pandas as pd
import pytest

from dropout_lab.report.footnotes import write_footnotes
from dropout_lab.report.splits import is_resplit, overlap_of
from dropout_lab.report.summary import Summary
from dropout_lab.report.summary_table import comparison_frame, render_cells
from dropout_lab.report.tuning_record import TuningRecord
from dropout_lab.sweeps.ledger import Ledger


def summarize(folder, bases=(0,) * 8, data="digits", split=None, fraction=0.2, tuned=None):
    """A summary of the arms a and b, with a base seed or a published split per trial."""
    random = np.random.default_rng(0)
    rows = [
        {
            "trial_id": f"{arm}{i}",
            "status": "ok",
            "seed": i,
            "test_accuracy": 0.9 + random.normal(0, 0.01),
            "n_test": 360,
        }
        | {"data": data, "base_seed": base, "data.test_fraction": fraction, "data.split": split and split[i]}
        for arm in "ab"
        for i, base in enumerate(bases)
    ]
    Ledger(folder).append(rows, [])
    from dropout_lab.report.read_csv import read_trials

    ids = {arm: [f"{arm}{i}" for i in range(len(bases))] for arm in "ab"}
    return Summary(read_trials(folder), ids, {}, tuned or {}, folder)


def foot(summary):
    return " ".join(write_footnotes(summary))


def test_seeds_that_share_the_test_part_say_so(folder):
    text = foot(summarize(folder))
    assert "Variation in the intervals: training seeds; not test examples and splits, which all seeds share." in text
    assert "Test set: 360 examples, one is 0.28 points." in text


def test_an_official_test_part_has_no_other_split(folder):
    assert "training seeds; not test examples, which all" in foot(summarize(folder, data="mnist", fraction=None))


def test_overlapping_splits_are_named_and_corrected(folder):
    summary = summarize(folder, bases=range(8))
    assert "Variation in the intervals: training seeds, splits and test examples." in foot(summary)
    assert "Nadeau and Bengio (2003)" in foot(summary)
    values = summary.of("a")["test_accuracy"]
    found, half = summary.interval("a", "test_accuracy"), 2.3646 * values.std() * np.sqrt(1 / 8 + 0.25)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.03)
    assert summary.comparison.to_baseline["b"].test.overlap == 0.25


def test_published_splits_overlap_by_what_they_test_on(folder):
    summary = summarize(folder, data="uci", split=list(range(8)), fraction=None)
    assert summary.overlap("a") == pytest.approx(1 / 9)


def test_data_that_are_drawn_anew_do_not_overlap(folder):
    assert summarize(folder, bases=range(8), data="linear_teacher").overlap("a") == 0


@pytest.mark.parametrize(
    ("draws", "text"), [(1, "not test examples, splits and tuning, which"), (5, "seeds and tuning; not")]
)
def test_tuning_is_named(folder, draws, text):
    record = TuningRecord("rate=0.1", 4, 2, 8, 1.0, "", {seed: seed % draws for seed in range(8)} if draws > 1 else {})
    assert text in foot(summarize(folder, tuned={"a": record, "b": record}))


def test_overlap_needs_more_than_one_split():
    trials = pd.DataFrame({"data": ["digits"] * 2, "base_seed": [1, 1], "data.test_fraction": [0.2] * 2})
    assert overlap_of(trials) == 0
    assert overlap_of(trials.assign(base_seed=[1, 2])) == 0.25


def test_base_seeds_that_follow_the_trial_seed_are_resplit():
    assert is_resplit(pd.DataFrame({"base_seed": [5, 6, 7], "seed": [0, 1, 2]}))
    assert not is_resplit(pd.DataFrame({"base_seed": [5, 6, 5, 6], "seed": [0, 0, 1, 1]}))
    assert not is_resplit(pd.DataFrame({"base_seed": [5, 5], "seed": [0, 1]}))


def test_saved_predictions_give_the_interval_over_examples(folder):
    summary = summarize(folder)
    random = np.random.default_rng(1)
    (folder / "predictions").mkdir()
    hard = random.random(360) < 0.15
    for arm in "ab":
        for i in range(8):
            wrong = (hard & (random.random(360) < 0.5)) | (random.random(360) < 0.02 * (arm == "a"))
            np.savez(folder / f"predictions/{arm}{i}.npz", target=np.zeros(360, int), prediction=wrong.astype(int))
    titles, rows = render_cells(summary)
    assert titles == ["arm", "test accuracy, %", "to baseline", "crossed", "p", "n"]
    assert rows[1][3].startswith("[")
    assert "except test examples in the column crossed" in foot(summary)
    frame = comparison_frame(summary)
    assert (frame["crossed_low"] < frame["crossed_high"]).all()
