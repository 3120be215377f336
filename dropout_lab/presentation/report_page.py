"""The command ``dropout-lab report``: one page with all that a sweep folder, or a folder of studies, holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FunctionLoader, StrictUndefined

from dropout_lab.errors import ConfigError
from dropout_lab.files import replace_file
from dropout_lab.presentation.folder import load_plot_data
from dropout_lab.presentation.options import parse_options
from dropout_lab.presentation.page_figures import PageFigure, page_figure
from dropout_lab.presentation.page_record import read_record, read_tuning
from dropout_lab.presentation.studies_page import is_studies_folder, studies_context
from dropout_lab.report.comparison import LEVEL
from dropout_lab.report.figures.data import PlotData
from dropout_lab.report.figures.metric_text import describe_metric
from dropout_lab.report.footnotes import write_footnotes
from dropout_lab.report.numbers import interval_text
from dropout_lab.report.result_table import TableSpec, make_table
from dropout_lab.report.summary import Summary
from dropout_lab.report.verdict import judge_sweep

HELP = """\
dropout-lab report [out=DIR] [file=PATH]

Writes one self-contained page, DIR/report.html, about the sweep in DIR (default
results/sweep): verdict, figures, table, comparisons of all pairs of arms,
learning curves, costs, tuning, diverged and failed trials, and the command that
repeats the sweep.

  dropout-lab report out=results/studies    all studies and their claims"""
DEFAULTS = {"out": "results/sweep", "file": ""}
MOST_ARMS = 20  # with more arms, there is no matrix of their pairs
MOST_LOST = 100


def command(words: Sequence[str], say: Callable[[str], None]) -> int:
    """Run ``dropout-lab report`` and return the exit status.

    Raises:
        ConfigError: an option is invalid, or the folder holds neither a sweep nor studies.
    """
    if {"--help", "-h"} & set(words):
        say(HELP)
        return 0
    given = parse_options("report", words, DEFAULTS, "out=DIR and file=PATH")
    say(str(write_report(given["out"], given["file"])))
    return 0


def write_report(folder: str | Path, file: str | Path = "", summary: Summary | None = None) -> Path:
    """Write the page about a sweep folder or a folder of studies, and return its path.

    Args:
        folder: the folder.
        file: path of the page; by default ``report.html`` in the folder.
        summary: arms of a sweep to show; by default all.

    Raises:
        ConfigError: the folder holds neither a sweep nor studies.
    """
    folder = Path(folder)
    if is_studies_folder(folder):
        page = render_page("studies.html.j2", studies_context(folder))
    else:
        page = render_page("report.html.j2", sweep_context(folder, load_plot_data(folder, summary)))
    path = Path(file) if file else folder / "report.html"
    if path.is_dir():
        raise ConfigError.of("file", str(file), "is a folder; name a file, such as report.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, page)
    return path


def render_page(template: str, context: dict[str, Any]) -> str:
    """Return a page; all text that is not marked as safe is escaped."""
    templates = files("dropout_lab.presentation") / "templates"
    loader = FunctionLoader(lambda name: (templates / name).read_text(encoding="utf-8"))
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(context)


@dataclass(frozen=True)
class Section:
    """Section of figures: its id, title, introduction and figures."""

    key: str
    title: str
    text: str
    figures: list[PageFigure]


def sweep_context(folder: Path, data: PlotData) -> dict[str, Any]:
    """Return the template context of the page of a sweep."""
    summary = data.summary
    table = make_table(summary, TableSpec(bold="best"))
    verdicts = judge_sweep(summary)
    states = [verdict.state for verdict in verdicts]
    return {
        "title": data.title,
        "subtitle": _subtitle(summary),
        "verdicts": verdicts,
        "state": next((state for state in ("trouble", "open") if state in states), "clear"),
        "sections": {section.key: section for section in _sections(data) if section.figures},
        "table": table,
        "notes": list(write_footnotes(summary)),
        "pairs": pair_matrix(summary),
        "tuning": read_tuning(folder),
        "lost": _lost(summary),
        "record": read_record(folder, summary.trials),
        "many": len(summary.arms) > MOST_ARMS,
    }


def _subtitle(summary: Summary) -> str:
    trials = len(summary.trials)
    arms = f"{len(summary.arms)} arm{'s' if len(summary.arms) != 1 else ''}"
    seeds = sorted({len(ids) for ids in summary.arms.values()})
    count = str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    return f"{arms}, {count} seed{'s' if count != '1' else ''} each, {trials} trial{'s' if trials != 1 else ''}"


DIFFERENCES = (
    "Each arm against the baseline, in pairs by seed. An interval is that of the test at the level after Holm's "
    "correction: where there are enough seeds, it excludes 0 exactly if the difference is significant."
)
CURVES = "A bold line is the mean over seeds, a faint line is one seed, and the mark is at the best mean."
SEEDS = (
    "Each line is one seed. Arms that share a seed share its split of the data, so they are compared along the line."
)
COST = "Training time on the machine of the sweep, which trains several networks at once."
# Key, title and introduction of each section of figures, and the options of its figures.
SECTIONS: list[tuple[str, str, str, list[dict[str, str]]]] = [
    ("result", "Result", "", [{}, {"kind": "heat"}]),
    ("differences", "Differences from the baseline", DIFFERENCES, [{"kind": "forest"}]),
    ("curves", "Learning curves", CURVES, [{"kind": "curves"}, {"kind": "curves", "y": "val_loss"}]),
    ("seeds", "Seeds", SEEDS, [{"kind": "seeds"}]),
    ("gap", "Gap between training and test", "", [{"y": "gap"}]),
    ("cost", "Cost", COST, [{"kind": "scatter", "x": "train_seconds"}]),
    ("calibration", "Calibration", "", [{"kind": "reliability"}, {"kind": "coverage"}]),
]


def _sections(data: PlotData) -> list[Section]:
    """Return the sections of figures; a figure that cannot be drawn from these data is left out."""
    sections = []
    for key, title, text, figures in SECTIONS:
        drawn = [page_figure(data, f"{key}{i}", options) for i, options in enumerate(figures)]
        sections.append(Section(key, title, text, [figure for figure in drawn if figure is not None]))
    return sections


def pair_matrix(summary: Summary) -> list[dict[str, Any]]:
    """Return, for each group of arms, the differences of every pair, row minus column."""
    groups = []
    for contest in summary.comparison.contests:
        labels = contest.different[:MOST_ARMS]
        metric = summary.score(labels[0]) if labels else None
        if metric is None or len(labels) < 2 or len(contest.different) > MOST_ARMS:
            continue
        shown = describe_metric(metric, summary.trials)
        cells: dict[tuple[str, str], dict[str, str]] = {}
        for first, second in combinations(labels, 2):
            for row, column in ((first, second), (second, first)):
                pair = summary.comparison.pair(row, column)
                if pair is None:
                    continue
                better = (pair.difference.mean > 0) == contest.higher
                state = "even" if pair.holm > LEVEL else "better" if better else "worse"
                mean = round(pair.difference.mean * shown.scale, shown.digits) + 0.0  # no minus before a zero
                text = f"{mean:+.{shown.digits}f}"
                detail = f"{interval_text(pair.difference, shown.scale, shown.digits, '+')}, adjusted p {pair.holm:.3f}"
                cells[row, column] = {"text": text, "state": state, "detail": detail}
        unit = "points" if shown.unit == "%" else shown.unit
        names = {label: ", ".join(summary.settings.get(label, {}).values()) or label for label in labels}
        axes = ", ".join(next(iter(summary.settings.values()), {}))
        groups.append(
            {"labels": labels, "names": names, "axes": axes, "cells": cells} | {"unit": unit, "title": shown.title}
        )
    return groups


def _lost(summary: Summary) -> list[dict[str, Any]]:
    """Return the trials that diverged or failed, with their arm."""
    arms = {trial: label for label, ids in summary.arms.items() for trial in ids}
    rows: pd.DataFrame = summary.trials[summary.trials["status"] != "ok"]
    return [
        {"id": row["trial_id"], "status": row["status"], "arm": arms.get(row["trial_id"], ""), "seed": row["seed"]}
        for row in rows.head(MOST_LOST).to_dict("records")
    ]
