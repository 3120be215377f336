"""Sources of variation between the trials of an arm: training seeds, splits, test examples and tuning."""

from collections.abc import Iterator

from dropout_lab.report.splits import count_splits, overlap_of
from dropout_lab.report.summary import Summary


def describe_variation(summary: Summary, over: str = "seeds") -> Iterator[str]:
    """Yield the sentence that says which sources of variation the intervals of a table contain.

    Args:
        summary: the summary that the table shows.
        over: plural noun for the replicates of an arm.
    """
    arms = [label for label in summary.arms if len(summary.of(label)) > 1]
    if not arms:
        return
    drawn = [label for label in arms if count_splits(summary.of(label)) > 1]
    inside, outside = ["training seeds"], ["test examples", "splits"]
    if drawn and len(drawn) == len(arms):
        inside, outside = ["training seeds", "splits", "test examples"], []
    if summary.tuned:
        (inside if all(tuned.draws > 1 for tuned in summary.tuned.values()) else outside).append("tuning")
    mixed = " (splits and test examples vary in some arms alone)" if drawn and len(drawn) < len(arms) else ""
    without = f"; not {_join(outside)}, which all {over} share" if outside else ""
    yield f"Variation in the intervals: {_join(inside)}{without}{mixed}."
    if any(overlap_of(summary.of(label)) for label in drawn):
        yield "The splits share examples: variance corrected after Nadeau and Bengio (2003)."


def _join(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1])] * (len(names) > 1) + names[-1:])
