"""Reading of a sweep folder for tables, figures and reports, without the command that trained it."""

from pathlib import Path

import pandas as pd

from dropout_lab.config import list_settings, update_columns
from dropout_lab.errors import ConfigError
from dropout_lab.report import read_csv
from dropout_lab.report.evaluations import read_evaluations
from dropout_lab.report.figures.data import PlotData, choose_title
from dropout_lab.report.regroup import regroup_folder
from dropout_lab.report.splits import is_resplit
from dropout_lab.report.summary import Summary
from dropout_lab.sweeps.columns import trial_columns
from dropout_lab.sweeps.typed_values import typed_values


def load_summary(folder: str | Path) -> Summary:
    """Return the summary of all trials in a sweep folder, computed from its files alone.

    Raises:
        ConfigError: there is no such folder, or its files were not written by dropout-lab.
    """
    columns = ["regularizer", *(entry.column for entry in list_settings() if entry.spec.identity)]
    columns = [name for name in trial_columns() if name in columns and name not in ("seed", "evaluate_test")]
    try:
        if is_resplit(read_csv.read_trials(folder)):
            columns.remove("base_seed")
        return regroup_folder(folder, columns, typed_values(Path(folder)), update_columns)
    except (OSError, KeyError, pd.errors.ParserError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its trials.csv was not written by dropout-lab"
        raise ConfigError.of("out", str(folder), f"contains no sweep ({reason})") from None
    except ValueError as error:
        raise ConfigError(str(error)) from None


def load_plot_data(folder: str | Path, summary: Summary | None = None) -> PlotData:
    """Return the data of the figures of a sweep folder.

    Args:
        folder: the sweep folder.
        summary: arms to show; by default all arms of the folder.

    Raises:
        ConfigError: see :func:`load_summary`.
    """
    summary = load_summary(folder) if summary is None else summary
    evaluation_frames = {}
    try:
        curves = read_csv.read_table(Path(folder) / "curves.csv") if (Path(folder) / "curves.csv").exists() else None
        for name in ("reliability", "coverage"):
            frame = read_evaluations(Path(folder), f"{name}.csv")
            if frame is not None:
                evaluation_frames[name] = frame[frame["trial_id"].isin(summary.trials["trial_id"])]
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return PlotData(
        summary,
        pd.DataFrame() if curves is None else curves,
        choose_title(summary.trials, "sweep"),
        **evaluation_frames,
    )
