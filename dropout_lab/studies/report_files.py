"""Files of a study that was run: its table, its claims and its README."""

import textwrap
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from dropout_lab.report.formats import format_latex, format_markdown, format_plain
from dropout_lab.report.numbers import interval_text
from dropout_lab.report.summary_table import to_csv
from dropout_lab.stats.intervals import Interval
from dropout_lab.studies.agreement import TableRow
from dropout_lab.studies.claims_lock import load_lock, registration_status
from dropout_lab.studies.first_trial import read_first_trial
from dropout_lab.studies.measurements import Measurements, PublishedFigure
from dropout_lab.studies.sensitivity import COLUMNS, sensitivity_columns, sensitivity_text
from dropout_lab.studies.study import StudyMetric
from dropout_lab.studies.study_footnotes import render_footnotes
from dropout_lab.studies.study_readme import render_readme
from dropout_lab.studies.verdicts import INCOMPARABLE, ClaimVerdict

EXACT = 4  # maximum number of decimal places of a figure printed in a paper; figures from log files have more
SEEN = {"print": "", "copy": "c", "recalled": "r", "quoted": "q"}
CLAIMS = [
    *"study,scale,panel,data,id,category,claim,source,test,metric,about,effect,low,high,n,p,p_holm".split(","),
    *"tendency,verdict,why,registered".split(","),
    *COLUMNS,
]


def render_table(
    measured: Measurements, rows: Sequence[TableRow], apart: bool = False
) -> tuple[list[str], list[list[str]], int]:
    """Return the printed table: titles, rows of text, and the number of left-aligned columns.

    Args:
        measured: the measurements.
        rows: rows of the table.
        apart: whether the rows belong to a single panel that is named outside of the table.
    """
    metrics = list(dict.fromkeys(row.metric for row in rows))
    titles = [*([] if apart or measured.panels == [""] else ["data"]), "arm"]
    titles += ["metric"] if len(metrics) > 1 else []
    titles += ["chosen"] if measured.tuned else []
    left = len(titles)
    titles += ["published"] if any(row.published for row in rows) else []
    titles += [measured.study.metrics[metrics[0]].title if len(metrics) == 1 else "measured", "n"]
    titles += ["difference"] if "published" in titles else []
    titles += ["verdict"] if any(row.verdict not in ("", INCOMPARABLE) for row in rows) else []
    titles += ["lost"] if any(_lost(measured, row) for row in rows) else []
    lines = []
    for row in rows:
        text = _texts(measured, row)
        lines.append([text.get(title, text["measured"]) for title in titles])
    return titles, lines, left


def _texts(measured: Measurements, row: TableRow) -> dict[str, str]:
    """Return the text of each cell of a row by column."""
    metric, cell = measured.study.metrics[row.metric], measured.by_label.get(row.label)
    interval = measured.interval(row.label, row.metric) if cell else None
    tuned = measured.tuned.get(row.label)
    return {
        "data": row.panel,
        "arm": cell.name if cell else row.name,
        "metric": metric.title,
        "chosen": (tuned.picked or "-") if tuned else "",
        "published": _published(row.published, metric),
        "measured": _interval(interval, metric),
        "n": str(interval.n if interval else 0) if cell else "",
        "difference": _difference(interval, row, metric),
        "verdict": row.verdict,
        "lost": str(_lost(measured, row)) if cell else "",
    }


def _lost(measured: Measurements, row: TableRow) -> int:
    """Return the number of trials of a row's cell that diverged or failed."""
    known = row.label in measured.by_label
    return measured.summary.diverged(row.label) + measured.summary.failed(row.label) if known else 0


def _published(printed: PublishedFigure | None, metric: StudyMetric) -> str:
    if printed is None:
        return ""
    fact = printed.fact
    if metric.relative:
        return f"{printed.number:.{metric.digits}f} {SEEN[fact.seen]}".strip()
    kind = fact.spread_kind.partition(" ")[0] if fact.spread[-1:].isdigit() else ""
    spread = f" ± {_short(fact.spread, metric)} {kind}".rstrip() if fact.spread else ""
    return f"{_short(fact.value, metric)}{spread} {SEEN[fact.seen]}".strip()


def _short(printed: str, metric: StudyMetric) -> str:
    """Return a published figure as printed; a figure from a log file is rounded to the digits of the metric."""
    digits = printed.partition(".")[2]
    return f"{float(printed):.{metric.digits}f}" if len(digits) > EXACT and digits.isdigit() else printed


def _interval(interval: Interval | None, metric: StudyMetric) -> str:
    if interval is None:
        return "-"
    return interval_text(interval, 1, metric.digits)


def _difference(interval: Interval | None, row: TableRow, metric: StudyMetric) -> str:
    if row.paired:
        return interval_text(row.paired, 1, metric.digits, "+")
    return f"{interval.mean - row.published.number:+.{metric.digits}f}" if interval and row.published else ""


def long_frame(measured: Measurements, rows: Sequence[TableRow]) -> pd.DataFrame:
    """Return the rows of ``table.csv``: one row per cell and metric, with unrounded figures."""
    records = []
    for row in rows:
        cell, published = measured.by_label.get(row.label), row.published
        line: dict[str, object] = {"data": row.panel, "arm": cell.name if cell else row.name}
        line |= {"metric": row.metric, "title": measured.study.metrics[row.metric].title}
        names = ("id", "row", "value", "unit", "spread", "spread_kind", "n", "seen", "source")
        line |= {f"published_{name}": getattr(published.fact, name) if published else "" for name in names}
        interval = measured.interval(row.label, row.metric) if cell else None
        line |= interval.columns if interval else {}
        line |= {"difference": interval.mean - published.number} if interval and published else {}
        ends = row.paired
        line |= {"difference": ends.mean, "difference_low": ends.low, "difference_high": ends.high} if ends else {}
        line |= {"margin": row.margin} if row.margin is not None else {}
        line |= {"n_lost": _lost(measured, row)} if cell else {}
        line |= {"chosen": measured.tuned[row.label].picked} if row.label in measured.tuned else {}
        records.append(line | {"verdict": row.verdict})
    return pd.DataFrame(records)


def claims_frame(measured: Measurements, judged: Sequence[ClaimVerdict]) -> pd.DataFrame:
    """Return the rows of ``claims.csv``: one row per claim and panel."""
    rows = []
    lock = load_lock(measured.study.file).get(measured.study.name, {})
    first = read_first_trial(measured.folder)
    for one in judged:
        data = sorted({dict(measured.by_label[label].settings).get("data", "digits") for label in _of(measured, one)})
        line: dict[str, object] = {"study": measured.study.name, "scale": measured.scale.name, "panel": one.panel}
        line |= {"data": " ".join(data), "id": one.claim.id, "category": one.claim.category}
        line |= {"claim": one.claim.says, "source": one.claim.source}
        line |= {
            "test": describe_test(one),
            "metric": measured.study.metrics[one.claim.metric].title,
            "about": one.about,
        }
        if one.effect:
            line |= {"effect": one.effect.mean, "low": one.effect.low, "high": one.effect.high}
        line |= {"n": one.n, "p": one.p, "p_holm": one.holm, "tendency": one.tendency}
        registered = registration_status(measured.study, one.claim, lock.get(one.claim.id), first)
        line |= {"verdict": one.verdict, "why": one.why, "registered": registered}
        rows.append(line | sensitivity_columns(one))
    return pd.DataFrame(rows, columns=CLAIMS)


def _of(measured: Measurements, judged: ClaimVerdict) -> list[str]:
    return measured.on(judged.panel) if judged.panel in measured.panels else list(measured.by_label)


def describe_test(judged: ClaimVerdict) -> str:
    """Return the test of a claim in one line, with the parameters of the study file."""
    return ", ".join(f"{key}: {_plain(value)}" for key, value in judged.claim.test.items())


def _plain(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_plain(each) for each in value) + "]"
    return "-" if value is None else str(value)


def claim_lines(frame: pd.DataFrame, named: bool = False) -> tuple[list[str], list[list[str]]]:
    """Return titles and rows of the claims as text.

    Args:
        frame: claims as returned by :func:`claims_frame`.
        named: whether the table has columns for study and scale.
    """
    titles = [*(["study", "scale"] if named else []), "data", "claim", "effect", "n", "p", "verdict", "registered"]
    rows = []
    for row in frame.astype(object).where(frame.notna(), "").to_dict("records"):
        where = str(row["panel"] or row["data"])
        p = row["p_holm"] if row["p_holm"] != "" else ""
        shown_p = "" if p == "" else "<0.001" if float(p) < 0.001 else f"{float(p):.3f}"
        line = [row["study"], row["scale"]] if named else []
        line += [where, str(row["claim"]), format_effect(row), str(row["n"]), shown_p]
        rows.append([*line, f"{row['verdict']}{sensitivity_text(row)}", str(row["registered"])])
    return titles, rows


def render_blocks(measured: Measurements, rows: Sequence[TableRow], width: int) -> list[str]:
    """Return the lines of the table for the terminal, with one block per data panel and metric."""
    lines: list[str] = []
    for panel in measured.panels:
        for name in measured.study.metrics:
            last = panel == measured.panels[-1]  # rows about all panels are in the last block
            about = (panel, "") if last else (panel,)
            own = [row for row in rows if row.metric == name and row.panel in about]
            if own:
                lines += ["", *([f"{panel}:"] if panel else [])]
                lines += format_plain(*render_table(measured, own, apart=True), width).splitlines()
    return [*lines, ""]


def render_claims(frame: pd.DataFrame, width: int) -> list[str]:
    """Return the lines of the claims for the terminal: each claim, followed by its verdicts with their figures."""
    reasons = set(frame["why"])
    if set(frame["verdict"]) == {INCOMPARABLE} and len(reasons) == 1:
        return textwrap.wrap(f"{len(frame)} claims, none judged: {reasons.pop()}.", width)
    lines = [""] if len(frame) else []
    for _, claims in frame.groupby("claim", sort=False):
        lines += textwrap.wrap(str(claims["claim"].iloc[0]), width)
        for where, _, shown, n, p, verdict, registered in claim_lines(claims)[1]:
            figures = ", ".join([shown, f"n = {n}", *([f"p = {p}" if p[0] != "<" else f"p {p}"] if p else [])])
            text = f"{where}: {verdict}" + (f"; {figures}" if shown else "") + f"; {registered}"
            lines += textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ")
    return [*lines, ""] if lines else []


def format_effect(row: Mapping[Hashable, Any]) -> str:
    """Return an effect as text such as ``A - B: 1.2 [0.8, 1.6]``, rounded to three significant digits.

    Empty if nothing was measured.
    """
    values = [row.get(key, "") for key in ("effect", "low", "high")]
    if values[0] in ("", None):
        return ""
    mean, low, high = (f"{round(float(v), 9) + 0.0:.3g}" if v != "" else "" for v in values)
    shown = f"{mean} [{low}, {high}]" if low and low != "nan" else mean
    return f"{row['about']}: {shown}" if row["about"] else shown


def study_files(
    measured: Measurements, rows: Sequence[TableRow], judged: Sequence[ClaimVerdict], command: str
) -> dict[str, str]:
    """Return the text of the files of a study by name, without the figure."""
    titles, lines, left = render_table(measured, rows)
    below = render_footnotes(measured, rows)
    frame = claims_frame(measured, judged)
    return {
        "table.csv": to_csv(long_frame(measured, rows)),
        "table.md": format_markdown(titles, lines, left) + "\n" + " ".join(below) + "\n",
        "table.tex": format_latex(titles, lines, left, " ".join(below)),
        "claims.csv": to_csv(frame),
        "claims.md": claims_markdown(frame),
        "README.md": render_readme(
            measured, format_markdown(titles, lines, left), below, claims_markdown(frame), frame, command
        ),
    }


def claims_markdown(frame: pd.DataFrame, named: bool = False) -> str:
    """Return the claims as Markdown."""
    titles, lines = claim_lines(frame, named)
    return format_markdown(titles, lines, 4 if named else 2)
