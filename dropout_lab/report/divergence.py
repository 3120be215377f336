"""Comparison of the number of diverged trials between arms, as a separate outcome."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

from dropout_lab.report.summary import Summary
from dropout_lab.stats.example_tests import mcnemar
from dropout_lab.stats.paired import holm


class Divergence(NamedTuple):
    """Diverged trials of several cells.

    Args:
        text: number of diverged trials of each cell with the p-value; empty if none diverged.
        p: p-value of the hypothesis that all cells diverge equally often, corrected over the pairs of cells.
    """

    text: str
    p: float


def compare_divergence(lost: Mapping[str, Mapping[Any, bool]]) -> Divergence:
    """Compare how often cells diverged, in pairs by replicate, with McNemar's exact test and Bonferroni's correction.

    Args:
        lost: for each cell by label, whether each replicate diverged.
    """
    counts = {label: sum(each.values()) for label, each in lost.items()}
    if not any(counts.values()):
        return Divergence("", 1.0)
    pairs = list(combinations(lost, 2))
    p = 1.0
    for first, second in pairs:
        p = min(p, _p_value(lost[first], lost[second]) * len(pairs))
    listed = ", ".join(f"{label} {count} of {len(lost[label])}" for label, count in counts.items())
    return Divergence(f"diverged: {listed}" + (f" (McNemar p = {p:.3f})" if pairs else ""), p)


def _p_value(first: Mapping[Any, bool], second: Mapping[Any, bool]) -> float:
    """Return the p-value of McNemar's exact test over the replicates that two cells share; 1 if there are none."""
    shared = [key for key in first if key in second]
    return mcnemar([first[key] for key in shared], [second[key] for key in shared]).p if shared else 1.0


def describe_divergence(summary: Summary) -> Iterator[str]:
    """Yield the sentence that compares the number of diverged trials of each arm with that of its baseline.

    The survivors alone would favour an arm whose worst trials diverge.
    """
    lost = {label: _lost_by_seed(summary, label) for label in summary.arms}
    counts = {label: sum(each.values()) for label, each in lost.items()}
    if not any(counts.values()):
        return
    pairs = [(label, c.baseline) for c in summary.comparison.contests for label in c.values if label != c.baseline]
    p = holm([_p_value(lost[label], lost[baseline]) for label, baseline in pairs]).tolist() if pairs else []
    compared = {label: (baseline, value) for (label, baseline), value in zip(pairs, p, strict=True)}
    parts = []
    for label, count in counts.items():
        baseline, value = compared.get(label, ("", 1.0))
        if count or counts.get(baseline):
            against = f" (against {baseline}: p = {value:.3f})" if baseline else ""
            parts.append(f"{label} {count} of {len(lost[label])}{against}")
    corrected = "; p: McNemar's test in pairs by seed, Holm over the arms" if compared else ""
    yield f"Diverged trials are excluded from the means: {', '.join(parts)}{corrected}."


def _lost_by_seed(summary: Summary, label: str) -> dict[int, bool]:
    rows = summary.of(label)
    rows = rows[rows["status"].isin(["ok", "diverged"])]
    return dict(zip(rows["seed"].astype(int).tolist(), (rows["status"] == "diverged").tolist(), strict=True))
