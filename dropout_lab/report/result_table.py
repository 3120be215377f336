"""Table of a sweep with chosen metrics, rows and columns, independent of the format in which it is printed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dropout_lab.report.comparison import BEHIND, BEST, UNKNOWN
from dropout_lab.report.figures.data import ARM, GridPoint, PlotData
from dropout_lab.report.figures.metric_text import MetricText, describe_metric
from dropout_lab.report.numbers import interval_text
from dropout_lab.report.summary import SHOWN, TEST_SCORES, Summary
from dropout_lab.report.summary_table import arm_columns, render_cells
from dropout_lab.stats.intervals import LEAST, Interval

SPREADS = ("interval", "sd", "none")
BOLD = ("none", "best", "similar")


@dataclass(frozen=True)
class TableSpec:
    """Layout and content of a table.

    Args:
        metrics: metrics; empty for the columns of the printed table of a sweep.
        rows: settings shown as rows; empty for all that are not in ``columns``.
        columns: settings shown as columns.
        decimals: number of decimal places; None for those of each metric.
        sort: setting or metric by which rows are sorted, with ``-`` in front for descending order.
        bold: ``best`` for the best arm of each comparison, ``similar`` also for arms that are not worse detectably.
        spread: ``interval``, ``sd`` for the standard deviation, or ``none``.
    """

    metrics: Sequence[str] = ()
    rows: Sequence[str] = ()
    columns: Sequence[str] = ()
    decimals: int | None = None
    sort: str = ""
    bold: str = "none"
    spread: str = "interval"


@dataclass(frozen=True)
class ResultTable:
    """Table as text.

    Args:
        titles: titles of the columns.
        rows: cells.
        left: number of columns that identify a row.
        bold: positions (row, column) of bold cells.
        groups: titles above several columns: title, first column, number of columns.
        note: explanation of the cells; if it begins with a space, it is added to that of the summary.
    """

    titles: list[str]
    rows: list[list[str]]
    left: int
    bold: frozenset[tuple[int, int]] = frozenset()
    groups: list[tuple[str, int, int]] = field(default_factory=list)
    note: str = ""


def make_table(summary: Summary, spec: TableSpec) -> ResultTable:
    """Return the table of a sweep.

    Raises:
        ValueError: two arms would share a cell.
    """
    summary = _sorted(summary, spec.sort)
    if not spec.metrics and not spec.columns and not spec.rows and spec.spread == "interval":
        return _printed(summary, spec)
    metrics = list(spec.metrics) or [m for m in summary.shown if m in TEST_SCORES][:1]
    if spec.columns:
        return _pivot(summary, spec, metrics)
    rows = list(spec.rows) or _axes(summary)
    titles = [*rows, *(describe_metric(m, summary.trials).label for m in metrics), "n"]
    body, bold = [], set()
    for i, label in enumerate(summary.arms):
        row = [_value(summary, label, name) for name in rows]
        row += [_cell(summary, label, metric, spec) for metric in metrics]
        body.append([*row, str(int((summary.of(label)["status"] == "ok").sum()))])
        bold |= {(i, len(rows) + j) for j, metric in enumerate(metrics) if _is_bold(summary, label, metric, spec.bold)}
    _check_rows([row[: len(rows)] for row in body], rows, summary)
    return ResultTable(titles, body, len(rows), frozenset(bold), note=_note(summary, spec, metrics))


def _axes(summary: Summary) -> list[str]:
    return list(next(iter(summary.settings.values()), {})) or [ARM]


def _value(summary: Summary, label: str, name: str) -> str:
    return label if name == ARM else summary.settings[label][name]


def _at(point: GridPoint, name: str) -> str:
    return point.label if name == ARM else point.cells[name]


def _sorted(summary: Summary, sort: str) -> Summary:
    """Return the summary with its arms sorted; arms without a value come last."""
    if not sort:
        return summary
    name = sort.removeprefix("-")

    def key(label: str) -> tuple[bool, float, str]:
        if name in _axes(summary):
            value = _value(summary, label, name)
            try:
                return False, float(value), ""
            except ValueError:
                return False, math.inf, value
        interval = summary.interval(label, name)
        return interval is None, 0.0 if interval is None else interval.mean, ""

    order = sorted(summary.arms, key=key, reverse=sort.startswith("-"))
    order.sort(key=lambda label: key(label)[0])
    return replace(summary, arms={label: summary.arms[label] for label in order})


def _printed(summary: Summary, spec: TableSpec) -> ResultTable:
    """Return the table that a sweep prints, with other decimal places and bold cells if requested."""
    titles, rows = render_cells(summary)
    left = arm_columns(summary)
    scores = [metric for metric in summary.shown if metric in TEST_SCORES]
    bold = set()
    for i, label in enumerate(summary.arms):
        for j, metric in enumerate(scores, left):
            if spec.decimals is not None and (interval := summary.interval(label, metric)) is not None:
                mark = summary.comparison.mark(label) if summary.comparison.pairs else ""
                rows[i][j] = f"{interval_text(interval, SHOWN[metric].scale, spec.decimals)} {mark}".rstrip()
            if _is_bold(summary, label, metric, spec.bold):
                bold.add((i, j))
    return ResultTable(titles, rows, left, frozenset(bold), note=bold_note(spec))


def _pivot(summary: Summary, spec: TableSpec, metrics: Sequence[str]) -> ResultTable:
    """Return the table with the values of some settings as columns.

    An arm without dropout has a cell in the row of each variant.
    """
    rows = list(spec.rows) or [name for name in _axes(summary) if name not in spec.columns] or [ARM]
    order = list(summary.arms)
    points = sorted(PlotData(summary).points, key=lambda point: order.index(point.label))
    across, down = (
        list(dict.fromkeys(tuple(_at(point, name) for name in names) for point in points))
        for names in (spec.columns, rows)
    )
    cells: dict[tuple[int, int], str] = {}
    bold = set()
    for point in points:
        label = point.label
        i = down.index(tuple(_at(point, name) for name in rows))
        j = across.index(tuple(_at(point, name) for name in spec.columns))
        for k, metric in enumerate(metrics):
            place = (i, len(rows) + j * len(metrics) + k)
            if place in cells:
                raise ValueError(_shared(rows, spec.columns, summary))
            cells[place] = _cell(summary, label, metric, spec)
            bold |= {place} if _is_bold(summary, label, metric, spec.bold) else set()
    names = [", ".join(value) for value in across]
    texts = [describe_metric(metric, summary.trials).label for metric in metrics]
    width = len(rows) + len(across) * len(metrics)
    if len(metrics) == 1:
        titles = [*rows, *names]
        groups = [(f"{texts[0]}, by {', '.join(spec.columns)}", len(rows), len(across))]
    else:
        titles = [*rows, *(text for _ in across for text in texts)]
        heads = [", ".join(f"{n}={v}" for n, v in zip(spec.columns, value, strict=True)) for value in across]
        groups = [(head, len(rows) + j * len(metrics), len(metrics)) for j, head in enumerate(heads)]
    body = [[*down[i], *(cells.get((i, j), "-") for j in range(len(rows), width))] for i in range(len(down))]
    return ResultTable(titles, body, len(rows), frozenset(bold), groups, _note(summary, spec, metrics))


def _shared(rows: Sequence[str], columns: Sequence[str], summary: Summary) -> str:
    left = [name for name in _axes(summary) if name not in (*rows, *columns)]
    return f"rows={','.join(rows)}: several arms share a cell; {', '.join(left)} must be in rows= or cols= as well"


def _check_rows(keys: Sequence[Sequence[str]], rows: Sequence[str], summary: Summary) -> None:
    if len({tuple(key) for key in keys}) < len(keys):
        raise ValueError(_shared(rows, (), summary))


def _cell(summary: Summary, label: str, metric: str, spec: TableSpec) -> str:
    interval, shown = summary.interval(label, metric), describe_metric(metric, summary.trials)
    if interval is None:
        return "-"
    digits = shown.digits if spec.decimals is None else spec.decimals
    if spec.spread == "interval":
        return interval_text(interval, shown.scale, digits)
    mean = f"{interval.mean * shown.scale:.{digits}f}"
    sd = float(summary.finished(label, metric)[metric].std(ddof=1)) * shown.scale
    return mean if spec.spread == "none" or math.isnan(sd) else f"{mean} ± {sd:.{digits}f}"


def _is_bold(summary: Summary, label: str, metric: str, bold: str) -> bool:
    """Return whether a cell is bold: by the paired test for the score of an arm, by the mean for other metrics."""
    if bold == "none":
        return False
    if metric == summary.score(label) and summary.comparison.pairs:
        mark = summary.comparison.mark(label)
        return mark == BEST if bold == "best" else mark not in (BEHIND, UNKNOWN)
    shown: MetricText = describe_metric(metric, summary.trials)
    group: Sequence[str] = next(labels for labels in summary.contexts if label in labels)
    means: Mapping[str, Interval] = {name: f for name in group if (f := summary.interval(name, metric)) is not None}
    if shown.higher is None or label not in means or len(means) < 2:
        return False
    return means[label].mean == (max if shown.higher else min)(mean.mean for mean in means.values())


def _note(summary: Summary, spec: TableSpec, metrics: Sequence[str]) -> str:
    """Return the sentence that describes the cells."""
    counts = sorted({len(summary.finished(label, metric)) for label in summary.arms for metric in metrics} - {0})
    n = "no" if not counts else str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    several = bool(counts) and counts[-1] >= LEAST
    spread = {"interval": " and 95% interval" if several else "", "sd": " ± standard deviation", "none": ""}
    return f"Mean{spread[spec.spread]} over {n} seed{'' if n == '1' else 's'}.{bold_note(spec)}"


def bold_note(spec: TableSpec) -> str:
    """Return the sentence that explains bold cells; empty if there are none."""
    bold = {"best": " Bold: the best mean.", "similar": " Bold: the best mean, and arms not detectably worse."}
    return bold.get(spec.bold, "")
