"""Verdict on a sweep in plain language: best arm, significant differences, and seeds needed for the others."""

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from dropout_lab.report.comparison import ALIKE, BEHIND, LEVEL, TOO_FEW, ComparisonGroup, PairedDifference
from dropout_lab.report.figures.metric_text import MetricText, describe_metric
from dropout_lab.report.numbers import interval_text
from dropout_lab.report.summary import Summary

CLEAR, OPEN, TROUBLE = "clear", "open", "trouble"
NAMED = 4  # maximum number of arms named in a sentence


@dataclass(frozen=True)
class Verdict:
    """Verdict on the arms that are compared with each other.

    Args:
        state: ``clear`` if the best arm is better than all others, ``open`` if not, ``trouble`` if trials are missing.
        headline: one sentence.
        details: further sentences.
    """

    state: str
    headline: str
    details: tuple[str, ...] = ()


def judge_sweep(summary: Summary) -> list[Verdict]:
    """Return the verdict on each group of arms that are compared with each other."""
    return [_judge(summary, contest) for contest in summary.comparison.contests]


def verdict_lines(summary: Summary, width: int) -> list[str]:
    """Return the verdicts as paragraphs of a width, each followed by an empty line; none for a single arm."""
    if len(summary.arms) < 2:
        return []
    texts = [" ".join([verdict.headline, *verdict.details]) for verdict in judge_sweep(summary)]
    return [line for text in texts for line in (*textwrap.wrap(text, width), "")]


def _judge(summary: Summary, contest: ComparisonGroup) -> Verdict:
    labels = list(contest.values)
    metric = summary.score(labels[0]) if labels else None
    lost = list(_lost(summary, labels or list(summary.arms)))
    if metric is None or contest.best is None:
        return Verdict(TROUBLE, "No arm has a finished trial that can be compared.", tuple(lost))
    shown = describe_metric(metric, summary.trials)
    best = _score(summary, contest.best, metric, shown)
    if len(contest.different) < 2:
        return Verdict(
            TROUBLE if lost else OPEN, f"{contest.best} has the mean {best}; no other arm to compare with.", tuple(lost)
        )
    marks = {label: summary.comparison.mark(label) for label in contest.different if label != contest.best}
    behind = [label for label, mark in marks.items() if mark == BEHIND]
    near = [label for label, mark in marks.items() if mark in (ALIKE, TOO_FEW)]
    if not near and behind:
        headline = f"{contest.best} has the best {best}; the difference to every other arm is significant."
    elif not near:
        headline = f"{contest.best} has the best mean {best}; the arms share too few seeds to be compared."
    else:
        headline = f"No clear winner. {contest.best} has the best mean {best}, but {_near(near, len(marks))}."
    details = [
        *_worse(behind, near),
        *_baseline(summary, contest, shown),
        *_detectable(summary, marks, near, shown),
        *lost,
    ]
    state = TROUBLE if lost else CLEAR if not near and behind else OPEN
    return Verdict(state, headline, tuple(details))


def _score(summary: Summary, label: str, metric: str, shown: MetricText) -> str:
    interval = summary.interval(label, metric)
    assert interval is not None
    unit = {"%": "%", "": ""}.get(shown.unit, f" {shown.unit}")
    return f"{shown.title} ({interval.mean * shown.scale:.{shown.digits}f}{unit})"


def _near(near: list[str], others: int) -> str:
    if len(near) <= NAMED:
        return f"{_names(near)} {'is' if len(near) == 1 else 'are'} not detectably worse"
    if len(near) == others:
        return f"none of the {others} other arms is detectably worse"
    return f"{len(near)} of the {others} other arms are not detectably worse"


def _names(labels: list[str]) -> str:
    more = len(labels) - NAMED
    named = labels[:NAMED] + ([f"{more} more"] if more > 0 else [])
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def _worse(behind: list[str], near: list[str]) -> Iterator[str]:
    if behind and near:
        yield f"Significantly worse than the best: {_names(behind)}."


def _baseline(summary: Summary, contest: ComparisonGroup, shown: MetricText) -> Iterator[str]:
    """Yield the comparison of the best arm with the baseline."""
    assert contest.best is not None
    if contest.apart[contest.best] == contest.apart[contest.baseline]:
        yield f"The baseline, {contest.baseline}, has the best mean."
        return
    contrast: PairedDifference | None = summary.comparison.to_baseline.get(contest.best)
    if contrast is None:
        return
    unit = "points" if shown.unit == "%" else shown.unit
    text = f"{interval_text(contrast.difference, shown.scale, shown.digits, '+')} {unit}".rstrip()
    settled = "a significant difference" if contrast.holm <= LEVEL else "not a significant difference"
    yield f"Against the baseline, {contest.baseline}, it differs by {text}, {settled}."


def _detectable(summary: Summary, marks: dict[str, str], near: list[str], shown: MetricText) -> Iterator[str]:
    """Yield how many seeds a conclusion takes, and which differences these seeds detect."""
    comparison = summary.comparison
    few = any(marks[label] == TOO_FEW for label in near)
    seeds = max((pairs.difference.n for pairs in comparison.to_best.values()), default=0)
    if few and comparison.seeds_to_tell and seeds < comparison.seeds_to_tell:
        yield (
            f"{max(pair.difference.n for pair in comparison.to_best.values())} seeds are too few for any difference "
            f"between this many arms to be significant; that takes {comparison.seeds_to_tell} or more."
        )
    pairs = [comparison.to_best[label] for label in near if marks[label] == ALIKE and label in comparison.to_best]
    ends = [each.detectable for each in pairs if not math.isnan(each.detectable[0])]
    if ends:
        low, high = (f"{value * shown.scale:.{shown.digits}f}" for value in (min(ends)[0], max(e[1] for e in ends)))
        unit = "points" if shown.unit == "%" else shown.unit
        text = f"{low} to {high} {unit}".rstrip()
        yield f"These seeds detect differences of {text} or more with probability 0.8; smaller ones may go undetected."


def _lost(summary: Summary, labels: list[str]) -> Iterator[str]:
    """Yield the arms with trials that diverged or failed."""
    for word, count in (("diverged", summary.diverged), ("failed", summary.failed)):
        lost = {label: count(label) for label in labels if count(label)}
        if lost:
            named = [f"{n} of {len(summary.of(label))} trials of {label}" for label, n in lost.items()]
            verb = "optimistic for arms that lost trials"
            yield f"{word.capitalize()}: {_names(named)}. Means exclude these trials and are {verb}."
