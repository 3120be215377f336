"""Result of a sweep for Python and notebooks: its trials, comparisons, tables and figures."""

import base64
from collections.abc import Hashable
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_lab.errors import ConfigError
from dropout_lab.metrics import metric_of
from dropout_lab.presentation.folder import load_plot_data, load_summary
from dropout_lab.presentation.plot import write_plot
from dropout_lab.presentation.plot_spec import OPTIONS, choose_figure
from dropout_lab.presentation.report_page import write_report
from dropout_lab.presentation.table import OPTIONS as KNOWN
from dropout_lab.presentation.table import render_table_of
from dropout_lab.report.figures.data import PlotData
from dropout_lab.report.summary import Summary
from dropout_lab.report.summary_table import comparison_frame
from dropout_lab.report.verdict import judge_sweep

# Columns that are kept although they are no metrics and may not vary.
_KEPT = ("trial_id", "seed", "status", "gap", "train_seconds", "epochs_run", "best_epoch", "drop_fraction")


class DrawnFigure:
    """A figure of a sweep; a notebook shows it.

    Args:
        figure: the figure of matplotlib.
        caption: description of its content.
        folder, options, data: what :func:`dropout_lab.presentation.plot.write_plot` needs to save it.
    """

    def __init__(self, figure: Any, caption: str, folder: Path, options: dict[str, str], data: PlotData):
        self.figure, self.caption = figure, caption
        self._folder, self._options, self._data = folder, options, data

    def save(self, file: str | Path) -> Path:
        """Write the figure to a file whose suffix is ``.pdf``, ``.svg`` or ``.png``, and return its path."""
        paths, _ = write_plot(self._folder, {**self._options, "file": str(file)}, self._data)
        return paths[0]

    def _repr_png_(self) -> bytes:
        return self._content("png")

    def _content(self, form: str) -> bytes:
        from dropout_lab.report.figures.style import SIZES, render_figure

        return render_figure(self.figure, SIZES[self._options.get("size", "page")], form, self.caption)


class SweepResult:
    """Result of a sweep.

    It can be used like the frame of all its trials as well: ``result["rate"]``, ``len(result)`` and the methods of a
    frame work on :attr:`trials_full`.

    Args:
        folder: the sweep folder.
        arms: the arms and their trials.
    """

    def __init__(self, folder: str | Path, arms: Summary):
        self.folder = Path(folder)
        self._arms = arms

    @cached_property
    def trials_full(self) -> pd.DataFrame:
        """One row per trial in the order of the arms, with the columns of ``trials.csv``."""
        order = list(dict.fromkeys(trial for ids in self._arms.arms.values() for trial in ids))
        frame = self._arms.trials.set_index("trial_id", drop=False)
        return frame.loc[[trial for trial in order if trial in frame.index]].reset_index(drop=True)

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row per trial, with the columns that vary between trials or were measured."""
        full = self.trials_full
        measured = {name for name in full.columns if metric_of(str(name)) and full[name].notna().any()}
        varying = {name for name in full.columns if full[name].nunique(dropna=False) > 1}
        return full[[name for name in full.columns if name in {*measured, *varying, *_KEPT}]]

    @property
    def summary(self) -> pd.DataFrame:
        """One row per arm and metric: mean, interval and numbers of trials, as in ``summary.csv``."""
        return self._arms.long()

    @property
    def comparisons(self) -> pd.DataFrame:
        """One row per comparison of an arm with its baseline or the best arm, as in ``comparisons.csv``."""
        return comparison_frame(self._arms)

    @property
    def verdict(self) -> str:
        """Verdict on the sweep in plain language."""
        return "\n".join(" ".join([each.headline, *each.details]) for each in judge_sweep(self._arms))

    def plot(self, **options: Any) -> DrawnFigure:
        """Draw a figure.

        Args:
            **options: options of ``dropout-lab plot``: ``kind``, ``x``, ``y``, ``hue``, ``col``, ``size``, ``title``
                and ``range``; several names as a list.

        Raises:
            ConfigError: an option is invalid, or the figure cannot be drawn from this sweep.
        """
        given = self._words("plot", options, OPTIONS)
        from dropout_lab.report.figures.draw import describe_figure, draw_figure

        spec = choose_figure(self._data, given)
        figure = draw_figure(self._data, spec)
        return DrawnFigure(figure, describe_figure(self._data, spec), self.folder, given, self._data)

    def table(self, **options: Any) -> str:
        """Return the table as text; ``options`` are those of ``dropout-lab table``, such as ``format="latex"``."""
        return render_table_of(self._arms, self._words("table", options, KNOWN))

    def report(self, file: str | Path = "") -> Path:
        """Write the page about the sweep, by default ``report.html`` in its folder, and return its path."""
        return write_report(self.folder, file, self._arms)

    @cached_property
    def _data(self) -> PlotData:
        return load_plot_data(self.folder, self._arms)

    @staticmethod
    def _words(name: str, options: dict[str, Any], known: dict[str, str]) -> dict[str, str]:
        for key in options.keys() - known.keys():
            raise ConfigError(f"{name}({key}=...): unknown option; {name} takes {', '.join(known)}")
        lists = {key: value for key, value in options.items() if isinstance(value, list | tuple)}
        joined = {key: (":" if key == "range" else ",").join(map(str, value)) for key, value in lists.items()}
        return {key: joined.get(key, "none" if value is None else str(value)) for key, value in options.items()}

    def __repr__(self) -> str:
        return (
            f"<SweepResult {self.folder}: {len(self._arms.arms)} arms, {len(self.trials_full)} trials>\n{self.verdict}"
        )

    def _repr_html_(self) -> str:
        lines = [f"<p><b>{escape(each.headline)}</b></p>" for each in judge_sweep(self._arms)]
        lines.append(self.table(format="html", bold="best"))
        try:
            drawn = self.plot(title="none")
        except ConfigError:  # no trial is finished
            return "\n".join(lines)
        image = base64.b64encode(drawn._content("svg")).decode()
        lines.append(f'<img alt="{escape(drawn.caption)}" src="data:image/svg+xml;base64,{image}">')
        return "\n".join(lines)

    def __len__(self) -> int:
        return len(self.trials_full)

    def __getitem__(self, key: Hashable) -> Any:
        return self.trials_full[key]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.trials_full, name)


def open_result(folder: str | Path) -> SweepResult:
    """Return the result of the sweep in a folder, from its files alone.

    Raises:
        ConfigError: there is no such folder, or its files were not written by dropout-lab.
    """
    return SweepResult(folder, load_summary(folder))
