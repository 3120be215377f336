"""Verdicts on planted numbers: every kind of claim must come out each way."""

import math

import numpy as np
import pytest

from dropout_lab.stats.paired import holm
from dropout_lab.studies.bound_tests import BoundTest, intersection_union
from dropout_lab.studies.claims import TESTS
from dropout_lab.studies.verdicts import (
    CONTRADICTED,
    INCOMPARABLE,
    OPEN,
    SUPPORTED,
    judge_claims,
)

N = 10
NOISE = [0.3, -0.2, 0.1, -0.3, 0.2, 0.0, -0.1, 0.25, -0.25, 0.0]
AXIS = {"arms": {"d": "variant=inverted rate=0,0.3,0.6"}}
FOUR = {"arms": {name: f"variant=inverted rate=0.{i}" for i, name in enumerate("abcd", 1)}}
PUBLISHED = "primer/rate/rate-0.5"  # 94.5 %


def about(*means, noise=NOISE):
    """Values about each mean; the noise of arms is not the same, so that their differences have some."""
    return [[mean + noise[(seed + 3 * i) % N] for seed in range(N)] for i, mean in enumerate(means)]


def two(a, b):
    return dict(zip("ab", about(a, b), strict=True))


def along(*means):
    return {f"d rate={rate}": v for rate, v in zip(("0", "0.3", "0.6"), about(*means), strict=True)}


def four(*means):
    return dict(zip("abcd", about(*means), strict=True))


def one(planted, test, values, changes=None, **more):
    claim = {"says": "It is so.", "source": "somebody", "test": test, **more.pop("claim", {})}
    (judged,) = judge_claims(planted({"claims": [claim], **(changes or {})}, values, **more))
    return judged


CASES = [
    ({"better": "b", "than": "a"}, two(90, 92), SUPPORTED, {}),
    ({"better": "b", "than": "a"}, two(92, 90), CONTRADICTED, {}),
    ({"better": "b", "than": "a"}, two(90, 90.01), OPEN, {}),
    ({"better": "b", "than": "a", "by": 1}, two(90, 92), SUPPORTED, {}),
    ({"better": "b", "than": "a", "by": 1}, two(90, 90.5), CONTRADICTED, {}),
    ({"better": "b", "than": "a", "by": 1}, two(90, 91), OPEN, {}),
    ({"always": [["b", "a"], ["c", "a"]]}, four(90, 92, 93, 80), SUPPORTED, FOUR),
    ({"always": [["b", "a"], ["c", "a"]]}, four(90, 92, 89, 80), CONTRADICTED, FOUR),
    ({"always": [["b", "a"], ["c", "a"]]}, four(90, 92, 90, 80), OPEN, FOUR),
    ({"equivalent": ["a", "b"], "within": 1}, two(90, 90.05), SUPPORTED, {}),
    ({"equivalent": ["a", "b"], "within": 1}, two(90, 92), CONTRADICTED, {}),
    ({"equivalent": ["a", "b"], "within": 1}, two(90, 91), OPEN, {}),
    ({"best": "b"}, four(90, 93, 91, 92), SUPPORTED, FOUR),
    ({"best": "b"}, four(90, 93, 91, 95), CONTRADICTED, FOUR),
    ({"best": "b"}, four(90, 93, 91, 93), OPEN, FOUR),
    ({"best": "b", "within": 1}, four(90, 93, 91, 93), SUPPORTED, FOUR),
    ({"best": "b", "among": ["a", "b", "c"]}, four(90, 93, 91, 95), SUPPORTED, FOUR),
    ({"near": "a", "within": 0.5}, two(94.6, 90), SUPPORTED, "published"),
    ({"near": "a", "within": 0.5}, two(96, 90), CONTRADICTED, "published"),
    ({"near": "a", "within": 0.5}, two(95, 90), OPEN, "published"),
    ({"value": "a", "between": [89, 91]}, two(90, 50), SUPPORTED, {}),
    ({"value": "a", "between": [91, None]}, two(90, 50), CONTRADICTED, {}),
    ({"value": "a", "between": [90, None]}, two(90, 50), OPEN, {}),
    ({"ratio": ["a", "b"], "between": [1.1, 1.3]}, two(60, 50), SUPPORTED, {}),
    ({"ratio": ["a", "b"], "between": [1.1, 1.3]}, two(50, 50), CONTRADICTED, {}),
    ({"ratio": ["a", "b"], "between": [1.1, 1.3]}, two(55, 50), OPEN, {}),
    ({"gain": ["a", "b"], "over": ["c", "d"]}, four(93, 90, 91, 90), SUPPORTED, FOUR),
    ({"gain": ["a", "b"], "over": ["c", "d"]}, four(91, 90, 93, 90), CONTRADICTED, FOUR),
    ({"gain": ["a", "b"], "over": ["c", "d"]}, four(91, 90, 91, 90), OPEN, FOUR),
    ({"gain": ["a", "b"], "over": ["c", "d"], "within": 1}, four(91, 90, 91, 90), SUPPORTED, FOUR),
    ({"gain": ["a", "b"], "over": ["c", "d"], "within": 1}, four(94, 90, 91, 90), CONTRADICTED, FOUR),
    ({"trend": "rising", "over": "rate", "arm": "d"}, along(90, 91, 92), SUPPORTED, AXIS),
    ({"trend": "falling", "over": "rate", "arm": "d"}, along(90, 91, 92), CONTRADICTED, AXIS),
    ({"trend": "rising", "over": "rate", "arm": "d"}, along(90, 90, 90), OPEN, AXIS),
    ({"trend": "rising", "over": "rate", "arm": "d"}, along(90, 95, 92), CONTRADICTED, AXIS),  # up and down again
    # Arms that each have a value of their own; d, which goes the other way, is none of them.
    ({"trend": "rising", "over": "rate", "among": ["a", "b", "c"]}, four(90, 91, 92, 80), SUPPORTED, FOUR),
    ({"trend": "falling", "over": "rate", "among": ["a", "b", "c"]}, four(90, 91, 92, 80), CONTRADICTED, FOUR),
    ({"same": ["a", "b"]}, {"a": [90] * N, "b": [90] * N}, SUPPORTED, {}),
    ({"same": ["a", "b"]}, {"a": [90] * N, "b": [90] * (N - 1) + [91]}, CONTRADICTED, {}),
    ({"same": ["a"], "to": 90}, {"a": [90] * N, "b": [1] * N}, SUPPORTED, {}),
    ({"same": ["a"], "to": 89}, {"a": [90] * N, "b": [1] * N}, CONTRADICTED, {}),
]


@pytest.mark.parametrize(("test", "values", "verdict", "changes"), CASES)
def test_each_kind_of_claim_comes_out_each_way(planted, test, values, verdict, changes):
    if changes == "published":
        changes = {"metrics": {"accuracy": {**METRIC, "published": {"a": PUBLISHED}}}}
    judged = one(planted, test, values, changes)
    assert judged.verdict == verdict
    assert judged.n in (N, N * len(test.get("same", "")))


def test_every_kind_of_claim_is_planted_with_its_own_contradiction():
    for wanted in (SUPPORTED, CONTRADICTED):
        assert {next(iter(test)) for test, _, verdict, _ in CASES if verdict == wanted} == set(TESTS)


METRIC = {"value": "100 * test_accuracy", "title": "test accuracy, %", "better": "higher"}


def test_less_can_be_better(planted):
    error = {"metrics": {"error": {"value": "100 * (1 - test_accuracy)", "title": "error, %", "better": "lower"}}}
    judged = one(planted, {"better": "b", "than": "a"}, two(90, 92), error)
    assert judged.verdict == SUPPORTED
    assert judged.effect.mean < 0
    assert one(planted, {"best": "a"}, two(90, 92), error).verdict == CONTRADICTED


def test_the_effect_is_the_difference_that_decides(planted):
    judged = one(planted, {"best": "b"}, four(90, 93, 91, 92.5), FOUR)
    assert judged.about == "b - d"
    assert judged.effect.mean == pytest.approx(0.5)
    assert judged.effect.low < 0.5 < judged.effect.high
    ratio = one(planted, {"ratio": ["a", "b"], "between": [1.1, 1.3]}, two(60, 50))
    assert ratio.effect.mean == pytest.approx(1.2, abs=0.001)


def test_a_smoke_run_judges_nothing(planted):
    judged = one(planted, {"better": "b", "than": "a"}, two(90, 92), scale="smoke")
    assert (judged.verdict, judged.tendency) == (INCOMPARABLE, "for")
    same = one(planted, {"same": ["a"]}, {"a": [1, 2], "b": [1, 2]}, scale="smoke")
    assert same.verdict == INCOMPARABLE


CLAIM = {"says": "It is so.", "source": "somebody", "test": {"better": "a", "than": "b"}}


@pytest.mark.parametrize(
    ("conditions", "own", "verdict"),
    [
        (["n_train >= 1000"], None, CONTRADICTED),
        (["n_train >= 1001"], None, INCOMPARABLE),
        (["replicates >= 11"], None, INCOMPARABLE),
        (["replicates >= 10", "n_train > 5"], None, CONTRADICTED),
        ("the data are others", None, INCOMPARABLE),
        ("the data are others", "any", CONTRADICTED),
        (["n_train >= 1001"], ["n_train >= 10"], CONTRADICTED),
        ([], ["n_train >= 1001"], INCOMPARABLE),
    ],
)
def test_what_the_file_says_makes_a_run_comparable(planted, conditions, own, verdict):
    claim = CLAIM | ({} if own is None else {"comparable": own})
    (judged,) = judge_claims(planted({"claims": [claim], "comparable": conditions}, two(90, 92)))
    assert judged.verdict == verdict
    assert judged.tendency == "against"
    assert bool(judged.why) == (verdict == INCOMPARABLE)


def test_a_cell_that_is_not_run_at_a_scale_leaves_the_claim_open_to_another(planted):
    scales = {"smoke": {}, "laptop": {"only": ["a"]}}
    (judged,) = judge_claims(planted({"claims": [CLAIM], "scales": scales}, {"a": [90] * N}))
    assert judged.verdict == INCOMPARABLE
    assert "not run" in judged.why


def test_ratios_of_nothing_are_not_judged(planted):
    judged = one(planted, {"ratio": ["a", "b"], "between": [1, 2]}, two(50, 0))
    assert (judged.verdict, judged.p) == (INCOMPARABLE, None)


def test_few_replicates_tell_nothing_and_say_so(planted):
    values = {"a": [90.0, 90.1, 90.2], "b": [95.0, 95.0, 95.0]}
    judged = one(planted, {"better": "b", "than": "a"}, values)
    assert (judged.verdict, judged.why) == (OPEN, "too few replicates to tell")
    single = one(planted, {"better": "b", "than": "a"}, {"a": [90.0], "b": [95.0]})
    assert single.verdict == OPEN


def test_claims_of_one_study_are_corrected_together(planted):
    # Ten pairs of one sign reach 2 ** -9 in a single test; thirty claims need less than that.
    values = {"a": [90.0] * N, "b": [90.0 + 0.1 * i for i in range(1, N + 1)]}
    claim = {**CLAIM, "test": {"better": "b", "than": "a"}}
    (alone,) = judge_claims(planted({"claims": [claim]}, values))
    many = judge_claims(planted({"claims": [claim] * 30}, values))
    assert alone.verdict == SUPPORTED
    assert {one.verdict for one in many} == {OPEN}
    assert many[0].holm == pytest.approx(holm([alone.p] * 30)[0])


def test_claims_that_are_not_judged_do_not_count_among_them(planted):
    values = {"a": [90.0] * N, "b": [90.0 + 0.1 * i for i in range(1, N + 1)]}
    claim = {**CLAIM, "test": {"better": "b", "than": "a"}}
    others = [{**claim, "comparable": "never"}] * 30
    judged = judge_claims(planted({"claims": [claim, *others]}, values))
    assert [one.verdict for one in judged] == [SUPPORTED] + [INCOMPARABLE] * 30


def test_pairs_are_the_seeds_that_both_arms_finished(planted):
    a, b = about(90, 92)
    judged = one(planted, {"better": "b", "than": "a"}, {"a": [None, *a[1:]], "b": [*b[:-1], None]})
    assert judged.n == N - 2
    lost = one(planted, {"better": "b", "than": "a"}, {"a": [None] * 4 + a[4:], "b": b})
    assert lost.verdict == OPEN
    assert "diverged" in lost.why


def test_panels_are_judged_by_themselves_and_always_over_all(planted):
    panels = {"panels": {"x": "data=digits", "y": "data=wine"}}
    a, b = about(90, 92)
    values = {"x/a": a, "x/b": b, "y/a": b, "y/b": a}
    better, always = ({"better": "b", "than": "a"}, {"always": [["b", "a"]]})
    claims = [{**CLAIM, "test": test} for test in (better, always)]
    judged = judge_claims(planted({**panels, "claims": claims}, values))
    assert [(one.panel, one.verdict) for one in judged] == [("x", SUPPORTED), ("y", CONTRADICTED), ("", CONTRADICTED)]
    across = {**CLAIM, "test": {"gain": ["x/b", "x/a"], "over": ["y/b", "y/a"]}}
    (found,) = judge_claims(planted({**panels, "claims": [across]}, values))
    assert (found.panel, found.verdict) == ("", SUPPORTED)


def test_where_nothing_differs_a_verdict_is_rare():
    """Two-sided at 0.05, whichever way a claim is put: no more than that of planted null results get a verdict."""
    draws = np.random.default_rng(0)
    told = {"better": 0, "edge": 0, "best": 0}
    runs = 400
    for _ in range(runs):
        values = draws.normal(size=(4, 10))
        contrasts = {
            "better": [BoundTest("", values[0], low=0.0)],
            "edge": [BoundTest("", values[0] + 1, -1.0, 1.0)],
            "best": [BoundTest("", values[0] - other, low=0.0) for other in values[1:]],
        }
        for name, each in contrasts.items():
            answer = intersection_union(each)
            told[name] += answer.p <= 0.05
    for name, count in told.items():
        assert count / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs), name
