"""The command ``dropout-lab table``: the table of a sweep folder from its files."""

import textwrap
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from dropout_lab.errors import ConfigError, list_allowed
from dropout_lab.presentation.folder import load_summary
from dropout_lab.presentation.options import choose, parse_options, split_names
from dropout_lab.report.figures.data import ARM, PlotData
from dropout_lab.report.footnotes import write_footnotes
from dropout_lab.report.result_table import BOLD, SPREADS, ResultTable, TableSpec, make_table
from dropout_lab.report.summary import Summary
from dropout_lab.report.summary_table import to_csv
from dropout_lab.report.table_formats import fits_page, table_html, table_latex, table_markdown, table_text
from dropout_lab.report.verdict import verdict_lines

WIDTH = 80
FORMATS = ("text", "md", "latex", "csv", "html")
NOTES = ("short", "full", "none")
AUTO = "auto"
OPTIONS = {
    "format": "text",
    "metric": "",
    "rows": "",
    "cols": "",
    "decimals": "",
    "sort": "",
    "bold": "none",
    "spread": "interval",
    "caption": "",
    "label": "",
    "notes": AUTO,
}
DEFAULTS = {"out": "results/sweep", **OPTIONS}
USAGE = f"out=DIR and format={'|'.join(FORMATS)}, {', '.join(f'{key}=' for key in list(OPTIONS)[1:])}"
HELP = f"""\
dropout-lab table [out=DIR] [OPTION=VALUE ...]

Prints the table of the sweep in DIR (default results/sweep) from its files.

  format=FORM      {", ".join(FORMATS)}; latex needs the package booktabs
  metric=NAMES     measured columns instead of the score, its difference, p and
                   gap: metric=test_accuracy,train_seconds
  rows=NAMES       settings shown as rows
  cols=NAMES       settings shown as columns: cols=rate
  decimals=N       decimal places of the metrics
  sort=NAME        a setting or metric; sort=-test_accuracy for descending order
  bold=WHICH       best, similar (all arms not detectably worse) or none
  spread=WHICH     interval, sd (standard deviation) or none
  caption=TEXT     caption; in LaTeX, caption= or label= wraps the table in a
                   float, one or two columns wide
  notes=WHICH      notes below the table: short, full or none

  dropout-lab table out=DIR cols=rate format=latex caption="Accuracy" bold=best"""


def command(words: Sequence[str], say: Callable[[str], None]) -> int:
    """Run ``dropout-lab table`` and return the exit status.

    Raises:
        ConfigError: an option is invalid, or the folder holds no sweep.
    """
    if {"--help", "-h"} & set(words):
        say(HELP)
        return 0
    given = parse_options("table", words, DEFAULTS, USAGE)
    choose("format", given["format"], FORMATS)
    say(render_table_of(load_summary(given["out"]), given))
    return 0


def render_table_of(summary: Summary, options: Mapping[str, str]) -> str:
    """Return the table of a summary as text.

    Args:
        summary: arms and trials.
        options: values of some of the keys of :data:`OPTIONS`.

    Raises:
        ConfigError: an option has no allowed value, or arms would share a cell.
    """
    given = {**OPTIONS, **options}
    form = choose("format", given["format"], FORMATS)
    spec = _spec(summary, given)
    if form == "csv":
        return _csv(summary, spec).rstrip("\n")
    try:
        table = make_table(summary, spec)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    notes = choose("notes", given["notes"], (*NOTES, AUTO))
    foot = _notes(summary, table, "full" if notes == AUTO and form in ("text", "md") else notes)
    if form == "text":
        lines = [] if notes == "none" or given["metric"] else verdict_lines(summary, WIDTH)
        lines += [line for note in foot for line in textwrap.wrap(note, WIDTH)]
        return "\n".join([*textwrap.wrap(given["caption"], WIDTH), table_text(table, lines, WIDTH)])
    if form == "md":
        return table_markdown(table, foot, given["caption"]).rstrip("\n")
    if form == "html":
        return table_html(table, foot, given["caption"], given["label"]).rstrip("\n")
    text = table_latex(table, foot, given["caption"], _label(given["label"]))
    warning = (
        "" if fits_page(table) else "% wider than a page: select fewer columns with metric=, cols= or spread=none\n"
    )
    return (text + warning).rstrip("\n")


def _label(label: str) -> str:
    """Return a label of LaTeX.

    Raises:
        ConfigError: it has a character that LaTeX takes for a command.
    """
    if set(label) & set("\\{}%#~$^_& ") - set("_") or not label.isascii():
        raise ConfigError.of(
            "label", label, "must consist of letters, digits, colons, dots, hyphens and underscores, such as tab:rates"
        )
    return label


def _spec(summary: Summary, given: Mapping[str, str]) -> TableSpec:
    axes = list(next(iter(summary.settings.values()), {})) or [ARM]
    known = PlotData(summary).metrics
    metrics = split_names(given["metric"])
    rows, columns = split_names(given["rows"]), split_names(given["cols"])
    for key, names, allowed in (("metric", metrics, known), ("rows", rows, [*axes, ARM]), ("cols", columns, axes)):
        for name in names:
            if name not in allowed:
                raise ConfigError.of(key, name, f"is not in this folder; {list_allowed(name, allowed)}")
    for name in set(rows) & set(columns):
        raise ConfigError(f"rows={given['rows']} cols={given['cols']}: {name} is in both")
    sort = given["sort"].removeprefix("-")
    if sort and sort not in (*axes, *known):
        raise ConfigError.of("sort", given["sort"], f"is not in this folder; {list_allowed(sort, [*axes, *known])}")
    decimals = given["decimals"]
    if decimals and not (decimals.isdecimal() and len(decimals) == 1):
        raise ConfigError.of("decimals", decimals, "must be a number from 0 to 9")
    bold, spread = choose("bold", given["bold"], BOLD), choose("spread", given["spread"], SPREADS)
    places = int(decimals) if decimals else None
    return TableSpec(metrics, rows, columns, places, given["sort"], bold, spread)


def _notes(summary: Summary, table: ResultTable, notes: str) -> list[str]:
    """Return the sentences below a table: all, the first alone, or none."""
    if notes == "none":
        return []
    full = list(write_footnotes(summary))
    added = table.note if table.note.startswith(" ") else ""
    if notes != "full":
        short = full[0].partition("; ")[0].rstrip(".") + "." + added
        return [table.note if table.note and not added else short]
    return [table.note if table.note and not added else full[0] + added, *full[1:]]


def _csv(summary: Summary, spec: TableSpec) -> str:
    """Return unrounded figures, one row per arm and metric, with columns for the settings in rows and columns."""
    frame = summary.long()
    if spec.metrics:
        more = [_long_rows(summary, metric) for metric in spec.metrics]
        frame = pd.concat(more, ignore_index=True)
    for i, name in enumerate(name for name in (*spec.rows, *spec.columns) if name != ARM):
        frame.insert(1 + i, name, [summary.settings[label][name] for label in frame["arm"]])
    return to_csv(frame)


def _long_rows(summary: Summary, metric: str) -> pd.DataFrame:
    rows = []
    for label in summary.arms:
        interval = summary.interval(label, metric)
        if interval is not None:
            rows.append({"arm": label, "metric": metric, **interval.columns, "n_diverged": summary.diverged(label)})
    return pd.DataFrame(rows)
