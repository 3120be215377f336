"""Sources of variation between the trials of an arm: training seeds, splits, test examples and tuning."""

import math
from collections.abc import Iterator

from dropout_lab.report.splits import count_splits, overlap_of, split_column
from dropout_lab.report.summary import SHOWN, TEST_SCORES, Summary


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
    inside, outside = ["training seeds"], ["test examples"]
    outside += ["splits"] if any(split_column(summary.of(label)) for label in arms) else []
    if drawn and len(drawn) == len(arms):
        inside, outside = ["training seeds", "splits", "test examples"], []
    if summary.tuned:
        (inside if all(tuned.draws > 1 for tuned in summary.tuned.values()) else outside).append("tuning")
    mixed = " (splits and test examples vary only in some arms)" if drawn and len(drawn) < len(arms) else ""
    without = f"; not {_join(outside)}, which all {over} share" if outside else ""
    crossed = any(crossed_text(summary, label) for label in arms)
    without += ", except test examples in the column crossed" if crossed else ""
    yield f"Variation in the intervals: {_join(inside)}{without}{mixed}."
    if any(overlap_of(summary.of(label)) for label in drawn):
        yield "The splits share examples: variance corrected after Nadeau and Bengio (2003)."


def _join(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1])] * (len(names) > 1) + names[-1:])


def crossed_text(summary: Summary, label: str) -> str:
    """Return the interval of an arm's difference to its baseline over seeds and test examples, as text.

    Empty if the arm is not compared, and if predictions were not saved.
    """
    contrast = summary.comparison.to_baseline.get(label)
    crossed = summary.crossed(label, contrast.other, 1 - contrast.level) if contrast else None
    if crossed is None or math.isnan(crossed.low):
        return ""
    shown = SHOWN[next(iter(TEST_SCORES))]
    return f"[{crossed.low * shown.scale:+.{shown.digits}f}, {crossed.high * shown.scale:+.{shown.digits}f}]"
