"""Output of an evaluation: tables on the terminal, summary files next to the CSV files, and plots."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from dropout_lab.config import InferConf
from dropout_lab.config.compose import check_override, open_composer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.errors import ConfigError
from dropout_lab.evaluation.command import evaluate_folder
from dropout_lab.evaluation.store import inference_columns
from dropout_lab.files import replace_file
from dropout_lab.report import ensembles, plots, reliability
from dropout_lab.report import evaluations as report
from dropout_lab.report.figures.data import choose_title
from dropout_lab.report.formats import format_plain

HELP = """\
dropout-lab evaluate [out=DIR] infer=HOW [SETTING=VALUE ...]

Evaluates the saved networks of a finished sweep; trains nothing. A sweep saves
its networks with save_weights=true or infer=.

  infer=weight_scaling   the test-time network: calibration, risk and coverage
  infer=monte_carlo      stochastic forward passes (MC dropout): uncertainty
  infer=ensemble         MC dropout and deep ensembles over seeds, compared at
                         equal cost

Settings of infer may be axes, such as infer.passes=10,100; `dropout-lab list
settings` describes them. Also: device, data.root, data.path, save_predictions,
skip_invalid. Results go to evaluations.csv and files next to it in DIR
(results/sweep)."""
FILES = ("evaluations.csv", "ood.csv", "reliability.csv", "coverage.csv", "ensembles.csv")


def command(words: Sequence[str], say: Callable[[str], None]) -> int:
    """Run ``dropout-lab evaluate`` and return the exit status.

    Args:
        words: arguments of the command line.
        say: called with each line to print.

    Raises:
        ConfigError: an argument is invalid; raised before any evaluation starts.
    """
    if {"--help", "-h"} & set(words):
        say(HELP)
        return 0
    for word in words:
        if word.startswith("-"):
            raise ConfigError(f"no flag {word!r}; evaluate takes settings and --help")
        check_override(word)
    enable_plugins()
    with open_composer() as points:
        folder, outcome = evaluate_folder(words, points, say)
    for line in write_evaluations(folder, outcome):
        say(line)
    return 0


def write_evaluations(folder: Path, made: Sequence[tuple[str, InferConf]]) -> list[str]:
    """Write the tables and plots of evaluations to their sweep folder.

    Args:
        folder: the sweep folder.
        made: trial id and inference settings of each evaluation to show.

    Returns:
        The lines to print.
    """
    wanted = _wanted(made)
    frames = {name: report.read_evaluations(folder, name) for name in FILES}
    kept = {
        n: report.select_evaluations(f, wanted) for n, f in frames.items() if f is not None and n != "ensembles.csv"
    }
    kept = {name: frame for name, frame in kept.items() if len(frame)}
    tables: list[tuple[str, report.EvaluationTable]] = []
    if "evaluations.csv" in kept:
        tables.append(("evaluations.md", report.evaluation_table(kept["evaluations.csv"])))
        text = report.summarize(kept["evaluations.csv"]).to_csv(index=False, float_format="%.10g", lineterminator="\n")
        replace_file(folder / "evaluations_summary.csv", text)
    if "ood.csv" in kept:
        tables.append(("ood.md", report.ood_table(kept["ood.csv"])))
    together = frames["ensembles.csv"]
    if together is not None:
        ways = [{k: v for k, v in each.items() if k != "trial_id"} for each in wanted if each["infer"] == "ensemble"]
        ids = {each["trial_id"] for each in wanted}
        together = report.select_evaluations(together[together["trial_id"].isin(ids)], ways) if ways else together[:0]
        if len(together):
            tables += [("ensembles.md", ensembles.compare_by_inference(together))]
            tables += [("ensembles.md", ensembles.compare_by_training(together))]
    texts: dict[str, list[str]] = {}
    lines: list[str] = []
    for name, table in tables:
        texts.setdefault(name, []).append(table.markdown)
        lines += ["", format_plain(table.titles, table.rows, table.left), "", textwrap.fill(table.note, 80)]
    for name, parts in texts.items():
        replace_file(folder / name, "\n".join(parts))
    pictures = _pictures(folder, kept, together)
    names = [name for name in (*FILES, *texts, *pictures) if (folder / name).exists()]
    return [*lines, textwrap.fill(f"{folder}/: {' '.join(names)}", 80)]


def select_rows(folder: Path, made: Sequence[tuple[str, InferConf]]) -> pd.DataFrame:
    """Return the rows of ``evaluations.csv`` for these evaluations, with the settings of their trials.

    Args:
        folder: the sweep folder.
        made: trial id and inference settings of each evaluation.

    Returns:
        One row per trial and inference method; empty if all of them are ensembles.
    """
    frame = report.read_evaluations(folder, "evaluations.csv")
    return pd.DataFrame() if frame is None else report.select_evaluations(frame, _wanted(made)).reset_index(drop=True)


def _wanted(made: Sequence[tuple[str, InferConf]]) -> list[dict[str, str]]:
    return [{"trial_id": trial_id, **inference_columns(conf)} for trial_id, conf in made]


def _pictures(folder: Path, kept: dict[str, pd.DataFrame], together: pd.DataFrame | None) -> list[str]:
    drawn = []
    if "reliability.csv" in kept and "coverage.csv" in kept:
        figure = reliability.draw_calibration(
            kept["reliability.csv"], kept["coverage.csv"], choose_title(kept["coverage.csv"], "networks")
        )
        drawn.append(plots.save_figure(figure, folder, "calibration").name)
    if together is not None and len(together):
        figure = reliability.draw_ensembles(together, choose_title(together, "networks"))
        drawn.append(plots.save_figure(figure, folder, "ensembles").name)
    return drawn
