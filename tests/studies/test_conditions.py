"""Conditions of a comparison: they may not depend on the outcome of the arm that a claim is about."""

import pytest

from dropout_lab.errors import ConfigError
from dropout_lab.studies import catalog
from dropout_lab.studies.loader import parse_study
from dropout_lab.studies.verdicts import CONTRADICTED, INCOMPARABLE, SUPPORTED, judge_claims

from .conftest import BASE

N = 10
CLAIM = {"says": "Dropout helps.", "source": "me", "test": {"better": "b", "than": "a"}}
FITTED = {"reference": "a", "when": "train_accuracy > 0.95"}


def study(condition, **changes):
    return parse_study("s", {**BASE, "claims": [{**CLAIM, "comparable": condition}], **changes}, "s.yaml")


@pytest.mark.parametrize(
    ("condition", "column"),
    [
        ("train_accuracy > 0.95", "train_accuracy"),
        ("gap < 0.1", "gap"),
        ("n_train >= 10 and 100 * (1 - test_accuracy) < 5", "test_accuracy"),
        ("val_loss < train_epochs", "val_loss"),
        ("epochs_run >= 50", "epochs_run"),
        ("best_epoch > 3", "best_epoch"),
        ("log(drop_fraction) < 0", "drop_fraction"),
        ("status == 'ok'", "status"),
        ("n_tran > 5", "n_tran"),
    ],
)
def test_an_outcome_is_refused_as_a_condition(condition, column):
    for changes in ({"claims": [{**CLAIM, "comparable": [condition]}]}, {"comparable": [condition]}):
        with pytest.raises(ConfigError) as refused:
            parse_study("s", {**BASE, **changes}, "s.yaml")
        assert f"{column} is not fixed before training" in str(refused.value)
        assert "{reference: ARM, when: EXPRESSION}" in str(refused.value)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "condition",
    [
        "n_train >= 50000",
        "train_epochs * n_train / train_batch_size >= 6000",
        "parameters >= 100 * n_train",
        "data == 'mnist'",
        "model_hidden == '1024/1024'",
        "data_val_fraction == 0",
        "replicates >= 5",
    ],
)
def test_what_is_fixed_before_training_may_be_a_condition(condition):
    assert study([condition]).claims[0].comparable.when == [condition]


@pytest.mark.parametrize(
    ("condition", "changes", "message"),
    [
        ({"reference": "b", "when": "train_accuracy > 0.95"}, {}, "is trained with dropout"),
        ({"reference": "c", "when": "train_accuracy > 0.95"}, {}, "no such cell; the cells are a, b"),
        ({"reference": "a"}, {}, "needs when"),
        ({"reference": "a", "when": "gap < 1", "by": 1}, {}, "no key 'by'"),
        (
            {"reference": "b", "when": "train_accuracy > 0.95"},
            {"arms": {"a": "variant=none", "b": "variant=none regularizer=l2"}},
            "is the arm that the claim is about",
        ),
        (
            {"reference": "b", "when": "train_accuracy > 0.95"},
            {"arms": {"a": "variant=none", "b": "variant=inverted rate=0 input_rate=0.2"}},
            "is trained with dropout",
        ),
    ],
)
def test_an_outcome_is_taken_from_an_arm_without_dropout_only(condition, changes, message):
    with pytest.raises(ConfigError) as refused:
        study([condition], **changes)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_rate_of_zero_is_an_arm_without_dropout():
    arms = {"a": "variant=inverted rate=0", "b": "variant=inverted rate=0.5"}
    assert study([FITTED], arms=arms).claims[0].comparable.reference[0].cell == "a"


def test_the_condition_of_the_study_may_refer_to_a_reference_too():
    changes = {"claims": [CLAIM], "comparable": [{"reference": "b", "when": "train_accuracy > 0.95"}]}
    with pytest.raises(ConfigError, match="is trained with dropout"):
        parse_study("s", {**BASE, **changes})


def judge(planted, a, b, condition, **changes):
    """Judge a claim of a gain by b over planted test accuracies, with a training accuracy per arm and seed."""
    measured = planted(
        {"claims": [{**CLAIM, "comparable": [condition]}], **changes},
        {"a": [90 + 0.1 * i for i in range(N)], "b": [b[0] + 0.1 * i for i in range(N)]},
    )
    path = measured.folder / "trials.csv"
    lines = path.read_text().splitlines()
    at = lines[0].split(",").index("train_accuracy")
    for i, line in enumerate(lines[1:], 1):
        cells = line.split(",")
        cells[at] = str((a if cells[0].startswith("a-") else b[1])[(i - 1) % N])
        lines[i] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    (verdict,) = judge_claims(measured)
    return verdict


def test_harm_by_a_treated_arm_that_does_not_fit_is_judged(planted):
    fits, does_not = [0.99] * N, [0.5] * N
    assert judge(planted, fits, (80, does_not), FITTED).verdict == CONTRADICTED
    assert judge(planted, fits, (95, fits), FITTED).verdict == SUPPORTED
    verdict = judge(planted, does_not, (95, fits), FITTED)
    assert (verdict.verdict, verdict.why) == (INCOMPARABLE, "not train_accuracy > 0.95 in the mean of a")


def test_one_trial_of_the_reference_does_not_set_a_claim_aside(planted):
    mostly = [0.99] * (N - 1) + [0.94]
    assert judge(planted, mostly, (80, mostly), FITTED).verdict == CONTRADICTED


def test_a_reference_that_is_not_run_leaves_the_claim_open_to_another_scale(planted):
    arms = {**BASE["arms"], "c": "variant=none regularizer=l2"}
    scales = {"smoke": {}, "laptop": {"only": ["a", "b"]}}
    condition = {"reference": "c", "when": "train_accuracy > 0.95"}
    verdict = judge(planted, [0.99] * N, (95, [0.99] * N), condition, arms=arms, scales=scales)
    assert (verdict.verdict, verdict.why) == (INCOMPARABLE, "c is not run at this scale")


@pytest.mark.parametrize("name", catalog.study_names())
def test_timing_claims_name_the_implementation(name):
    for claim in catalog.find_study(name).claims:
        assert ("dropout-lab" in claim.says) == (claim.category == "timing"), claim.id


def test_no_claim_of_the_project_is_made_twice():
    said = [claim.says for name in catalog.study_names() for claim in catalog.find_study(name).claims]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(("accuracy_on_y", "verdict"), [(0.99, SUPPORTED), (0.9, INCOMPARABLE)])
def test_the_reference_of_a_claim_about_all_panels_must_fit_on_each(planted, accuracy_on_y, verdict):
    claim = {**CLAIM, "test": {"always": [["b", "a"]]}, "comparable": [FITTED]}
    values = {
        f"{panel}/{arm}": [level + 0.1 * i for i in range(N)] for panel in "xy" for arm, level in (("a", 90), ("b", 95))
    }
    measured = planted({"claims": [claim], "panels": {"x": "data=digits", "y": "data=wine"}}, values)
    path = measured.folder / "trials.csv"
    lines = [line.split(",") for line in path.read_text().splitlines()]
    at = lines[0].index("train_accuracy")
    for cells in lines[1:]:
        cells[at] = str(accuracy_on_y if cells[0].startswith("y/") else 0.99)
    path.write_text("\n".join(map(",".join, lines)) + "\n")
    (judged,) = judge_claims(measured)
    assert judged.verdict == verdict
    assert judged.why == ("" if verdict == SUPPORTED else "not train_accuracy > 0.95 in the mean of y/a")
