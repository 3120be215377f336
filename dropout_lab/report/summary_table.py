"""Printed table and files of a summary."""

import re

import pandas as pd

from dropout_lab.report.comparison import PairedDifference
from dropout_lab.report.footnotes import write_footnotes
from dropout_lab.report.formats import format_latex, format_markdown
from dropout_lab.report.numbers import interval_text
from dropout_lab.report.summary import SHOWN, TEST_REQUESTED, TEST_SCORES, MetricFormat, Summary, metric_column
from dropout_lab.report.variation import crossed_text
from dropout_lab.stats.example_tests import Disagreement
from dropout_lab.stats.intervals import Interval

BASELINE = "baseline"


def render_cells(summary: Summary) -> tuple[list[str], list[list[str]]]:
    """Return titles and rows of the printed table as text, with a column for each axis of the sweep.

    If arms are compared, each score is followed by its mark (:meth:`Comparison.mark`), or by a blank that keeps the
    digits aligned.
    """
    axes = list(next(iter(summary.settings.values()), {}))
    troubles = {
        "diverged": [summary.diverged(label) for label in summary.arms],
        "failed": [summary.failed(label) for label in summary.arms],
    }
    troubles = {name: counts for name, counts in troubles.items() if any(counts)}
    scores = [metric for metric in summary.shown if metric in TEST_SCORES]
    titles = [*(axes or ["arm"]), *(["chosen"] if summary.tuned else []), *(SHOWN[m].title for m in scores)]
    compared = bool(summary.comparison.to_baseline)
    crossed = {label: text for label in summary.arms if (text := crossed_text(summary, label))}
    titles += [f"to {BASELINE}", *(["crossed"] if crossed else []), "p"] if compared else []
    requested = [metric for metric in summary.shown if metric in TEST_REQUESTED]
    titles += [SHOWN[metric].title for metric in requested]
    titles += ["gap"] if "gap" in summary.shown else []
    titles += [*(["tuning"] if summary.tuned else []), "n", *troubles]
    rows = []
    for i, label in enumerate(summary.arms):
        row = [summary.settings[label][axis] for axis in axes] or [label]
        row += [summary.tuned[label].picked or "-"] if summary.tuned else []
        row += [_score(summary, label, metric) for metric in scores]
        difference, p = _contrast(summary, label)
        row += [difference, *([crossed.get(label, "")] if crossed else []), p] if compared else []
        row += [_interval(summary, label, metric) for metric in requested]
        row += (
            [_mean(summary.interval(label, "gap"), metric_column("gap", summary.trials))]
            if "gap" in summary.shown
            else []
        )
        row += [f"{summary.tuned[label].trials} in {summary.tuned[label].seconds:.0f} s"] if summary.tuned else []
        row.append(str(int((summary.of(label)["status"] == "ok").sum())))
        rows.append([*row, *(_count(summary, label, name, counts[i]) for name, counts in troubles.items())])
    return titles, rows


def arm_columns(summary: Summary) -> int:
    """Return the number of columns of the printed table that identify the arm."""
    return (len(next(iter(summary.settings.values()), {})) or 1) + bool(summary.tuned)


def _interval(summary: Summary, label: str, metric: str) -> str:
    interval, shown = summary.interval(label, metric), SHOWN[metric]
    return "-" if interval is None else interval_text(interval, shown.scale, shown.digits)


def _score(summary: Summary, label: str, metric: str) -> str:
    text = _interval(summary, label, metric)
    return f"{text} {summary.comparison.mark(label) or ' '}" if text != "-" and summary.comparison.pairs else text


def _mean(interval: Interval | None, shown: MetricFormat) -> str:
    return "-" if interval is None else f"{interval.mean * shown.scale:.{shown.digits}f}"


def _contrast(summary: Summary, label: str) -> list[str]:
    """Return the cells of the difference to the baseline with its interval, and of the corrected p-value."""
    metric, contrast = summary.score(label), summary.comparison.to_baseline.get(label)
    if any(label in c.values and c.apart[label] == c.apart[c.baseline] for c in summary.comparison.contests):
        return [BASELINE, ""]
    if contrast is None or metric is None:
        return ["-", ""]
    shown = SHOWN[metric]
    text = interval_text(contrast.difference, shown.scale, shown.digits, "+")
    return [text, "<0.001" if contrast.holm < 0.001 else f"{contrast.holm:.3f}"]


def _count(summary: Summary, label: str, name: str, count: int) -> str:
    return f"{count}, a third" if name == "diverged" and count and summary.unstable(label) else str(count)


def comparison_frame(summary: Summary) -> pd.DataFrame:
    """Return one row per comparison of an arm with its baseline or the best arm, with all statistics."""
    rows = []
    for contest in summary.comparison.contests:
        for kind, other in (("baseline", contest.baseline), ("best", contest.best)):
            contrasts = summary.comparison.to_baseline if kind == "baseline" else summary.comparison.to_best
            for label in contest.values:
                if other is not None and contest.apart[label] != contest.apart[other]:
                    row: dict[str, object] = {"arm": label, "other": other, "kind": kind}
                    row["metric"] = summary.score(label)
                    paired = contrasts.get(label)
                    crossed = summary.crossed(label, other, 1 - paired.level) if paired else None
                    row |= {"crossed_low": crossed.low, "crossed_high": crossed.high} if crossed else {}
                    rows.append(row | _seeds(paired) | _examples(summary.disagreement(label, other)))
    return pd.DataFrame([row for row in rows if len(row) > 4], columns=COMPARED)


COMPARED = (
    "arm,other,kind,metric,difference,low,high,n,p,p_holm,level,effect_size,win_rate,detectable_low,detectable_high,"
    "equivalent_within,n_only_arm,n_only_other,p_mcnemar,"
    "crossed_low,crossed_high"
).split(",")


def _seeds(contrast: PairedDifference | None) -> dict[str, object]:
    """Return the columns of the comparison over seeds; empty if the arms share fewer than two seeds."""
    if contrast is None:
        return {}
    mean, low, high, n, _ = contrast.difference
    return {
        "difference": mean,
        "low": low,
        "high": high,
        "n": n,
        "p": contrast.p,
        "p_holm": contrast.holm,
        "level": contrast.level,
        "effect_size": contrast.effect,
        "win_rate": contrast.wins,
        "detectable_low": contrast.detectable[0],
        "detectable_high": contrast.detectable[1],
        "equivalent_within": contrast.equivalent_within,
    }


def _examples(contrast: Disagreement | None) -> dict[str, object]:
    """Return the columns of the comparison over test examples; empty if the predictions were not saved."""
    return (
        {}
        if contrast is None
        else {"n_only_arm": contrast.first, "n_only_other": contrast.second, "p_mcnemar": contrast.p}
    )


def summary_files(summary: Summary) -> dict[str, str]:
    """Return the text of ``summary.csv``, ``comparisons.csv``, ``summary.md`` and ``summary.tex`` by file name."""
    titles, rows = render_cells(summary)
    foot = " ".join(write_footnotes(summary))
    return {
        "summary.csv": to_csv(for_spreadsheets(summary.long())),
        "comparisons.csv": to_csv(for_spreadsheets(comparison_frame(summary))),
        "summary.md": format_markdown(titles, rows, arm_columns(summary)) + f"\n{foot}\n",
        "summary.tex": format_latex(titles, rows, arm_columns(summary), foot),
    }


FORMULA = re.compile(r"[=+@\t\r]|-[^\d.]")  # text that a spreadsheet would evaluate


def for_spreadsheets(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose words that begin like a formula have an apostrophe in front."""
    words = frame.select_dtypes(include=["object", "string"])
    return frame.assign(**{str(name): words[name].map(_defuse) for name in words})


def _defuse(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def to_csv(frame: pd.DataFrame) -> str:
    """Return a frame as the text of a CSV file."""
    return frame.to_csv(index=False, float_format="%.10g", lineterminator="\n")
