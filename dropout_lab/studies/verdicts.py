"""Verdicts: what the numbers say to a claim or to a published figure, corrected for how many are asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dropout_lab.report.comparison import LEVEL
from dropout_lab.stats.holm import holm
from dropout_lab.stats.intervals import Interval
from dropout_lab.stats.paired import smallest_p
from dropout_lab.studies.bound_tests import BoundTest, JointTest, intersection_union
from dropout_lab.studies.claims import TESTS, ClaimContext, MissingCell, along_axis, list_cells, same
from dropout_lab.studies.measurements import Measurements, PublishedFigure
from dropout_lab.studies.published import load_published
from dropout_lab.studies.study import SMOKE, Claim, Conditions

SUPPORTED, CONTRADICTED, OPEN = "supported", "contradicted", "not told apart"
INCOMPARABLE = "not comparable at this scale"
AGREES, DIFFERS = "agrees", "differs"
NO_SMOKE = "a smoke run judges nothing"


@dataclass(frozen=True)
class ClaimVerdict:
    """A claim on a panel, with its verdict.

    Args:
        claim: the claim.
        panel: where; "" for all panels together, or where there is but one.
        verdict: of the four.
        why: why it is not comparable, or what keeps it open; may be empty.
        tendency: ``for``, ``against`` or empty: what the figures lean to, whatever the verdict.
        about: what the effect is of.
        effect: the deciding contrast with its interval; None if there is none.
        n: replicates.
        p: two-sided, as it is; None for exact facts.
        holm: corrected over the claims of the study that are judged; None where it is not among them.
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


def judge_claims(measured: Measurements) -> list[ClaimVerdict]:
    """Every claim of a study on every panel that it is about."""
    open_ = [_tested(claim, measured, panel) for claim in measured.study.claims for panel in _panels(claim, measured)]
    asked = [i for i, one in enumerate(open_) if one.p is not None and not one.why]
    corrected = holm([open_[i].p or 0.0 for i in asked]) if asked else np.zeros(0)
    for i, p in zip(asked, corrected.tolist(), strict=True):
        open_[i] = _decided(open_[i], p, len(asked))
    return open_


def _panels(claim: Claim, measured: Measurements) -> list[str]:
    """The panels a claim is judged on, each by itself; one for a claim about several at once."""
    across = all("/" in name for name in list_cells(claim)) and any(list_cells(claim))
    if TESTS[claim.kind].once or (across and measured.panels != [""]):
        return [""]
    return [panel for panel in measured.panels if claim.panels is None or panel in claim.panels]


def _tested(claim: Claim, measured: Measurements, panel: str) -> ClaimVerdict:
    """The claim with its p-value; ``why`` says why it cannot be judged."""
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
    unstable = [label for label in labels if measured.summary.unstable(label)]
    answer = intersection_union(contrasts)
    if answer is None:
        return replace(judged, verdict=INCOMPARABLE if why else OPEN, why=why or "fewer than two replicates")
    found = _answered(judged, answer)
    if unstable and not why:
        return replace(found, verdict=OPEN, why=f"a third or more of {unstable[0]} diverged")
    return replace(found, why=why)


def _labels(bench: ClaimContext) -> list[str]:
    """The cells a claim is about; all of a panel where it names none."""
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
    """A fact that needs no test."""
    holds, values = same(bench)
    about = "smallest and largest value" if values else ""
    effect = Interval(float(np.mean(values)), min(values), max(values), len(values)) if values else None
    found = replace(judged, about=about, effect=effect, n=len(values), tendency="for" if holds else "against")
    if why or not values:
        return replace(found, why=why or "nothing was measured")
    return replace(found, verdict=SUPPORTED if holds else CONTRADICTED)


def _answered(judged: ClaimVerdict, answer: JointTest) -> ClaimVerdict:
    contrast = answer.contrast
    leaning = ("for" if answer.positive else "against") if answer.p < 1 else ""
    effect = contrast.interval
    return replace(judged, tendency=leaning, about=contrast.about, effect=effect, n=effect.n, p=answer.p)


def _decided(judged: ClaimVerdict, p: float, family: int) -> ClaimVerdict:
    told = p <= LEVEL
    verdict = {"for": SUPPORTED, "against": CONTRADICTED}.get(judged.tendency, OPEN) if told else OPEN
    few = not told and smallest_p(judged.n) * family > LEVEL
    return replace(judged, holm=p, verdict=verdict, why="too few replicates to tell" if few else "")


@dataclass(frozen=True)
class TableRow:
    """A line of a study's table: one metric of one cell beside its published figure.

    Args:
        label: the cell; empty if it was published and is not run.
        metric: by name.
        published: what was published; None if nothing was.
        verdict: ``agrees``, ``differs``, not told apart or not comparable; empty where nothing is compared.
        name: what the study calls a line that is not run.
        panel: which a line is about; "" for all.
    """

    label: str
    metric: str
    published: PublishedFigure | None = None
    verdict: str = ""
    name: str = ""
    panel: str = ""


def table_rows(measured: Measurements) -> list[TableRow]:
    """All lines of a study's table, in order."""
    found: list[TableRow] = []
    tested: dict[int, JointTest] = {}
    for name, metric in measured.study.metrics.items():
        for label in measured.by_label:
            found_in_print = measured.published(label, name)
            row = TableRow(label, name, found_in_print, panel=measured.by_label[label].panel)
            margin = metric.within(row.panel)
            if found_in_print is not None and margin is not None:
                row = replace(row, verdict=INCOMPARABLE)
                values = np.array(list(measured.values(label, name).values()))
                away = BoundTest(label, values - found_in_print.number, -margin, margin)
                answer = intersection_union([away])
                if measured.scale.name != SMOKE and not measured.unmet(measured.study.comparable, [label]):
                    row = replace(row, verdict=OPEN)
                    tested |= {len(found): answer} if answer else {}
            found.append(row)
    corrected = holm([answer.p for answer in tested.values()]) if tested else np.zeros(0)
    for (i, answer), p in zip(tested.items(), corrected.tolist(), strict=True):
        if p <= LEVEL:
            found[i] = replace(found[i], verdict=AGREES if answer.positive else DIFFERS)
    return _ordered(measured, [*found, *_unmeasured(measured)])


def _unmeasured(measured: Measurements) -> list[TableRow]:
    """What was published of the panels that are run, and is not run itself."""
    return [
        TableRow(
            "", metric.name, PublishedFigure(load_published()[i], load_published()[i].number), name=name, panel=panel
        )
        for metric in measured.study.metrics.values()
        for panel, cells in metric.unmeasured.items()
        if panel in ("", *measured.panels)
        for name, i in cells.items()
    ]


def _ordered(measured: Measurements, found: Sequence[TableRow]) -> list[TableRow]:
    """Panel by panel, its cells and then what is not run, and all metrics of one together."""
    order = {("", name): i for i, name in enumerate(dict.fromkeys(row.name for row in found), len(measured.by_label))}
    order |= {(label, ""): i for i, label in enumerate(measured.by_label)}
    panels = {panel: i for i, panel in enumerate(measured.panels)}
    last = len(panels)
    return sorted(found, key=lambda row: (panels.get(row.panel, last), order[row.label, row.name]))


def comparability_problem(measured: Measurements) -> str:
    """Why this run as a whole may not be held against the publication; empty if it may."""
    if measured.scale.name == SMOKE:
        return NO_SMOKE
    conditions: Conditions = measured.study.comparable
    return measured.unmet(conditions, list(measured.by_label))
