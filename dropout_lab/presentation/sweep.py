"""Output of a finished sweep or search: the table on the terminal, the summary files and the plot."""

import hashlib
import shlex
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_lab.errors import ConfigError, format_setting
from dropout_lab.files import replace_file
from dropout_lab.metrics import CONFUSION
from dropout_lab.report import read_csv as stored
from dropout_lab.report.figures.data import choose_title
from dropout_lab.report.footnotes import write_footnotes
from dropout_lab.report.formats import format_plain
from dropout_lab.report.merging import merge_arms
from dropout_lab.report.summary import Summary
from dropout_lab.report.summary_table import arm_columns, render_cells, summary_files, to_csv
from dropout_lab.report.tuning_record import TuningRecord, join_choices
from dropout_lab.report.verdict import verdict_lines
from dropout_lab.sweeps.grid import Arm, open_ranges
from dropout_lab.sweeps.outcome import Outcome
from dropout_lab.tuning.search import Search, format_settings, searches_of

WIDTH = 80


def write_summary(outcome: Outcome) -> list[str]:
    """Write the summary of the arms of a command to their sweep folder.

    Returns:
        The lines to print.

    Raises:
        ConfigError: the stored trials cannot be read, for example after a manual edit.
    """
    folder, searches, summary = Path(outcome.arms[0].config.out), searches_of(outcome), summarize_outcome(outcome)
    files = summary_files(summary)
    if searches:
        files["tuning.csv"] = to_csv(tuning_frame(searches))
    for name, text in files.items():
        replace_file(folder / name, text)
    _picture(summary, folder, "".join(files.values()))
    confusion = _write_confusion(summary, outcome.arms[0], folder)
    names = ["trials.csv", "curves.csv", *files, "summary.png", *confusion]
    names = [name for name in names if (folder / name).exists()]
    lines = ["", *format_table(summary), *(f"skipped: {text}" for text in summary.damaged)]
    lines.append(f"{folder}/: {' '.join(names)}")
    if outcome.evaluated:
        from dropout_lab.presentation.evaluation import write_evaluations as evaluations

        lines += evaluations(folder, outcome.evaluated)
    return lines


def summarize_outcome(outcome: Outcome) -> Summary:
    """Return the summary of the arms of a command.

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
    records = describe_searches(searches)
    choices = {merged.labels[named[_place(search.arm)]]: records[search.arm.label] for search in searches}
    return Summary(mine, merged.arms, merged.settings, choices, folder, merged.points)


def _write_confusion(summary: Summary, arm: Arm, folder: Path) -> list[str]:
    """Write the confusion matrices if they are requested, and return the names of the files."""
    if CONFUSION not in arm.config.metrics:
        return []
    from dropout_lab.report.confusion import confusion_frame, count_by_arm, draw_confusion
    from dropout_lab.report.plots import save_figure
    from dropout_lab.sweeps.trial_inputs import load_trial_data

    classes = load_trial_data(arm.trials[0]).classes
    counts = count_by_arm(summary, classes)
    if not counts:
        return []
    replace_file(folder / "confusion.csv", to_csv(confusion_frame(counts, classes)))
    return [
        "confusion.csv",
        save_figure(draw_confusion(counts, classes, choose_title(summary.trials, "sweep")), folder, "confusion").name,
    ]


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
        "best score is optimistic, because it selected the settings. The test set was not read. To evaluate the best "
        "settings on other seeds:"
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
SEARCHING = ("arms", "tune", "budget", "sampler", "tuning_seeds", "tuning_metric", "out")


def describe_searches(searches: Sequence[Search]) -> dict[str, TuningRecord]:
    """Return the tuning record of each arm by its label, over all draws of its tuning."""
    by_arm: dict[str, list[Search]] = {}
    for search in searches:
        by_arm.setdefault(search.arm.label, []).append(search)
    return {label: _describe_draws(draws) for label, draws in by_arm.items()}


def _describe_draws(draws: Sequence[Search]) -> TuningRecord:
    return TuningRecord(
        join_choices([format_settings(search.picked.settings) for search in draws]),
        max(len(draws[0].attempts), 1),
        draws[0].arm.config.tuning_seeds,
        sum(len(search.rows) for search in draws),
        sum(search.seconds for search in draws),
        _named_metric(draws[0]),
        {seed: search.draw for search in draws for seed in search.seeds} if len(draws) > 1 else {},
    )


def _named_metric(search: Search) -> str:
    """Return the validation column that ``tuning_metric`` names; empty for the score of the task."""
    metric = search.arm.config.tuning_metric
    return "" if metric == "auto" else metric


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
            tried |= {"draw": search.draw} if search.arm.config.tuning_draws > 1 else {}
            tried |= {"metric": metric} if (metric := _named_metric(search)) else {}
            rows.append(tried | dict(search.arm.settings))
    return pd.DataFrame(rows)


def format_table(summary: Summary) -> list[str]:
    """Return the lines for the terminal: the table, the verdict in plain language, and the footnotes."""
    titles, rows = render_cells(summary)
    lines = [format_plain(titles, rows, arm_columns(summary), WIDTH), "", *verdict_lines(summary, WIDTH)]
    return [*lines, *(textwrap.fill(line, WIDTH) for line in write_footnotes(summary))]


def _picture(summary: Summary, folder: Path, figures: str) -> None:
    """Draw the plot unless the existing one shows the same figures, because importing matplotlib takes a second."""
    stamp = folder / ".dropout-lab" / "picture"
    shown = hashlib.sha256(figures.encode()).hexdigest()
    there = all((folder / f"summary.{kind}").exists() for kind in ("png", "svg"))
    if not summary.shown or (there and stamp.is_file() and stamp.read_bytes() == shown.encode()):
        return
    from dropout_lab.report import plots

    plots.save_figure(plots.draw_summary(summary, choose_title(summary.trials, "sweep")), folder, "summary")
    replace_file(stamp, shown)
