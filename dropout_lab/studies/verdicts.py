"""Verdicts on claims and published figures, corrected for multiple testing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dropout_lab.report.comparison import LEVEL
from dropout_lab.report.divergence import compare_divergence
from dropout_lab.stats.intervals import Interval
from dropout_lab.stats.paired import holm, holm_levels
from dropout_lab.studies.agreement import PAIRED, TableRow, agreement_test
from dropout_lab.studies.bound_tests import JointTest, intersection_union
from dropout_lab.studies.claim_context import ClaimContext, MissingCell
from dropout_lab.studies.claims import TESTS, along_axis, list_cells, same
from dropout_lab.studies.measurements import Measurements, PublishedFigure
from dropout_lab.studies.published import load_published
from dropout_lab.studies.study import SMOKE, Claim, Conditions

SUPPORTED, CONTRADICTED, OPEN = "supported", "contradicted", "inconclusive"
INCOMPARABLE = "not comparable at this scale"
AGREES, DIFFERS = "agrees", "differs"
NO_SMOKE = "a smoke run is not judged"


@dataclass(frozen=True)
class ClaimVerdict:
    """Verdict on a claim on one panel.

    Args:
        claim: the claim.
        panel: name of the panel; "" for all panels together and for the only panel of a study.
        verdict: one of :data:`SUPPORTED`, :data:`CONTRADICTED`, :data:`OPEN` and :data:`INCOMPARABLE`.
        why: reason why the claim is not comparable or remains open; may be empty.
        tendency: direction of the results regardless of the verdict: ``for``, ``against`` or empty.
        about: description of the effect, such as ``A - B``.
        effect: the deciding difference with the interval of its test at :attr:`level`; None if there is none.
        n: number of replicates.
        p: two-sided p-value without correction; None for exact claims.
        holm: p-value corrected over the tested claims of the study; None if the claim is not among them.
        answer: the tests behind p; None for exact claims.
        level: significance level at which the claim was decided, after all corrections.
        detectable: range of the smallest distance from a bound that is detected with a probability of 0.8; nan if
            there are too few replicates, and for exact claims.
        margin: smallest margin around no difference that the effect is shown to keep; nan if unknown.
        diverged: number of diverged trials of the claim's cells, compared with each other; empty if there are none.
    """

    claim: Claim
    panel: str
    verdict: str = INCOMPARABLE
    why: str = ""
    tendency: str = ""
    about: str = ""
    effect: Interval | None = None
    n: int = 0
    p: float | None = None
    holm: float | None = None
    answer: JointTest | None = None
    level: float = LEVEL
    detectable: tuple[float, float] = (math.nan, math.nan)
    margin: float = math.nan
    diverged: str = ""


def judge_claims(measured: Measurements) -> list[ClaimVerdict]:
    """Return the verdicts on every claim of a study, on every panel of the claim."""
    open_ = [_tested(claim, measured, panel) for claim in measured.study.claims for panel in _panels(claim, measured)]
    asked = [i for i, one in enumerate(open_) if one.p is not None and not one.why]
    p = [open_[i].p or 0.0 for i in asked]
    corrected = zip(asked, holm(p).tolist(), holm_levels(p, LEVEL).tolist(), strict=True)
    for i, adjusted, level in corrected:
        open_[i] = _decided(_at_level(open_[i], level, len(asked)), adjusted, len(asked))
    return open_


def _panels(claim: Claim, measured: Measurements) -> list[str]:
    """Return the panels on which a claim is tested separately; [""] for a claim about several panels at once."""
    across = all("/" in name for name in list_cells(claim)) and any(list_cells(claim))
    if TESTS[claim.kind].once or (across and measured.panels != [""]):
        return [""]
    return [panel for panel in measured.panels if claim.panels is None or panel in claim.panels]


def _tested(claim: Claim, measured: Measurements, panel: str) -> ClaimVerdict:
    """Return the uncorrected result of a claim; ``why`` is the reason if it cannot be tested."""
    bench, judged = ClaimContext(claim, measured, panel), ClaimVerdict(claim, panel)
    try:
        if claim.kind == "same":
            return _exact(judged, bench, _unmet(claim, measured, _labels(bench)))
        make = TESTS[claim.kind].contrasts
        assert make is not None
        contrasts = make(bench)
        labels = _labels(bench)
    except MissingCell as absent:
        return replace(judged, why=str(absent))
    why = _unmet(claim, measured, labels)
    divergence = compare_divergence({label: measured.lost(label) for label in labels})
    judged = replace(judged, diverged=divergence.text)
    unstable = [label for label in labels if measured.summary.unstable(label)]
    answer = intersection_union(contrasts)
    if answer is None:
        return replace(judged, verdict=INCOMPARABLE if why else OPEN, why=why or "fewer than two replicates")
    judged_claim = _at_level(_answered(judged, answer), LEVEL, 1)
    if not why and (unstable or divergence.p <= LEVEL):
        reason = f"a third or more of {unstable[0]} diverged" if unstable else "the cells diverged differently often"
        return replace(judged_claim, verdict=OPEN, why=reason)
    return replace(judged_claim, why=why)


def _labels(bench: ClaimContext) -> list[str]:
    """Return the labels of the cells of a claim: those that it names, or all cells of the panel for ``best`` without
    ``among``."""
    measured, panel = bench.measured, bench.panel
    if bench.claim.kind == "always":
        panels = [p for p in (bench.claim.panels or measured.panels) if p in measured.panels]
        return [ClaimContext(bench.claim, measured, p).label(name) for p in panels for name in list_cells(bench.claim)]
    names = list(list_cells(bench.claim))
    if bench.claim.kind == "trend":
        return [cell.label for cell in along_axis(bench)]
    if bench.claim.kind == "best" and not bench.claim.test.get("among"):
        return measured.on(panel)
    return [bench.label(name) for name in names]


def _unmet(claim: Claim, measured: Measurements, labels: Sequence[str]) -> str:
    if measured.scale.name == SMOKE:
        return NO_SMOKE
    own = claim.comparable if claim.comparable is not None else measured.study.comparable
    return measured.unmet(own, labels)


def _exact(judged: ClaimVerdict, bench: ClaimContext, why: str) -> ClaimVerdict:
    """Return the verdict on an exact claim, which needs no test."""
    holds, values = same(bench)
    about = "smallest and largest value" if values else ""
    effect = Interval(float(np.mean(values)), min(values), max(values), len(values)) if values else None
    verdict = replace(judged, about=about, effect=effect, n=len(values), tendency="for" if holds else "against")
    if why or not values:
        return replace(verdict, why=why or "nothing was measured")
    return replace(verdict, verdict=SUPPORTED if holds else CONTRADICTED)


def _answered(judged: ClaimVerdict, answer: JointTest) -> ClaimVerdict:
    leaning = ("for" if answer.positive else "against") if answer.p < 1 else ""
    n = len(answer.contrast.values)
    return replace(judged, tendency=leaning, about=answer.contrast.about, n=n, p=answer.p, answer=answer)


def _at_level(judged: ClaimVerdict, level: float, family: int) -> ClaimVerdict:
    """Add the interval of the deciding test at the level of the decision, and what could have been detected.

    Args:
        judged: the verdict with its answer.
        level: level of the claim after Holm's correction over the claims.
        family: number of claims over which Holm's method corrects.
    """
    assert judged.answer is not None
    contrast, single = judged.answer.contrast, level / judged.answer.tests
    return replace(
        judged,
        effect=contrast.interval(1 - single),
        level=single,
        detectable=contrast.detectable(LEVEL / family / judged.answer.tests),
        margin=math.nan if judged.claim.kind == "value" else contrast.smallest_margin(1 - single),
    )


def _decided(judged: ClaimVerdict, p: float, family: int) -> ClaimVerdict:
    assert judged.answer is not None
    significant = p <= LEVEL
    verdict = {"for": SUPPORTED, "against": CONTRADICTED}.get(judged.tendency, OPEN) if significant else OPEN
    few = not significant and judged.answer.contrast.smallest_p * judged.answer.tests * family > LEVEL
    return replace(judged, holm=p, verdict=verdict, why="too few replicates to tell" if few else "")


def table_rows(measured: Measurements) -> list[TableRow]:
    """Return all rows of a study's table in order, with verdicts corrected over the table."""
    rows: list[TableRow] = []
    tested: dict[int, JointTest] = {}
    paired: set[int] = set()
    for name in measured.study.metrics:
        for label in measured.by_label:
            found_in_print = measured.published(label, name)
            row = TableRow(label, name, found_in_print, panel=measured.by_label[label].panel)
            test = agreement_test(measured, row)
            if test is not None:
                row = replace(row, verdict=INCOMPARABLE, margin=test.high)
                answer = intersection_union([test])
                paired |= {len(rows)} if test.about == PAIRED else set()
                if measured.scale.name != SMOKE and not measured.unmet(measured.study.comparable, [label]):
                    row = replace(row, verdict=OPEN)
                    tested |= {len(rows): answer} if answer else {}
            rows.append(row)
    p = [answer.p for answer in tested.values()]
    figures = zip(tested.items(), holm(p).tolist(), holm_levels(p, LEVEL).tolist(), strict=True)
    for (i, answer), adjusted, level in figures:
        if adjusted <= LEVEL:
            rows[i] = replace(rows[i], verdict=AGREES if answer.positive else DIFFERS)
        if i in paired:
            rows[i] = replace(rows[i], paired=answer.contrast.interval(1 - level))
    return _ordered(measured, [*rows, *_unmeasured(measured)])


def _unmeasured(measured: Measurements) -> list[TableRow]:
    """Return the rows of published figures that the study does not measure, for the panels that are run."""
    return [
        TableRow(
            "", metric.name, PublishedFigure(load_published()[i], load_published()[i].number), name=name, panel=panel
        )
        for metric in measured.study.metrics.values()
        for panel, cells in metric.unmeasured.items()
        if panel in ("", *measured.panels)
        for name, i in cells.items()
    ]


def _ordered(measured: Measurements, contrasts: Sequence[TableRow]) -> list[TableRow]:
    """Sort the rows by panel, then by cell, so that all metrics of a cell are adjacent; unmeasured figures come last in
    each panel."""
    order = {
        ("", name): i for i, name in enumerate(dict.fromkeys(row.name for row in contrasts), len(measured.by_label))
    }
    order |= {(label, ""): i for i, label in enumerate(measured.by_label)}
    panels = {panel: i for i, panel in enumerate(measured.panels)}
    last = len(panels)
    return sorted(contrasts, key=lambda row: (panels.get(row.panel, last), order[row.label, row.name]))


def comparability_problem(measured: Measurements) -> str:
    """Return why this run as a whole cannot be compared with the publication; empty if it can."""
    if measured.scale.name == SMOKE:
        return NO_SMOKE
    conditions: Conditions = measured.study.comparable
    return measured.unmet(conditions, list(measured.by_label))
