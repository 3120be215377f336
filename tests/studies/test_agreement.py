"""Agreement with print: in pairs with the authors' own runs where they are known, else with the printed spread."""

import numpy as np
import pandas as pd
import pytest

from dropout_lab.studies import published_runs
from dropout_lab.studies.agreement import agreement_test
from dropout_lab.studies.published import load_published
from dropout_lab.studies.published_runs import find_runs, load_runs
from dropout_lab.studies.report_files import long_frame, render_table
from dropout_lab.studies.study_footnotes import render_footnotes
from dropout_lab.studies.verdicts import AGREES, DIFFERS, OPEN, judge_claims, table_rows

from .test_verdicts import METRIC, PUBLISHED, N, two

THEIRS = [94 + 2 * np.sin(i) for i in range(N)]  # splits differ much more than repetitions of one


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """The authors' runs of the arm a, one per seed."""
    lines = ["# Somebody 2020, somebody's log", "split,inference,metric,value"]
    lines += [f"{i},monte_carlo,accuracy,{value}" for i, value in enumerate(THEIRS)]
    (tmp_path / "planted.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(published_runs, "FOLDER", tmp_path)
    monkeypatch.setattr(published_runs, "SETTINGS", {"split": "seed", "inference": "infer"})
    load_runs.cache_clear()
    yield
    load_runs.cache_clear()


CHANGES = {
    "arms": {"a": "variant=inverted rate=0.5 infer=monte_carlo", "b": "variant=none"},
    "metrics": {"accuracy": METRIC | {"margin": 9, "published": {"a": PUBLISHED}}},
}


@pytest.mark.parametrize(
    ("shift", "verdict"), [(0.1, AGREES), (5.0, DIFFERS), (-5.0, DIFFERS), (0.02 * np.mean(THEIRS), OPEN)]
)
def test_rows_agree_in_pairs_with_the_authors_runs(planted, runs, shift, verdict):
    noise = 0.1 * np.random.default_rng(0).normal(size=N)
    values = {"a": list(np.array(THEIRS) + shift + noise - noise.mean()), "b": [90.0] * N}
    measured = planted(CHANGES, values)
    rows = table_rows(measured)
    assert rows[0].verdict == verdict  # by a margin of 2 %, whatever the margin of the study
    assert rows[0].paired.mean == pytest.approx(shift)
    assert rows[0].paired.high - rows[0].paired.low < 0.5  # in pairs, the differences between splits drop out
    titles, lines, _ = render_table(measured, rows)
    assert lines[0][titles.index("difference")].startswith(f"{shift:+.2f} [")
    assert "Somebody 2020" in " ".join(render_footnotes(measured, rows))
    assert long_frame(measured, rows)["margin"][0] == pytest.approx(0.02 * np.mean(THEIRS))


def test_the_authors_runs_of_gal_are_complete():
    source, rows = load_runs("gal2016-uci")
    assert "a6259f1" in source
    counts = pd.DataFrame(rows).groupby(["data_name", "inference", "metric"]).size()
    assert set(counts) == {20, 5}
    assert counts["protein-tertiary-structure"].eq(5).all()
    cell = {"data.name": "bostonHousing", "infer": "monte_carlo"}
    found = find_runs("gal2016-uci", ["data.split"], cell, "log-likelihood")
    assert len(found) == 20
    printed = load_published()["gal2016mc/table1/dropout/boston-housing/test-log-likelihood"].number
    assert np.mean(list(found.values())) == pytest.approx(printed, abs=0.06)
    assert find_runs("gal2016-uci", ["seed"], cell, "rmse") == {}
    assert find_runs("another", ["data.split"], cell, "rmse") == {}


SPREAD = "gal2016mc/table1/pbp/boston-housing/test-rmse"


def test_a_published_figure_is_not_taken_as_exact(planted):
    """The error of PBP on boston, with its printed standard error of twenty splits."""
    fact = load_published()[SPREAD]
    kind, spread = fact.spread_kind.split()[0], float(fact.spread)
    error = spread if kind == "se" else spread / np.sqrt(20)
    assert fact.standard_error() == pytest.approx(error)
    assert fact.standard_error(0.25) == pytest.approx(error * np.sqrt(1 + 20 * 0.25))
    better = {"metrics": {"error": {"value": "100 * test_accuracy", "title": "error", "better": "lower"}}}
    values = two(fact.number - 0.25, 1)
    for bound, significant in ((fact.number, True), (SPREAD, False)):
        claim = {"says": "It is so.", "source": "somebody", "test": {"value": "a", "between": [None, bound]}}
        (judged,) = judge_claims(planted(better | {"claims": [claim]}, values))
        assert judged.answer.contrast.bound_error == (0 if significant else fact.standard_error())
        assert (judged.p <= 0.05) == significant


def test_near_has_the_printed_uncertainty(planted):
    error = {"value": "100 * test_accuracy", "title": "error", "better": "lower", "published": {"a": SPREAD}}
    claim = {"says": "It is so.", "source": "somebody", "test": {"near": "a", "within": 0.5}}
    (judged,) = judge_claims(planted({"metrics": {"error": error}, "claims": [claim]}, two(3.01, 1)))
    assert judged.answer.contrast.bound_error == load_published()[SPREAD].standard_error()


def test_a_row_without_a_margin_and_without_runs_is_not_judged(planted):
    measured = planted({"metrics": {"accuracy": METRIC | {"published": {"a": PUBLISHED}}}}, two(94.5, 96))
    assert agreement_test(measured, table_rows(measured)[0]) is None


def test_cells_that_diverge_differently_often_are_not_judged(planted):
    a, b = two(90, 92).values()
    claim = {"says": "It is so.", "source": "somebody", "test": {"better": "b", "than": "a"}}
    many = [*a, *a, *a]
    lost = [None if i % 4 == 0 else value for i, value in enumerate([*b, *b, *b])]  # 8 of 30, below a third
    (judged,) = judge_claims(planted({"claims": [claim]}, {"a": many, "b": lost}))
    assert judged.verdict == OPEN
    assert judged.why == "the cells diverged differently often"
    assert "b 8 of 30" in judged.diverged
    few = [None if i < 2 else value for i, value in enumerate([*b, *b, *b])]
    (judged,) = judge_claims(planted({"claims": [claim]}, {"a": many, "b": few}))
    assert (judged.verdict, judged.why) == ("supported", "")
    assert "diverged: b 2 of 30, a 0 of 30 (McNemar p = 0.500)" in judged.diverged


def test_an_inconclusive_claim_says_what_it_could_have_detected(planted):
    claim = {"says": "It is so.", "source": "somebody", "test": {"better": "b", "than": "a"}}
    (judged,) = judge_claims(planted({"claims": [claim]}, two(90, 90.01)))
    low, high = judged.detectable
    assert 0 < low < high
    assert judged.margin == pytest.approx(max(abs(judged.effect.low), abs(judged.effect.high)))
    (other,) = judge_claims(planted({"claims": [claim]}, two(90, 90.2)))
    assert other.detectable == pytest.approx(judged.detectable)  # not from the difference that was seen
