"""Footnotes of a table: definitions of its figures and marks, the rules behind them, and their limits."""

from collections.abc import Iterator

from dropout_lab.report.comparison import ALIKE, BEST, BOOTSTRAP, LEVEL, TOO_FEW, PairedDifference
from dropout_lab.report.numbers import spread_text
from dropout_lab.report.summary import SHOWN, TEST_REQUESTED, TEST_SCORES, Summary, percent_score
from dropout_lab.report.testset import describe_test_set
from dropout_lab.stats.intervals import LEAST

NAMED = 3  # maximum number of arms for which the required seeds are printed


def write_footnotes(summary: Summary, over: str = "seeds") -> Iterator[str]:
    """Yield the sentences below the table.

    Args:
        summary: the summary that the table shows.
        over: plural noun for the replicates of an arm, such as ``seeds``.
    """
    metrics = list(summary.bounds) or [metric for metric in summary.shown if metric in TEST_SCORES]
    counts = [len(summary.finished(label, metric)) for label in summary.arms for metric in metrics]
    counts = [n for n in counts if n] or [len(ids) for ids in summary.arms.values()]
    spread = spread_text(counts, [summary.bounds_of(metric) for metric in metrics], over)
    yield f"{spread}; {_checkpoint(summary)}; {_selection(summary)}."
    yield from describe_test_set(summary)
    if "gap" in summary.shown:
        yield "gap: train - test, points." if percent_score(summary.trials) else "gap: test - train."
    yield from _undefined(summary)
    if summary.tuned:
        yield "tuning: trials that it took to choose, and their training time."
    if summary.comparison.to_baseline:
        yield from _compared(summary)
    if summary.repeated:
        yield (
            f"{summary.repeated} rows repeat a seed of their arm under another id, as an older version or an edited "
            "file leaves them; of each seed the last row counts."
        )
    if any(summary.diverged(label) for label in summary.arms):
        yield "Diverged trials are left out of the means."
    unstable = [label for label in summary.arms if summary.unstable(label)]
    if unstable:
        yield f"A third of the trials or more diverged of {', '.join(unstable)}: means over the rest flatter."


def _undefined(summary: Summary) -> Iterator[str]:
    """Yield a sentence for each requested metric that some finished trials lack."""
    finished = summary.trials[summary.trials["status"] == "ok"]
    for metric in (metric for metric in summary.shown if metric in TEST_REQUESTED):
        n = int(finished[metric].notna().sum())
        if n < len(finished):
            reason = "it was not requested, or a class has no test example, in the others"
            yield f"{SHOWN[metric].title}: of {n} of the {len(finished)} trials; {reason}."


def _checkpoint(summary: Summary) -> str:
    restored = summary.trials["early_stopping"].notna()
    if "regularizer.restore" in summary.trials:
        restored &= summary.trials["regularizer.restore"].astype(str) != "False"
    if restored.all():
        return "weights of the best validation epoch"
    rule = "weights of the last epoch"
    return f"{rule}, or of the best validation epoch where stopped early" if restored.any() else rule


def _selection(summary: Summary) -> str:
    if not summary.tuned:
        return "settings as given, none selected"
    settings = max(tuned.settings for tuned in summary.tuned.values())
    seeds = max(tuned.seeds for tuned in summary.tuned.values())
    seeds_text = f"{seeds} seeds of {'its' if seeds == 1 else 'their'} own" if seeds > 1 else "a seed of its own"
    return (
        f"settings chosen by the validation score on {seeds_text} out of {settings} an arm (fewer where an arm has no "
        "more), the test part read by the chosen ones alone"
    )


def _compared(summary: Summary) -> Iterator[str]:
    comparison = summary.comparison
    pairs = [contrast.difference.n for contrast in comparison.to_baseline.values()]
    kind = "BCa bootstrap interval" if min(pairs) >= BOOTSTRAP else "t-interval"
    kind = kind if (min(pairs) >= BOOTSTRAP) == (max(pairs) >= BOOTSTRAP) else "BCa bootstrap or t-interval"
    spread = f" [95 % {kind}]" if max(pairs) >= LEAST else ""
    yield (
        f"to baseline: difference in pairs by seed{spread}; p: paired sign-flip test, Holm over {len(pairs)} arm"
        f"{'s' if len(pairs) > 1 else ''}."
    )
    marks = {label: comparison.mark(label) for label in summary.arms}
    found = set(marks.values())
    if BEST not in found:
        return
    legend = ["* best mean"]
    legend += ["= not told apart from it"] if ALIKE in found else []
    legend += ["? too few seeds to tell apart from it"] if TOO_FEW in found else []
    legend += ["no mark: worse"] if "" in found else []
    many = f" over all {comparison.pairs} pairs of arms" if comparison.pairs > 1 else ""
    yield f"{'; '.join(legend)} (the same test at level {LEVEL:g}, Holm{many})."
    if TOO_FEW in found and comparison.seeds_to_tell:
        yield f"{_seeds(summary)} seeds cannot tell among so many arms, {comparison.seeds_to_tell} can."
    yield from _needed([comparison.to_best[label] for label, mark in marks.items() if mark in (ALIKE, TOO_FEW)])


def _seeds(summary: Summary) -> int:
    return max(contrast.difference.n for contrast in summary.comparison.to_best.values())


def _needed(open_: list[PairedDifference]) -> Iterator[str]:
    """Yield the number of seeds that would detect the observed differences to the best arm."""
    counted = sorted((c.needed, c.arm) for c in open_ if c.needed)
    if counted:
        listed = ", ".join(f"{arm} about {needed}" for needed, arm in counted[:NAMED])
        more = ", others more" if len(open_) > NAMED or len(counted) < len(open_) else ""
        yield f"Seeds that would show the difference to the best with a probability of 0.8: {listed}{more}."
