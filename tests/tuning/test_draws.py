"""Repeated tuning: independent draws, each confirmed on its share of the seeds, and intervals over the draws."""

import numpy as np
import pandas as pd
import pytest

from dropout_lab.report.read_csv import read_trials
from dropout_lab.report.summary import Summary
from dropout_lab.report.tuning_record import TuningRecord, join_choices
from dropout_lab.sweeps.ledger import Ledger

SMALL = ("tune=true", "budget=2", "tuning_seeds=1", "arms=none,inverted", "train.epochs=1", "data.train_size=60")


def trials_of(folder):
    return pd.read_csv(folder / "results/sweep/trials.csv", dtype={"trial_id": str})


def test_each_draw_tunes_by_itself_and_confirms_on_its_seeds(typed, folder):
    status, out, err = typed("sweep", *SMALL, "tuning_draws=3", "seeds=6")
    assert (status, err) == (0, "")
    table, trials = pd.read_csv(folder / "results/sweep/tuning.csv", dtype=str), trials_of(folder)
    mine = table[table["arm"] == "inverted"]
    assert mine["settings"].nunique() == 6  # two settings for each of three draws
    tuning = [set(mine[mine["draw"] == str(draw)]["trials"]) for draw in range(3)]
    seeds = trials.set_index("trial_id")["seed"]
    assert [{int(seeds[i]) - 1_000_000 for i in each} for each in tuning] == [{0}, {1}, {2}]
    picked = mine[mine["picked"] == "True"]
    confirmed = {draw: {int(seeds[i]) for i in ids.split()} for draw, ids in picked[["draw", "confirmed"]].to_numpy()}
    assert confirmed == {"0": {0, 1}, "1": {2, 3}, "2": {4, 5}}
    assert "Variation in the intervals: training seeds and tuning;" in " ".join(out.split())
    summary = pd.read_csv(folder / "results/sweep/summary.csv")
    assert set(summary.loc[summary["metric"] == "test_accuracy", "n"]) == {3}
    again = typed("table", "out=results/sweep", "format=csv")[1]
    assert again.strip() == (folder / "results/sweep/summary.csv").read_text().strip()
    assert typed("sweep", *SMALL, "tuning_draws=3", "seeds=6")[1].count("already completed") == 2


def test_one_draw_is_the_tuning_without_repetitions(typed, folder):
    typed("sweep", *SMALL, "seeds=2")
    table = pd.read_csv(folder / "results/sweep/tuning.csv", dtype=str)
    assert "draw" not in table
    out = " ".join(typed("sweep", *SMALL, "tuning_draws=1", "seeds=2")[1].split())
    assert "not test examples, splits and tuning, which all seeds share" in out
    assert len(trials_of(folder)) == 2 + 2 + 2  # nothing was trained again


def test_with_resplit_each_draw_tunes_within_its_split(typed, folder):
    assert typed("sweep", *SMALL, "tuning_draws=3", "seeds=3", "resplit=true")[::2] == (0, "")
    trials = trials_of(folder)
    tuning = trials[trials["evaluate_test"].notna()]
    assert sorted(tuning["base_seed"]) == [0, 0, 1, 1, 2, 2]
    assert (tuning["base_seed"] == tuning["seed"] - 1_000_000).all()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("tuning_draws=4", "seeds=6"), "must divide the number of seeds, 6; use seeds=4 or seeds=8"),
        (("tuning_draws=3", "seeds=6", "resplit=true"), "tuning_draws=6 tunes once per seed"),
        (("seeds=6", "resplit=true"), "tuning would train on test examples of other seeds"),
        (("tuning_draws=3", "seeds=[1000002,1,2]"), "seeds from 1000000 on are reserved for tuning"),
    ],
)
def test_draws_that_cannot_be_are_refused(typed, folder, words, problem):
    status, _, err = typed("sweep", *SMALL, *words)
    assert (status, err.count("\n")) == (2, 1)
    assert problem in err
    assert not (folder / "results").exists()


@pytest.mark.parametrize("word", ["tuning_draws=2", "resplit=true"])
def test_a_search_has_no_draws(typed, folder, word):
    status, _, err = typed("search", "rate=interval(0.1,0.5)", "budget=1", "seeds=2", word)
    assert status == 2
    assert "applies to `sweep tune=true` only" in err


def test_the_interval_over_draws_contains_the_noise_of_tuning(folder):
    """Draws differ, seeds within a draw do not: the interval over seeds would be far too narrow."""
    random, draws, share = np.random.default_rng(0), 6, 4
    rows = [
        {"trial_id": f"{arm}{i}", "status": "ok", "seed": i, "test_accuracy": 0.9 + effect + random.normal(0, 0.0005)}
        for arm, spread in (("a", 0.0), ("b", 0.02))
        for draw, effect in enumerate(random.normal(0, spread, draws))
        for i in range(draw * share, (draw + 1) * share)
    ]
    Ledger(folder).append(rows, [])
    arms = {arm: [f"{arm}{i}" for i in range(draws * share)] for arm in "ab"}
    draw_of = {i: i // share for i in range(draws * share)}
    records = {arm: TuningRecord("", 1, 1, 1, 0.0, "", draw_of) for arm in "ab"}
    plain, repeated = (Summary(read_trials(folder), arms, {}, tuned, folder) for tuned in ({}, records))
    widths = [s.interval("b", "test_accuracy") for s in (plain, repeated)]
    assert [w.n for w in widths] == [24, 6]
    assert widths[1].high - widths[1].low > 1.8 * (widths[0].high - widths[0].low)
    assert repeated.comparison.to_baseline["b"].test.values.size == draws
    assert widths[0].mean == pytest.approx(widths[1].mean)


def test_choices_are_counted():
    assert join_choices(["rate=0.1", "rate=0.1"]) == "rate=0.1"
    assert join_choices(["rate=0.1", "rate=0.2", "rate=0.1"]) == "2 x rate=0.1; 1 x rate=0.2"
