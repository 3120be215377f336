"""``resplit=true``: each trial seed has its own test part."""

import numpy as np
import pandas as pd
import pytest

SMALL = ("data=digits", "data.train_size=60", "train.epochs=1", "model.hidden=[4]", "seeds=3", "rate=0,0.5")


def test_each_seed_has_its_own_test_part_and_arms_share_it(typed, folder):
    status, out, err = typed("sweep", *SMALL, "resplit=true", "base_seed=5", "save_predictions=true")
    assert (status, err) == (0, "")
    trials = pd.read_csv(folder / "results/sweep/trials.csv")
    assert sorted(zip(trials["base_seed"], trials["seed"], strict=True)) == sorted([(5 + s, s) for s in range(3)] * 2)
    from dropout_lab.report.predictions import load_predictions

    rows = {i: set(load_predictions("results/sweep", i)["rows"].tolist()) for i in trials["trial_id"]}
    by_seed = [{frozenset(rows[i]) for i in trials[trials["seed"] == s]["trial_id"]} for s in range(3)]
    assert [len(each) for each in by_seed] == [1, 1, 1]
    assert len(set.union(*by_seed)) == 3
    assert "training seeds, splits and test examples" in " ".join(out.split())
    again = typed("table", "out=results/sweep")[1]
    assert again.splitlines()[0].split()[0] == "rate"
    assert len([line for line in again.splitlines() if line.startswith("0")]) == 2


def test_a_trial_is_that_of_its_base_seed(trials):
    """Nothing but the split differs from a sweep with this base seed, so that stored trials are used again."""
    (resplit,) = {t.id for t in trials(*SMALL[:-2], "resplit=true", "seeds=[2]", "rate=0.5")}
    (plain,) = {t.id for t in trials(*SMALL[:-2], "base_seed=2", "seeds=[2]", "rate=0.5")}
    assert resplit == plain


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("data=uci", "data.name=yacht"), "data.split=range(0,20) trains on each of its published splits"),
        (("data=mnist",), "has an official test set of 10000 examples"),
    ],
)
def test_an_official_test_part_is_refused(typed, shared, words, remedy):
    status, _, err = typed("sweep", *words, f"data.root={shared}", "resplit=true")
    assert status == 2
    assert err.count("\n") == 1
    assert remedy in err


def test_a_test_part_of_the_user_is_refused(typed, folder):
    x, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    np.savez(folder / "mine.npz", x_train=x, y_train=y, x_test=x[:10], y_test=y[:10])
    status, _, err = typed("sweep", "data=file", "data.path=mine.npz", "resplit=true")
    assert status == 2
    assert "has an official test set of 10 examples" in err
    assert "leave out resplit=" in err
