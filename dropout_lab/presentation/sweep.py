"""Output of a finished sweep or search: the table on the terminal, the summary files and the plot."""

import hashlib
import shlex
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_lab.config import list_settings, update_columns
from dropout_lab.errors import ConfigError, format_setting
from dropout_lab.files import replace_file
from dropout_lab.report import read_csv as stored
from dropout_lab.report.footnotes import write_footnotes
from dropout_lab.report.formats import format_plain
from dropout_lab.report.merging import merge_arms
from dropout_lab.report.regroup import regroup_folder
from dropout_lab.report.summary import Summary, TuningRecord
from dropout_lab.report.summary_table import arm_columns, render_cells, summary_files, to_csv
from dropout_lab.sweeps.columns import trial_columns as header
from dropout_lab.sweeps.grid import Arm, open_ranges
from dropout_lab.sweeps.outcome import Outcome
from dropout_lab.sweeps.typed_values import typed_values
from dropout_lab.tuning.search import Search, format_settings, searches_of

WIDTH = 80


def write_summary(outcome: Outcome) -> list[str]:
    """Write the summary of the arms of a command to their sweep folder.

    Returns:
        The lines to print.

    Raises:
        ConfigError: the stored trials cannot be read, for example after a manual edit.
    """
    folder, searches = Path(outcome.arms[0].config.out), searches_of(outcome)
    try:
        frame = stored.read_trials(folder)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    places = {_place(arm): [trial.id for trial in arm.trials] for arm in outcome.arms}
    named = {place: _label(place, arm) for place, arm in zip(map(_place, outcome.arms), outcome.arms, strict=True)}
    arms = {named[place]: ids for place, ids in places.items()}
    mine = frame[frame["trial_id"].isin([i for ids in arms.values() for i in ids])]
    merged = merge_arms(arms, {named[place]: dict(place) for place in places}, mine)
    choices = {merged.labels[named[_place(search.arm)]]: describe_search(search) for search in searches}
    summary = Summary(mine, merged.arms, merged.settings, choices, folder, merged.points)
    files = summary_files(summary)
    if searches:
        files["tuning.csv"] = to_csv(tuning_frame(searches))
    for name, text in files.items():
        replace_file(folder / name, text)
    _picture(summary, folder, "".join(files.values()))
    names = [name for name in ("trials.csv", "curves.csv", *files, "summary.png") if (folder / name).exists()]
    lines = ["", *format_table(summary), *(f"left out: {text}" for text in summary.damaged)]
    lines.append(f"{folder}/: {' '.join(names)}")
    if outcome.evaluated:
        from dropout_lab.presentation.evaluation import write_evaluations as evaluations

        lines += evaluations(folder, outcome.evaluated)
    return lines


def _place(arm: Arm) -> tuple[tuple[str, str], ...]:
    """Return the arm's value on each axis that affects training, that is, on all axes but those of ``infer``."""
    return tuple((key, value) for key, value in arm.settings if key.partition(".")[0] != "infer")


def _label(place: tuple[tuple[str, str], ...], arm: Arm) -> str:
    return Arm(place, arm.config).label


BEST = 10  # maximum number of printed settings of a search


def write_search(outcome: Outcome) -> list[str]:
    """Write the settings that a search tried to its folder.

    Returns:
        The lines to print: the best settings by validation score.
    """
    (search,) = searches_of(outcome)
    folder = Path(search.arm.config.out)
    replace_file(folder / "tuning.csv", to_csv(tuning_frame([search], confirmed=False)))
    ranked = sorted(search.attempts, key=lambda attempt: attempt.rank)
    metric = ranked[0].metric
    titles = ["settings", f"validation {metric.label}", "validation loss", "n"]
    rows = []
    for attempt in ranked[:BEST]:
        score = f"{attempt.score * metric.scale:.{metric.digits}f}" if metric.unit else f"{attempt.score:.4g}"
        n = len(attempt.trials) - attempt.lost
        rows.append([format_settings(attempt.settings), score, f"{attempt.loss:.4f}", str(n)])
    note = (
        f"The best {len(rows)} of {len(ranked)} settings, means over n seeds; {search.seconds:.0f} s of training. The "
        "first score is flattered by having been chosen, and the test part was not read. To confirm it on other seeds:"
    )
    table = format_plain(titles, rows, 1, WIDTH)
    files = f"{folder}/: trials.csv curves.csv tuning.csv"
    return ["", table, "", textwrap.fill(note, WIDTH), f"  dropout-lab sweep {_confirming(search)}", files]


def _confirming(search: Search) -> str:
    """Return the arguments of the sweep that confirms the result of a search on other seeds."""
    kept = [word for word in search.arm.words if word.partition("=")[0] not in SEARCHING and not open_ranges([word])]
    chosen = [f"{key}={format_setting(value)}" for key, value in search.picked.settings.items()]
    return shlex.join([*kept, *chosen])


# Settings that the confirming sweep omits. ``arms`` is redundant, because the variant and the regularizers define the
# arm.
SEARCHING = ("arms", "tune", "budget", "sampler", "tuning_seeds", "out")


FORMATS = ("text", "md", "latex", "csv")


def rebuild_table(folder: str, form: str) -> str:
    """Return the table of all trials in a sweep folder, computed from its files alone.

    Args:
        folder: the sweep folder.
        form: ``text`` for the table of the terminal, ``md``, ``latex``, or ``csv`` for one row per arm and metric.

    Raises:
        ConfigError: there is no such folder, or its files were not written by dropout-lab.
    """
    columns = ["regularizer", *(entry.column for entry in list_settings() if entry.spec.identity)]
    columns = [name for name in header() if name in columns and name not in ("seed", "read_test")]
    try:
        summary = regroup_folder(folder, columns, typed_values(Path(folder)), update_columns)
    except (OSError, KeyError, pd.errors.ParserError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its trials.csv is not dropout-lab's"
        raise ConfigError.of("out", folder, f"holds no sweep ({reason})") from None
    except ValueError as error:
        raise ConfigError(str(error)) from None
    if form == "text":
        return "\n".join(format_table(summary))
    return summary_files(summary)[{"md": "summary.md", "latex": "summary.tex", "csv": "summary.csv"}[form]].rstrip("\n")


def describe_search(search: Search) -> TuningRecord:
    """Return the tuning record of a search for the summary of its arm."""
    picked, seeds = search.picked, search.arm.config.tuning_seeds
    return TuningRecord(
        format_settings(picked.settings), max(len(search.attempts), 1), seeds, len(search.rows), search.seconds
    )


def tuning_frame(searches: Sequence[Search], confirmed: bool = True) -> pd.DataFrame:
    """Return the rows of ``tuning.csv``: one row per arm and setting that was tried for it.

    Args:
        searches: one search per arm.
        confirmed: whether the picked settings were confirmed on other seeds; the picked row then lists these trials.

    Returns:
        The rows, including the arm's value on each axis.
    """
    rows = []
    for search in searches:
        picked = search.picked
        final = search.confirming(picked.settings).trials if confirmed else ()
        for attempt in search.attempts or [picked]:
            tried: dict[str, Any] = {"arm": search.arm.label, "settings": format_settings(attempt.settings)}
            tried |= {"val_score": attempt.score, "val_loss": attempt.loss, "n": len(attempt.trials) - attempt.lost}
            tried |= {"n_lost": attempt.lost, "picked": attempt is picked, "trials": " ".join(attempt.trials)}
            tried["seconds"] = sum(float(search.rows[i]["train_seconds"] or 0) for i in attempt.trials)
            tried["confirmed"] = " ".join(trial.id for trial in final) if attempt is picked else ""
            rows.append(tried | dict(search.arm.settings))
    return pd.DataFrame(rows)


def format_table(summary: Summary) -> list[str]:
    """Return the lines of the table and its footnotes for the terminal."""
    titles, rows = render_cells(summary)
    return [
        format_plain(titles, rows, arm_columns(summary), WIDTH),
        "",
        *(textwrap.fill(line, WIDTH) for line in write_footnotes(summary)),
    ]


def _picture(summary: Summary, folder: Path, figures: str) -> None:
    """Draw the plot unless the existing one shows the same figures, because importing matplotlib takes a second."""
    stamp = folder / ".dropout-lab" / "picture"
    shown = hashlib.sha256(figures.encode()).hexdigest()
    there = all((folder / f"summary.{kind}").exists() for kind in ("png", "svg"))
    if not summary.shown or (there and stamp.is_file() and stamp.read_bytes() == shown.encode()):
        return
    from dropout_lab.report import plots

    plots.save_figure(plots.draw_summary(summary, _title(summary.trials)), folder, "summary")
    replace_file(stamp, shown)


def _title(frame: pd.DataFrame) -> str:
    kinds = [list(dict.fromkeys(frame[name])) for name in ("data", "model")]
    return ", ".join(str(kind[0]) for kind in kinds if len(kind) == 1) or "sweep"
