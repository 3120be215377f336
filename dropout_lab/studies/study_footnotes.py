"""Sentences below the table of a study."""

from collections.abc import Sequence

from dropout_lab.report.footnotes import TEST, write_footnotes
from dropout_lab.report.testset import describe_sizes
from dropout_lab.report.variation import describe_variation
from dropout_lab.studies.agreement import TableRow
from dropout_lab.studies.measurements import Measurements
from dropout_lab.studies.published_runs import MARGIN, load_runs
from dropout_lab.studies.study import StudyMetric
from dropout_lab.studies.verdicts import INCOMPARABLE, comparability_problem


def render_footnotes(measured: Measurements, rows: Sequence[TableRow]) -> list[str]:
    """Return the sentences below the table."""
    study = measured.study
    shown = [row.published.fact for row in rows if row.published]
    over = "seeds" if list(study.replicates) == ["seed"] else "replicates"
    sentences = [next(write_footnotes(measured.summary, over))]
    sentences += [*describe_sizes(measured.summary), *describe_variation(measured.summary, over)]
    if shown:
        sources = dict.fromkeys(fact.source for fact in shown)
        marks = {fact.seen for fact in shown}
        relative = dict.fromkeys(m.relative for m in study.metrics.values() if m.relative)
        ratios = f" (ratios are to {' or '.join(relative)}, in print as measured)" if relative else ""
        parts = ["published: as printed" + ratios]
        parts += ["c read in a copy of it"] if "copy" in marks else []
        parts += ["r from memory, not checked in print"] if "recalled" in marks else []
        kinds = dict.fromkeys(fact.spread_kind for fact in shown if fact.spread)
        parts += [f"± {', '.join(kinds)}"] if kinds else []
        sentences.append("; ".join(parts) + ". Source: " + ". ".join(sources) + ".")
    if any(row.paired for row in rows):
        sentences.append(
            f"Differences with an interval are paired by {' and '.join(study.replicates)} with the authors' runs, "
            f"and agree within {100 * MARGIN:g} % of the mean of these. {load_runs(study.name)[0]}."
        )
    if any(row.verdict and row.verdict != INCOMPARABLE and not row.paired for row in rows):
        within = " or ".join(f"{_margins(measured, m)} ({m.title})" for m in study.metrics.values() if m.margin)
        sentences.append(
            f"verdict: agrees if the mean is within {within} of the published figure, whose printed spread is part "
            f"of the test where its kind is known, by two one-sided tests over replicates ({TEST}) at level 0.05, Holm "
            "over the table."
        )
    why = comparability_problem(measured)
    if why:
        sentences.append(f"Not comparable with the publication at this scale: {why}.")
    gone = [*study.deviations, *measured.scale.deviations]
    if gone:
        sentences.append("Deviations from the publication: " + "; ".join(text.rstrip(".") for text in gone) + ".")
    return sentences


def _margins(measured: Measurements, metric: StudyMetric) -> str:
    margins = {panel: metric.within(panel) for panel in measured.panels}
    if len(set(margins.values())) == 1:
        return f"{margins[measured.panels[0]]:g}"
    return ", ".join(f"{margin:g} on {panel}" for panel, margin in margins.items() if margin)
