"""Verdicts: what the numbers say to a claim or to a published figure, corrected for how many are asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dropout_lab.report.comparison import LEVEL
from dropout_lab.stats.intervals import Interval
from dropout_lab.stats.multiple import holm
from dropout_lab.stats.paired import smallest_p
from dropout_lab.studies.claims import TESTS, Absent, Bench, along_axis, named, same
from dropout_lab.studies.contrasts import Answer, Contrast, together
from dropout_lab.studies.measured import Measured, Published
from dropout_lab.studies.published import facts
from dropout_lab.studies.study import SMOKE, Claim, Conditions

SUPPORTED, CONTRADICTED, OPEN = "supported", "contradicted", "not told apart"
INCOMPARABLE = "not comparable at this scale"
AGREES, DIFFERS = "agrees", "differs"
NO_SMOKE = "a smoke run judges nothing"


@dataclass(frozen=True)
class Judged:
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


def judge(measured: Measured) -> list[Judged]:
    """Every claim of a study on every panel that it is about."""
    open_ = [_tested(claim, measured, panel) for claim in measured.study.claims for panel in _panels(claim, measured)]
    asked = [i for i, one in enumerate(open_) if one.p is not None and not one.why]
    corrected = holm([open_[i].p or 0.0 for i in asked]) if asked else np.zeros(0)
    for i, p in zip(asked, corrected.tolist(), strict=True):
        open_[i] = _decided(open_[i], p, len(asked))
    return open_


def _panels(claim: Claim, measured: Measured) -> list[str]:
    """The panels a claim is judged on, each by itself; one for a claim about several at once."""
    across = all("/" in name for name in named(claim)) and any(named(claim))
    if TESTS[claim.kind].once or (across and measured.panels != [""]):
        return [""]
    return [panel for panel in measured.panels if claim.panels is None or panel in claim.panels]


def _tested(claim: Claim, measured: Measured, panel: str) -> Judged:
    """The claim with its p-value; ``why`` says why it cannot be judged."""
    bench, judged = Bench(claim, measured, panel), Judged(claim, panel)
    try:
        if claim.kind == "same":
            return _exact(judged, bench, _unmet(claim, measured, _labels(bench)))
        make = TESTS[claim.kind].contrasts
        assert make is not None
        contrasts = make(bench)
        labels = _labels(bench)
    except Absent as absent:
        return replace(judged, why=str(absent))
    why = _unmet(claim, measured, labels)
    unstable = [label for label in labels if measured.summary.unstable(label)]
    answer = together(contrasts)
    if answer is None:
        return replace(judged, verdict=INCOMPARABLE if why else OPEN, why=why or "fewer than two replicates")
    found = _answered(judged, answer)
    if unstable and not why:
        return replace(found, verdict=OPEN, why=f"a third or more of {unstable[0]} diverged")
    return replace(found, why=why)


def _labels(bench: Bench) -> list[str]:
    """The cells a claim is about; all of a panel where it names none."""
    measured, panel = bench.measured, bench.panel
    if bench.claim.kind == "always":
        panels = [p for p in (bench.claim.panels or measured.panels) if p in measured.panels]
        return [Bench(bench.claim, measured, p).label(name) for p in panels for name in named(bench.claim)]
    names = list(named(bench.claim))
    if bench.claim.kind == "trend":
        return [cell.label for cell in along_axis(bench)]
    if bench.claim.kind == "best" and not bench.claim.test.get("among"):
        return measured.on(panel)
    return [bench.label(name) for name in names]


def _unmet(claim: Claim, measured: Measured, labels: Sequence[str]) -> str:
    if measured.scale.name == SMOKE:
        return NO_SMOKE
    own = claim.comparable if claim.comparable is not None else measured.study.comparable
    return measured.unmet(own, labels)


def _exact(judged: Judged, bench: Bench, why: str) -> Judged:
    """A fact that needs no test."""
    holds, values = same(bench)
    about = "smallest and largest value" if values else ""
    effect = Interval(float(np.mean(values)), min(values), max(values), len(values)) if values else None
    found = replace(judged, about=about, effect=effect, n=len(values), tendency="for" if holds else "against")
    if why or not values:
        return replace(found, why=why or "nothing was measured")
    return replace(found, verdict=SUPPORTED if holds else CONTRADICTED)


def _answered(judged: Judged, answer: Answer) -> Judged:
    contrast = answer.contrast
    leaning = ("for" if answer.positive else "against") if answer.p < 1 else ""
    effect = contrast.interval
    return replace(judged, tendency=leaning, about=contrast.about, effect=effect, n=effect.n, p=answer.p)


def _decided(judged: Judged, p: float, family: int) -> Judged:
    told = p <= LEVEL
    verdict = {"for": SUPPORTED, "against": CONTRADICTED}.get(judged.tendency, OPEN) if told else OPEN
    few = not told and smallest_p(judged.n) * family > LEVEL
    return replace(judged, holm=p, verdict=verdict, why="too few replicates to tell" if few else "")


@dataclass(frozen=True)
class Row:
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
    published: Published | None = None
    verdict: str = ""
    name: str = ""
    panel: str = ""


def rows(measured: Measured) -> list[Row]:
    """All lines of a study's table, in order."""
    found: list[Row] = []
    tested: dict[int, Answer] = {}
    for name, metric in measured.study.metrics.items():
        for label in measured.by_label:
            found_in_print = measured.published(label, name)
            row = Row(label, name, found_in_print, panel=measured.by_label[label].panel)
            margin = metric.within(row.panel)
            if found_in_print is not None and margin is not None:
                row = replace(row, verdict=INCOMPARABLE)
                values = np.array(list(measured.values(label, name).values()))
                away = Contrast(label, values - found_in_print.number, -margin, margin)
                answer = together([away])
                if measured.scale.name != SMOKE and not measured.unmet(measured.study.comparable, [label]):
                    row = replace(row, verdict=OPEN)
                    tested |= {len(found): answer} if answer else {}
            found.append(row)
    corrected = holm([answer.p for answer in tested.values()]) if tested else np.zeros(0)
    for (i, answer), p in zip(tested.items(), corrected.tolist(), strict=True):
        if p <= LEVEL:
            found[i] = replace(found[i], verdict=AGREES if answer.positive else DIFFERS)
    return _ordered(measured, [*found, *_unmeasured(measured)])


def _unmeasured(measured: Measured) -> list[Row]:
    """What was published of the panels that are run, and is not run itself."""
    return [
        Row("", metric.name, Published(facts()[i], facts()[i].number), name=name, panel=panel)
        for metric in measured.study.metrics.values()
        for panel, cells in metric.unmeasured.items()
        if panel in ("", *measured.panels)
        for name, i in cells.items()
    ]


def _ordered(measured: Measured, found: Sequence[Row]) -> list[Row]:
    """Panel by panel, its cells and then what is not run, and all metrics of one together."""
    order = {("", name): i for i, name in enumerate(dict.fromkeys(row.name for row in found), len(measured.by_label))}
    order |= {(label, ""): i for i, label in enumerate(measured.by_label)}
    panels = {panel: i for i, panel in enumerate(measured.panels)}
    last = len(panels)
    return sorted(found, key=lambda row: (panels.get(row.panel, last), order[row.label, row.name]))


def comparable(measured: Measured) -> str:
    """Why this run as a whole may not be held against the publication; empty if it may."""
    if measured.scale.name == SMOKE:
        return NO_SMOKE
    conditions: Conditions = measured.study.comparable
    return measured.unmet(conditions, list(measured.by_label))
