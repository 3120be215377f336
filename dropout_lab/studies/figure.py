"""Figure of a study in the form of the original, with published and measured values."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dropout_lab.report import read_csv as stored
from dropout_lab.report.figures.marks import draw_interval, draw_series, limits
from dropout_lab.report.figures.style import COLOURS, MARKERS
from dropout_lab.report.plots import STYLE, shown_name
from dropout_lab.stats.intervals import LEAST, Interval, mean_interval
from dropout_lab.studies.bounds import expression_bounds, metric_bounds
from dropout_lab.studies.expressions import evaluate_expression, rename_columns
from dropout_lab.studies.measurements import Measurements
from dropout_lab.studies.published import load_published
from dropout_lab.studies.study import StudyMetric

PUBLISHED = "published"
WIDTH = 4.1
CHARACTERS = 13  # characters per inch in titles and in the legend, without the legend handles
HANDLE = 0.6
ACROSS = 3


def draw_study(measured: Measurements) -> Figure:
    """Draw one panel per data panel and metric.

    Data panels are columns and metrics are rows; with more than :data:`ACROSS` data panels it is the other way round.
    """
    study = measured.study
    form = study.figure.form
    metrics = [study.metrics[name] for name in study.figure.metrics or study.metrics]
    metrics = metrics[:1] if form == "curves" else metrics
    with rc_context(STYLE):
        arms = max(len(measured.on(panel)) + len(_not_run(metrics[0], panel)) for panel in measured.panels)
        height = 1.0 + 0.3 * arms if form == "arms" else 3.2
        turned = len(measured.panels) > ACROSS
        lines, columns = len(metrics), len(measured.panels)
        lines, columns = (columns, lines) if turned else (lines, columns)
        size = (WIDTH * columns + (1.2 if form == "arms" else 0), height * lines + 0.5)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(lines, columns, squeeze=False)
        for metric, line in zip(metrics, grid.T if turned else grid, strict=True):
            for panel, axes in zip(measured.panels, line, strict=True):
                {"line": _line, "arms": _arms, "curves": _curves}[form](axes, measured, panel, metric)
                axes.set_title(panel, fontsize=9)
        _legend(figure, grid.ravel().tolist())
        title = textwrap.fill(study.title, int(CHARACTERS * size[0]))
        figure.suptitle(f"{title}\n{_said(measured)}", fontsize=10)
        return figure


def _not_run(metric: StudyMetric, panel: str) -> dict[str, float]:
    """Return the published figures of a panel that the study does not measure, by name."""
    return {name: load_published()[i].number for name, i in metric.unmeasured.get(panel, {}).items()}


def _said(measured: Measurements) -> str:
    counts = sorted({len(measured.trials[label]) for label in measured.by_label})
    n = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"
    if counts[-1] < LEAST:
        return "one replicate" if counts[-1] < 2 else f"scale {measured.scale.name}: two values and their mean"
    return f"scale {measured.scale.name}: mean and 95 % interval, {n}"


def _legend(figure: Figure, axes: Sequence[Axes]) -> None:
    entries: dict[str, Any] = {}
    for each in axes:
        handles, labels = each.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    if len(entries) > 1 or PUBLISHED in " ".join(entries):
        each_takes = HANDLE + max(map(len, entries)) / CHARACTERS
        columns = max(1, min(len(entries), 4, int(figure.get_figwidth() / each_takes)))
        figure.legend(entries.values(), entries.keys(), frameon=False, loc="outside lower center", ncols=columns)


def _line(axes: Axes, measured: Measurements, panel: str, metric: StudyMetric) -> None:
    """Draw a metric against an axis, with one line per arm and point of the other axes.

    Cells without a value on the axis are horizontal lines.
    """
    key = measured.study.figure.x
    series: dict[str, list[tuple[float, str]]] = {}
    for label in measured.on(panel):
        place = dict(measured.by_label[label].place)
        if key in place:
            others = " ".join([measured.by_label[label].arm, *(f"{k}={v}" for k, v in place.items() if k != key)])
            series.setdefault(others, []).append((float(place[key]), label))
    for i, (name, points) in enumerate(series.items()):
        look = _look(i)
        ordered = [(x, label) for x, label in sorted(points)]
        means = [(x, measured.interval(label, metric.name)) for x, label in ordered]
        draw_series(axes, [(x, f) for x, f in means if f is not None], label=shown_name(name), **look)
        printed = [
            (x, published.number) for x, label in ordered if (published := measured.published(label, metric.name))
        ]
        if printed:
            style = look | {"linestyle": ":", "markerfacecolor": "white"}
            values = [number for _, number in printed]
            axes.plot([x for x, _ in printed], values, label=f"{name}, {PUBLISHED}", markersize=4.5, **style)
    apart = [label for label in measured.on(panel) if key not in dict(measured.by_label[label].place)]
    for i, label in enumerate(apart, len(series)):
        held = measured.interval(label, metric.name)
        if held is not None:
            if not np.isnan(held.low):
                axes.axhspan(held.low, held.high, color=COLOURS[i % len(COLOURS)], alpha=0.12)
            name = measured.by_label[label].name
            axes.axhline(
                held.mean, color=COLOURS[i % len(COLOURS)], linestyle="--", linewidth=1.3, label=shown_name(name)
            )
    if measured.study.figure.log:
        places = sorted({x for points in series.values() for x, _ in points})
        axes.set_xscale("log")
        axes.set_xticks(places, [f"{x:g}" for x in places])
        axes.minorticks_off()
    axes.set_ylim(limits(axes.get_ylim(), metric_bounds(metric)))
    axes.set(xlabel=_named(key), ylabel=metric.title)


def _named(key: str) -> str:
    return {"rate": "rate (drop probability)", "infer.passes": "passes", "data.train_size": "training examples"}.get(
        key, key
    )


def _look(i: int) -> dict[str, Any]:
    turn = i // len(COLOURS)
    return {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[(i + turn) % len(MARKERS)], "linewidth": 1.3}


def _arms(axes: Axes, measured: Measurements, panel: str, metric: StudyMetric) -> None:
    """Draw one row per arm with its mean, interval and published figure."""
    labels = measured.on(panel)
    others = _not_run(metric, panel)
    printed = dict(enumerate(others.values(), len(labels)))
    for y, label in enumerate(labels):
        interval = measured.interval(label, metric.name)
        if interval is not None:
            draw_interval(axes, interval, y, label="measured")
        figure_in_print = measured.published(label, metric.name)
        printed |= {y: figure_in_print.number} if figure_in_print else {}
    for y, number in printed.items():
        axes.plot([number], [y], "D", color=COLOURS[1], markerfacecolor="white", markersize=5, label=PUBLISHED)
    names = [*(measured.by_label[label].name for label in labels), *others]
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(limits(axes.get_xlim(), metric_bounds(metric)))
    axes.set(xlabel=metric.title, ylim=(len(names) - 0.5, -0.5))


def _curves(axes: Axes, measured: Measurements, panel: str, metric: StudyMetric) -> None:
    """Draw an expression over ``curves.csv`` against the epoch: the mean of each arm with its interval as a band."""
    frame = rename_columns(stored.read_curves(measured.folder))
    frame["shown"] = evaluate_expression(frame, measured.study.figure.x, measured.study.name)
    bounds = expression_bounds(measured.study.figure.x, {})
    for i, label in enumerate(measured.on(panel)):
        rows = frame[frame["trial_id"].isin(list(measured.trials[label]))]
        if rows.empty:
            continue
        intervals: dict[Any, Interval] = {
            epoch: mean_interval(values.tolist(), bounds=bounds) for epoch, values in rows.groupby("epoch")["shown"]
        }
        low, high = ([f.mean if np.isnan(f.low) else f[side] for f in intervals.values()] for side in (1, 2))
        means, look = [f.mean for f in intervals.values()], _look(i)
        axes.plot(
            list(intervals), means, color=look["color"], linewidth=1.3, label=shown_name(measured.by_label[label].name)
        )
        axes.fill_between(list(intervals), low, high, color=look["color"], alpha=0.2)
    axes.set_ylim(limits(axes.get_ylim(), bounds))
    axes.set(xlabel="epoch", ylabel=measured.study.figure.x.replace("_", " "))
