"""Comparison of the number of diverged trials between the cells of a claim."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any, NamedTuple

from dropout_lab.stats.example_tests import mcnemar


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
        shared = [key for key in lost[first] if key in lost[second]]
        if shared:
            both = ([lost[label][key] for key in shared] for label in (first, second))
            p = min(p, mcnemar(*both).p * len(pairs))
    listed = ", ".join(f"{label} {count} of {len(lost[label])}" for label, count in counts.items())
    return Divergence(f"diverged: {listed}" + (f" (McNemar p = {p:.3f})" if pairs else ""), p)
