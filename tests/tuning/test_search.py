"""The protocol: equal budgets, choices by validation alone, confirmed on fresh seeds."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dropout_lab.errors import ConfigError
from dropout_lab.report.read_csv import read_trials
from dropout_lab.report.summary import Summary
from dropout_lab.tuning.search import FIRST_SEED, Candidate, Search, cost_preview, run_or_tune, score_candidate

TINY = ["tune=true", "model.hidden=[8]", "train.epochs=2", "out=out", "seeds=2", "budget=3"]
ARMS = "arms=none,inverted,l2,early_stopping,[inverted,max_norm]"


def go(arms_of, *words):
    lines = []
    keys = {word.partition("=")[0] for word in words}
    return run_or_tune(arms_of(*(w for w in TINY if w.partition("=")[0] not in keys), *words), lines.append), lines


def stored():
    with Path("out/trials.csv").open() as file:
        return list(csv.DictReader(file))


def choices_of(outcome):
    return {s.arm.label: [(a.settings, a.score, a.loss) for a in [*s.attempts, s.picked]] for s in outcome.searches}


def test_every_arm_gets_the_same_number_of_settings_and_trials(folder, arms_of):
    outcome, lines = go(arms_of, ARMS)
    counts = {search.arm.label: (len(search.attempts), len(search.rows)) for search in outcome.searches}
    # With nothing to choose there is nothing to try.
    tuned = ["inverted", "l2", "early_stopping", "inverted+max_norm"]
    assert counts == {"none": (0, 0), **dict.fromkeys(tuned, (3, 6))}
    assert lines[0] == "tuning: 3 settings per arm, sampler random, 2 seeds; the test set is not read"
    assert (outcome.status, outcome.trained) == (0, 4 * 6 + 5 * 2)
    assert all(search.seconds > 0 for search in outcome.searches[1:])


def test_what_chooses_never_reads_the_test_part_and_has_seeds_of_its_own(folder, arms_of):
    outcome, _ = go(arms_of, ARMS)
    rows = stored()
    choosing = [row for row in rows if row["evaluate_test"] == "false"]
    assert len(choosing) == 4 * 6
    assert {row["seed"] for row in choosing} == {str(FIRST_SEED), str(FIRST_SEED + 1)}
    assert all(row["val_accuracy"] and not (row["test_accuracy"] or row["test_loss"] or row["gap"]) for row in choosing)
    confirming = [row for row in rows if row["evaluate_test"] == ""]
    assert {row["seed"] for row in confirming} == {"0", "1"}
    assert all(row["test_accuracy"] for row in confirming)
    # The test part is read once for each arm and seed, with its chosen setting and no other.
    assert len(confirming) == sum(len(arm.trials) for arm in outcome.arms) == 10


def test_with_the_test_labels_shuffled_every_choice_is_unchanged(folder, arms_of):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(160, 6)), np.repeat([0, 1], 80)
    x[:, 0] += 4 * y
    x_test, y_test = x[::2] + 0.1, y[::2]
    for name, labels in (("true", y_test), ("shuffled", random.permutation(y_test))):
        np.savez(f"{name}.npz", x=x, y=y, x_test=x_test, y_test=labels)
    words = ["arms=none,inverted,l2,[inverted,l2]", "data=file", "train.epochs=6", "train.lr=0.03", "budget=4"]
    true, _ = go(arms_of, *words, "data.path=true.npz", "out=true")
    shuffled, _ = go(arms_of, *words, "data.path=shuffled.npz", "out=shuffled")
    assert choices_of(true) == choices_of(shuffled)
    frames = [read_trials(name) for name in ("true", "shuffled")]
    assert frames[0]["val_loss"].tolist() == frames[1]["val_loss"].tolist()
    # And the labels did matter where they are read.
    assert frames[0]["test_accuracy"].mean() > 0.7 > frames[1]["test_accuracy"].mean()


def test_a_choice_is_handed_validation_figures_only(folder, arms_of, monkeypatch):
    handed = []

    def watched(settings, ids, rows):
        handed.extend(rows)
        return score_candidate(settings, ids, rows)

    monkeypatch.setattr("dropout_lab.tuning.search.score_candidate", watched)
    go(arms_of, "arms=none,inverted")
    assert handed
    assert {key for row in handed for key in row} == {
        *{"status", "val_loss", "val_accuracy", "val_rmse", "val_perplexity"}
    }


def test_the_same_command_again_trains_nothing_and_chooses_the_same(folder, arms_of):
    first, _ = go(arms_of, ARMS)
    before = Path("out/trials.csv").read_text()
    again, lines = go(arms_of, ARMS)
    assert again.trained == 0
    assert choices_of(again) == choices_of(first)
    assert Path("out/trials.csv").read_text() == before
    assert "out: all 24 trials already completed" in lines


def test_it_resumes_in_the_middle(folder, arms_of):
    whole, _ = go(arms_of, ARMS, "max_pack_size=4")
    lines = Path("out/trials.csv").read_text().splitlines(keepends=True)
    Path("out/trials.csv").write_text("".join(lines[:10]))
    again, _ = go(arms_of, ARMS, "max_pack_size=4")
    assert 0 < again.trained < whole.trained
    # What had not begun is trained in other packs, which round otherwise.
    for label, chosen in choices_of(whole).items():
        for before, after in zip(chosen, choices_of(again)[label], strict=True):
            assert after[0] == before[0]
            assert after[1:] == pytest.approx(before[1:], rel=1e-6, nan_ok=True)


def test_more_seeds_and_a_larger_budget_keep_what_is_there(folder, arms_of):
    first, _ = go(arms_of, "arms=none,l2")
    more, _ = go(arms_of, "arms=none,l2", "seeds=3")
    assert more.trained == 2
    assert choices_of(more) == choices_of(first)
    larger, _ = go(arms_of, "arms=none,l2", "budget=5")
    assert choices_of(larger)["l2"][:3] == choices_of(first)["l2"][:3]


def test_the_pick_has_the_best_validation_score_and_is_what_is_confirmed(folder, arms_of):
    outcome, _ = go(arms_of, "arms=inverted", "budget=5", "train.epochs=4")
    (search,) = outcome.searches
    assert search.picked.score == max(attempt.score for attempt in search.attempts)
    assert outcome.arms[0].config.rate == search.picked.settings["rate"]
    frame = pd.read_csv("out/trials.csv", dtype={"trial_id": str})
    ids = [list(attempt.trials) for attempt in search.attempts]
    means = [frame[frame.trial_id.isin(each)]["val_accuracy"].mean() for each in ids]
    assert means == pytest.approx([attempt.score for attempt in search.attempts])


def row(status="ok", loss="0.5", **scores):
    return {"status": status, "val_loss": loss, "val_accuracy": "", "val_rmse": "", "val_perplexity": "", **scores}


def test_settings_are_ranked_by_what_was_lost_then_score_then_loss():
    good = score_candidate({}, ("a", "b"), [row(val_accuracy="0.8"), row(val_accuracy="0.9", loss="0.3")])
    assert (good.score, good.loss, good.lost) == (pytest.approx(0.85), 0.4, 0)
    lucky = score_candidate({}, ("a", "b"), [row(val_accuracy="0.99"), row("diverged", "")])
    lower_loss = score_candidate({}, ("a", "b"), [row(val_accuracy="0.85", loss="0.1")] * 2)
    nothing = score_candidate({}, ("a",), [row("diverged", "")])
    ranked = sorted([nothing, lucky, good, lower_loss], key=lambda attempt: attempt.rank)
    assert [ranked.index(attempt) for attempt in (lower_loss, good, lucky, nothing)] == [0, 1, 2, 3]


def test_less_is_better_for_errors_and_perplexities():
    scores = [{name: value} for name in ("val_rmse", "val_perplexity") for value in ("2", "3")]
    few = [score_candidate({}, ("a",), [row(**score)]) for score in scores]
    assert few[0].rank < few[1].rank
    assert few[2].rank < few[3].rank


@pytest.mark.parametrize("sampler", ["grid", "optuna"])
def test_every_sampler_goes_through_the_same_protocol(folder, arms_of, sampler):
    if sampler == "optuna":
        pytest.importorskip("optuna")
    words = ["arms=none,inverted,[inverted,l2]", f"sampler={sampler}", "budget=5"]
    outcome, _ = go(arms_of, *words)
    assert [len(search.attempts) for search in outcome.searches] == [0, 5, 5]
    again, _ = go(arms_of, *words)
    assert again.trained == 0
    assert choices_of(again) == choices_of(outcome)


def test_a_rehearsal_has_the_trials_of_the_real_thing(folder, arms_of):
    words = [*TINY, ARMS]
    outcome, _ = go(arms_of, ARMS)
    assumed = Counter(t.config.evaluate_test for arm in cost_preview(arms_of(*words)) for t in arm.trials)
    assert assumed == {False: 24, True: 10}
    assert sum(assumed.values()) == outcome.trained


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["arms=none"], "no arm has a setting to tune"),
        (["rate=0.3"], "no arm has a setting to tune"),
        ([f"seeds=[0,{FIRST_SEED}]"], "are reserved for tuning"),
        (["evaluate_test=false"], "leave out evaluate_test="),
    ],
)
def test_what_cannot_be_tuned_is_refused_before_anything_is_made(folder, arms_of, words, message):
    with pytest.raises(ConfigError, match=message):
        go(arms_of, *words)
    assert list(folder.iterdir()) == []


def test_an_arm_may_have_nothing_to_choose_beside_others(arms_of):
    (arm,) = arms_of("arms=none", *TINY)
    search = Search(arm)
    assert (search.ask(), search.picked) == ([], Candidate({}))


def summary_of(outcome):
    ids = {arm.label: [trial.id for trial in arm.trials] for arm in outcome.arms}
    return Summary(
        read_trials(outcome.arms[0].config.out), ids, {arm.label: dict(arm.settings) for arm in outcome.arms}
    )


@pytest.mark.slow
def test_planted_where_l2_is_right_the_protocol_says_so(folder, arms_of):
    """Few examples of a noisy linear teacher with Gaussian weights, for which a Gaussian prior, L2, is the truth."""
    world = ["data=linear_teacher", "data.examples=240", "data.features=40", "data.noise=1", "model.hidden=[32]"]
    recipe = ["data.test_fraction=0.5", "train.epochs=60", "train.batch_size=16", "train.lr=0.01"]
    strengths = "regularizer.l2=tag(log,interval(1e-3,1))"
    outcome, _ = go(arms_of, "arms=none,l2", strengths, *world, *recipe, "budget=6", "seeds=8")
    comparison = summary_of(outcome).comparison
    assert [comparison.mark(label) for label in ("none", "l2")] == ["", "*"]
    assert comparison.to_baseline["l2"].difference.high < 0  # a smaller error
    assert comparison.to_baseline["l2"].holm <= 0.05


@pytest.mark.slow
def test_planted_where_nothing_can_help_nothing_is_told_apart(folder, arms_of):
    """Labels drawn by a coin: whatever is chosen by validation, the test part must not confirm it."""
    random = np.random.default_rng(1)
    coins = np.tile([0, 1], 300)
    np.savez("coins.npz", x=random.normal(size=(600, 5)), y=coins, x_test=random.normal(size=(600, 5)), y_test=coins)
    outcome, _ = go(arms_of, "arms=none,inverted,l2", "data=file", "data.path=coins.npz", "seeds=8", "train.epochs=4")
    summary = summary_of(outcome)
    marks = Counter(summary.comparison.mark(label) for label in summary.arms)
    assert marks["*"] == 1
    assert set(marks) <= {"*", "=", "?"}  # ? where arms differ in too few of the seeds for any conclusion
