"""Claims at the boundary of what they say: any verdict is wrong, and at most one in twenty may be given."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from dropout_lab.studies.bound_tests import intersection_union
from dropout_lab.studies.claim_context import ClaimContext
from dropout_lab.studies.claims import TESTS
from dropout_lab.studies.measurements import PublishedFigure
from dropout_lab.studies.published import PublishedValue
from dropout_lab.studies.study import Claim, StudyMetric

N, SAMPLES = 10, 700
LIMIT = 0.05 + 2.5 * math.sqrt(0.05 * 0.95 / SAMPLES)
NOISES = {
    "normal": lambda random: random.normal(0, 1, N),
    "exponential": lambda random: random.exponential(1, N) - 1,
    "mirrored exponential": lambda random: 1 - random.exponential(1, N),
    "ties": lambda random: random.binomial(4, 0.5, N) - 2.0,
}
FIGURE = PublishedValue("", "", "", "", "", "", "50", "%", "", "", "", "", "print")
# Kind -> test, means at the boundary, means for the claim, means against it. The noise is that of the first cell.
PLANTED = {
    "better": ({"better": "a", "than": "b"}, (50, 50), (52.5, 50), (47.5, 50)),
    "better by": ({"better": "a", "than": "b", "by": 1}, (51, 50), (53.5, 50), (48.5, 50)),
    "always": ({"always": [["a", "b"], ["a", "c"]]}, (50, 50, 30), (52.5, 50, 30), (47.5, 50, 30)),
    "equivalent": ({"equivalent": ["a", "b"], "within": 4}, (54, 50), (50, 50), (58, 50)),
    "best": ({"best": "a"}, (50, 50, 30), (52.5, 50, 30), (47, 50, 30)),
    "trend": ({"trend": "rising", "over": "k"}, (50, 50, 80), (47.5, 50, 80), (53, 50, 80)),
    "ratio": ({"ratio": ["a", "b"], "between": [1.1, None]}, (1.1, 1), (1.3, 1), (0.9, 1)),
    "value": ({"value": "a", "between": [50, None]}, (50,), (52.5,), (47.5,)),
    "gain": ({"gain": ["a", "b"], "over": ["c", "d"]}, (50, 40, 60, 50), (52.5, 40, 60, 50), (47.5, 40, 60, 50)),
    "gain within": (
        {"gain": ["a", "b"], "over": ["c", "d"], "within": 4},
        (54, 40, 60, 50),
        (50, 40, 60, 50),
        (58, 40, 60, 50),
    ),
    "near": ({"near": "a", "within": 4}, (54,), (50,), (58,)),
}


def judge(test, means, noise):
    """The p-value and the direction of a claim about cells a, b, ... with these means and noise in the first cell."""
    names = "abcd"[: len(means)]
    first = means[0] * np.exp(0.1 * noise) if "ratio" in test else means[0] + noise
    values = {name: dict(enumerate(np.full(N, float(mean)))) for name, mean in zip(names, means, strict=True)}
    values["a"] = dict(enumerate(first))
    cells = {
        name: SimpleNamespace(panel="", name=name, arm=name, place=(("k", str(i)),), settings={"k": str(i)})
        for i, name in enumerate(names)
    }
    study = SimpleNamespace(metrics={"m": StudyMetric("m", "anything", "", better="higher")}, name="planted")
    measured = SimpleNamespace(
        study=study,
        by_label=cells,
        panels=[""],
        overlap=lambda labels: 0.0,
        values=lambda label, metric: values[label],
        published=lambda label, metric: PublishedFigure(FIGURE, 50.0),
    )
    claim = Claim("", "", next(iter(test)), test, "m")
    make = TESTS[claim.kind].contrasts
    return intersection_union(make(ClaimContext(claim, measured, "")))


def test_every_kind_of_claim_is_planted():
    assert {next(iter(test)) for test, *_ in PLANTED.values()} | {"same"} == set(TESTS)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("kind", PLANTED)
def test_at_the_boundary_a_verdict_is_rare(kind, noise):
    test, means, *_ = PLANTED[kind]
    random = np.random.default_rng([list(NOISES).index(noise), list(PLANTED).index(kind)])
    answers = [judge(test, means, NOISES[noise](random)) for _ in range(SAMPLES)]
    assert np.mean([answer.p <= 0.05 for answer in answers]) <= LIMIT


@pytest.mark.parametrize("kind", PLANTED)
def test_what_is_true_or_false_is_mostly_seen(kind):
    test, _, true, false = PLANTED[kind]
    random = np.random.default_rng(list(PLANTED).index(kind))
    for means, positive in ((true, True), (false, False)):
        answers = [judge(test, means, random.normal(0, 1, N)) for _ in range(100)]
        assert np.mean([answer.p <= 0.05 and answer.positive == positive for answer in answers]) >= 0.9


def test_a_trend_needs_every_step():
    """Means that rise at six of seven steps are not falling, however steep the slope."""
    random = np.random.default_rng(0)
    test = {"trend": "falling", "over": "k"}
    answers = [judge(test, (10, 1, 1.05, 1.1), 0.3 * random.normal(0, 1, N)) for _ in range(50)]
    assert not any(answer.positive and answer.p <= 0.05 for answer in answers)
