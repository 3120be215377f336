"""Footnotes on the size and the class frequencies of the test set, and their effect on the accuracies of a table."""

from collections.abc import Iterator

import numpy as np

from dropout_lab.metrics import Metric
from dropout_lab.report.summary import TEST_SCORES, Summary
from dropout_lab.stats.intervals import LEAST

NAMED = 3  # maximum number of arms named in a sentence
LEVEL = 0.05
ROUNDING = 1e-9  # rounding error of a stored accuracy


def describe_test_set(summary: Summary) -> Iterator[str]:
    """Yield the sentences about the test set below a table.

    A sentence is left out if it needs a column that older ledgers lack.
    """
    yield from describe_sizes(summary)
    yield from _equal(summary)
    yield from _without_error(summary)
    yield from _majority(summary)


def _column(summary: Summary, label: str, name: str) -> np.ndarray:
    """Return a column of an arm's finished trials [n]; empty if it is not stored for all of them."""
    metric = summary.score(label)
    rows = summary.of(label) if metric is None else summary.finished(label, metric)
    values = rows[name].to_numpy(dtype=float) if name in rows else np.zeros(0)
    return values if np.isfinite(values).all() else np.zeros(0)


def _score(summary: Summary, label: str) -> Metric | None:
    """Return the metric by which an arm is compared; None if none of its trials is finished."""
    return TEST_SCORES.get(summary.score(label) or "")


def _accurate(summary: Summary) -> list[str]:
    """Return the arms whose score is the fraction of examples that are predicted correctly."""
    return [label for label in summary.arms if (score := _score(summary, label)) and score.of_examples]


def describe_sizes(summary: Summary) -> Iterator[str]:
    """Yield a sentence with the number of test examples, and with the weight of one in an accuracy."""
    sizes = sorted({int(n) for label in summary.arms for n in _column(summary, label, "n_test")})
    if not sizes:
        return
    accurate = _accurate(summary)
    tokens = any((score := _score(summary, label)) and "language" in score.tasks for label in summary.arms)
    kind = "tokens" if tokens and not accurate else "examples"
    count = f"Test set: {sizes[0]}" if len(sizes) == 1 else f"Test sets: {sizes[0]} to {sizes[-1]}"
    weights = sorted({100 / n for label in accurate for n in _column(summary, label, "n_test")})
    if not weights:
        yield f"{count} {kind}."
        return
    weight = f"{weights[0]:.2f}" if len(weights) == 1 else f"{weights[0]:.2f} to {weights[-1]:.2f}"
    yield f"{count} {kind}, one is {weight} points."


def _equal(summary: Summary) -> Iterator[str]:
    """Yield a sentence if an arm has no interval because all of its seeds gave the same value."""
    metrics = {label: metric for label in summary.arms if (metric := summary.score(label))}
    intervals = [(summary.interval(label, metric), metric) for label, metric in metrics.items()]
    if any(interval and interval.n >= LEAST and np.isnan(interval.low) for interval, _ in intervals):
        yield "No interval where all seeds gave the same value; another seed may give a different one."


def _without_error(summary: Summary) -> Iterator[str]:
    """Yield the lower bound of the true accuracy of arms without a test error (Clopper and Pearson 1934)."""
    for n in sorted(
        {int(_column(summary, label, "n_test")[0]) for label in _accurate(summary) if _perfect(summary, label)}
    ):
        least = 100 * LEVEL ** (1 / n)
        yield f"No error on {n} test examples: the true accuracy is {least:.2f} % or more (one-sided 95 % bound)."


def _perfect(summary: Summary, label: str) -> bool:
    sizes = _column(summary, label, "n_test")
    return len(set(sizes)) == 1 and bool((_column(summary, label, summary.score(label) or "") == 1).all())


def _majority(summary: Summary) -> Iterator[str]:
    """Yield a sentence that names the arms that beat a constant prediction in no seed."""
    useless: dict[str, float] = {}
    for label in _accurate(summary):
        columns = (summary.score(label) or "", "majority_accuracy")
        accuracy, constant = (_column(summary, label, name) for name in columns)
        if len(constant) and (accuracy <= constant + ROUNDING).all():
            useless[label] = float(constant.mean())
    if not useless:
        return
    shares = sorted({f"{100 * share:.2f}" for share in useless.values()}, key=float)
    share = shares[0] if len(shares) == 1 else f"{shares[0]} to {shares[-1]}"
    names = ", ".join(list(useless)[:NAMED]) + (f" and {len(useless) - NAMED} more" if len(useless) > NAMED else "")
    who = "Every arm" if len(useless) == len(summary.arms) > 1 else names
    yield f"{who}: not better than always predicting the most frequent class ({share} %)."
