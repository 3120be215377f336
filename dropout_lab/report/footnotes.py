"""Footnotes of a table: definitions of its figures and marks, the rules behind them, and their limits."""

import math
from collections.abc import Iterator

from dropout_lab.metrics import metric_of
from dropout_lab.report.comparison import ALIKE, BEST, LEVEL, TOO_FEW, PairedDifference
from dropout_lab.report.divergence import describe_divergence
from dropout_lab.report.numbers import spread_text
from dropout_lab.report.summary import SHOWN, TEST_REQUESTED, TEST_SCORES, Summary, percent_score
from dropout_lab.report.testset import describe_test_set
from dropout_lab.report.variation import crossed_text, describe_variation
from dropout_lab.stats.intervals import LEAST

NAMED = 3  # maximum number of arms for which the detectable difference is printed
TEST = "the larger one of a sign-flip test and a t test corrected for skewness"


def write_footnotes(summary: Summary, over: str = "seeds") -> Iterator[str]:
    """Yield the sentences below the table.

    Args:
        summary: the summary that the table shows.
        over: plural noun for the replicates of an arm, such as ``seeds``.
    """
    metrics = list(summary.bounds) or [metric for metric in summary.shown if metric in TEST_SCORES]
    over = over if summary.replicate_name == "seed" else f"{summary.replicate_name}s"
    counts = [len(summary.replicates(label, metric)) for label in summary.arms for metric in metrics]
    counts = [n for n in counts if n] or [len(ids) for ids in summary.arms.values()]
    spread = spread_text(counts, [summary.bounds_of(metric) for metric in metrics], over)
    yield f"{spread}; {_checkpoint(summary)}; {_selection(summary)}."
    yield from describe_test_set(summary)
    yield from describe_variation(summary, over)
    if "gap" in summary.shown:
        yield "gap: train - test, points." if percent_score(summary.trials) else "gap: test - train."
    yield from _undefined(summary)
    if summary.tuned:
        yield "tuning: number of trials that selected the settings, and their training time."
    if summary.comparison.to_baseline:
        yield from _compared(summary)
    if summary.repeated:
        yield (
            f"{summary.repeated} rows repeat a seed of their arm under another id, for example from an older version "
            "or an edited file; only the last row of each seed counts."
        )
    yield from describe_divergence(summary)
    unstable = [label for label in summary.arms if summary.unstable(label)]
    if unstable:
        yield f"A third or more of the trials diverged for {', '.join(unstable)}: their means are optimistic."


def _undefined(summary: Summary) -> Iterator[str]:
    """Yield a sentence for each requested metric that some finished trials lack."""
    finished = summary.trials[summary.trials["status"] == "ok"]
    for metric in (metric for metric in summary.shown if metric in TEST_REQUESTED):
        n = int(finished[metric].notna().sum())
        if n < len(finished):
            reason = "the others did not request it, or lack a class in the test set"
            yield f"{SHOWN[metric].title}: available for {n} of the {len(finished)} trials; {reason}."


def _checkpoint(summary: Summary) -> str:
    restored = summary.trials["early_stopping"].notna()
    if "regularizer.restore_best" in summary.trials:
        restored &= summary.trials["regularizer.restore_best"].astype(str) != "False"
    if restored.all():
        return "weights of the best validation epoch"
    rule = "weights of the last epoch"
    return f"{rule}, or of the best validation epoch where stopped early" if restored.any() else rule


def _selection(summary: Summary) -> str:
    if not summary.tuned:
        return "settings as given, without selection"
    settings = max(tuned.settings for tuned in summary.tuned.values())
    seeds = max(tuned.seeds for tuned in summary.tuned.values())
    metrics = [metric for tuned in summary.tuned.values() if (metric := metric_of(tuned.metric))]
    score = metrics[0].label.partition(",")[0] if metrics else "score"
    seeds_text = f"{seeds} separate seeds" if seeds > 1 else "a separate seed"
    return (
        f"settings selected by the validation {score} on {seeds_text} out of {settings} per arm (fewer if an arm has "
        "fewer); only the selected settings are evaluated on the test set"
    )


def _compared(summary: Summary) -> Iterator[str]:
    comparison = summary.comparison
    pairs = [contrast.difference.n for contrast in comparison.to_baseline.values()]
    corrected = f", Holm over {len(pairs)} arms" if len(pairs) > 1 else ""
    spread = f" [interval of the test{', at the level after Holm' * bool(corrected)}]" if max(pairs) >= LEAST else ""
    yield f"to baseline: difference in pairs by {summary.replicate_name}{spread}; p: {TEST}{corrected}."
    if any(crossed_text(summary, label) for label in comparison.to_baseline):
        yield "crossed: the same difference over seeds and test examples, by two-way analysis of variance."
    marks = {label: comparison.mark(label) for label in summary.arms}
    shown_marks = set(marks.values())
    if BEST not in shown_marks:
        return
    legend = ["* best mean"]
    legend += ["= inconclusive against it"] if ALIKE in shown_marks else []
    few = f"? too few {summary.replicate_name}s with a difference for any conclusion"
    legend += [few] if TOO_FEW in shown_marks else []
    legend += ["no mark: worse"] if "" in shown_marks else []
    many = f" over all {comparison.pairs} pairs of arms" if comparison.pairs > 1 else ""
    yield f"{'; '.join(legend)} (the same test at level {LEVEL:g}, Holm{many})."
    if TOO_FEW in shown_marks and comparison.seeds_to_tell and _seeds(summary) < comparison.seeds_to_tell:
        count = f"{_seeds(summary)} {summary.replicate_name}s"
        yield f"{count} are too few to compare this many arms; {comparison.seeds_to_tell} are enough."
    yield from _detectable(summary, [comparison.to_best[label] for label, mark in marks.items() if mark == ALIKE])


def _seeds(summary: Summary) -> int:
    return max(contrast.difference.n for contrast in summary.comparison.to_best.values())


def _detectable(summary: Summary, open_: list[PairedDifference]) -> Iterator[str]:
    """Yield the detectable difference and the equivalence margin of each inconclusive comparison with the best arm."""
    parts = []
    for pair in open_[:NAMED]:
        shown = SHOWN[summary.score(pair.arm) or next(iter(TEST_SCORES))]
        low, high, margin = (
            f"{value * shown.scale:.{shown.digits}f}" for value in (*pair.detectable, pair.equivalent_within)
        )
        if not math.isnan(pair.detectable[0] + pair.equivalent_within):
            parts.append(f"{pair.arm} {low} to {high}, {margin}")
    if parts:
        yield (
            "Inconclusive against the best: the difference that would be detected with probability 0.8 (95 % range "
            "from the spread, not from the difference seen), and the smallest margin within which the arms are "
            f"equivalent: {'; '.join(parts)}{'; others in comparisons.csv' if len(open_) > len(parts) else ''}."
        )
