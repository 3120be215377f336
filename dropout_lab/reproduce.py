"""Reproduction of studies: compose their arms, run them as sweeps, read the ledger and write the report."""

import shlex
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.config.compose import format_value, open_composer
from dropout_lab.config.measurements import measured_on_request
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.data import DataError, load
from dropout_lab.errors import ConfigError
from dropout_lab.evaluation.request import evaluate_requested
from dropout_lab.files import replace_file
from dropout_lab.presentation.sweep import WIDTH, describe_searches, tuning_frame
from dropout_lab.report import plots
from dropout_lab.report.formats import format_duration
from dropout_lab.report.summary_table import to_csv
from dropout_lab.studies import catalog as shelf
from dropout_lab.studies import claims_index as index
from dropout_lab.studies import figure
from dropout_lab.studies import report_files as outputs
from dropout_lab.studies.cells import StudyCell, check_cells, make_cells
from dropout_lab.studies.claims import list_cells
from dropout_lab.studies.first_trial import record_first_trial
from dropout_lab.studies.measurements import Measurements, check_expressions
from dropout_lab.studies.request import ReproduceRequest
from dropout_lab.studies.study import SMOKE, Study
from dropout_lab.studies.study_footnotes import render_footnotes
from dropout_lab.studies.verdicts import judge_claims, table_rows
from dropout_lab.sweeps.columns import CURVE_COLUMNS, trial_columns
from dropout_lab.sweeps.grid import Arm, expand_grid, make_arms
from dropout_lab.sweeps.ledger import Ledger, refuse_foreign
from dropout_lab.sweeps.outcome import Outcome
from dropout_lab.sweeps.run import Say, plan_missing
from dropout_lab.trial import Trial
from dropout_lab.tuning.search import cost_preview, run_or_tune, searches_of

STUDY_FILES = (
    *("README.md", "table.csv", "table.md", "table.tex", "claims.csv", "claims.md", "figure.png", "figure.svg"),
    *("tuning.csv", "steps.csv"),
)


class NoData(Exception):
    """Raised if none of a study's data sets is available."""


@dataclass(frozen=True)
class _Composed:
    """Cells of a study whose data are available, and the arm of each cell."""

    cells: list[StudyCell]
    arms: list[Arm]

    def of(self, outcome: Outcome) -> list[tuple[StudyCell, Arm]]:
        """Return each cell with its trained arm, without the cells whose arm was skipped."""
        trained = {arm.label: arm for arm in outcome.arms}
        pairs = zip(self.cells, self.arms, strict=True)
        return [(cell, trained[arm.label]) for cell, arm in pairs if arm.label in trained]


def _composed(study: Study, asked: ReproduceRequest, say: Say) -> _Composed:
    """Compose the arms of a study.

    Panels without data are left out, and a line that says so is printed.

    Raises:
        ConfigError: a setting is invalid.
        NoData: no panel has data.
    """
    check_cells(study, [name for claim in study.claims for name in list_cells(claim)])
    own = {**asked.words, "out": f"out={format_value(str(asked.folder(study)))}"}
    cells, jobs = make_cells(study, study.scales[asked.scale]), []
    labels = Counter(cell.label for cell in cells)
    for i, cell in enumerate(cells):
        words = [word for word in cell.words if word.partition("=")[0] not in own]
        label = cell.label if labels[cell.label] == 1 else f"{cell.label} #{i}"
        jobs += expand_grid([], {label: [*words, *own.values()]})
    with open_composer() as points:
        try:
            made = make_arms(jobs, points)
        except ConfigError as error:
            raise ConfigError(f"{study.name}: {error}") from None
    columns = trial_columns(measured_on_request(made[0].config))
    check_expressions(study, {"trials.csv": columns, "curves.csv": CURVE_COLUMNS})
    missing: dict[str, str] = {}
    for cell, arm in zip(cells, made, strict=True):
        try:
            load(arm.config.data.kind, **arm.config.source)
        except DataError as error:
            missing.setdefault(cell.panel, str(error))
    for panel, reason in missing.items():
        say(f"{study.name}: skipped {panel}: {reason}" if panel else f"{study.name}: {reason}")
    kept = [(cell, arm) for cell, arm in zip(cells, made, strict=True) if cell.panel not in missing]
    if not kept:
        raise NoData("its data are not on disk")
    return _Composed([cell for cell, _ in kept], [arm for _, arm in kept])


def run_studies(asked: ReproduceRequest, say: Say, complain: Say) -> int:
    """Run the requested studies one after the other.

    Args:
        asked: the request.
        say: called with each line to print.
        complain: called with each warning.

    Returns:
        The exit status: 1 for a cause in ``asked.fail_on``, 2 if the data of the only study are not available, else 0.

    Raises:
        ConfigError: a setting is invalid; raised before any trial of the study is trained.
        Interrupted: Ctrl-C was pressed; the finished trials are stored.
    """
    enable_plugins()
    index.refuse_foreign_index(asked.out)
    statuses = []
    for study in asked.studies:
        try:
            statuses.append(_run(study, asked, say))
        except NoData as missing:
            statuses.append(0 if len(asked.studies) > 1 else 2)
            complain(f"{study.name}: skipped, {missing}")
    _ledger(asked.out, say)
    return max(statuses)


def _run(study: Study, asked: ReproduceRequest, say: Say) -> int:
    """Run one study, write its report and return the exit status."""
    say(f"{study.name}: {study.title}")
    composed, folder = _composed(study, asked, say), asked.folder(study)
    refuse_foreign(folder, STUDY_FILES)
    record_first_trial(folder)
    outcome = run_or_tune(composed.arms, say, asked.typed, evaluate_requested)
    searches = searches_of(outcome)
    if searches:
        replace_file(folder / "tuning.csv", to_csv(tuning_frame(searches)))
    if study.probe:
        _probe(composed.of(outcome), folder, 3 if asked.scale == SMOKE else 11)
    trials: dict[str, list[str]] = {}
    for cell, arm in composed.of(outcome):
        trials.setdefault(cell.label, []).extend(trial.id for trial in arm.trials)
    chosen = describe_searches(searches)
    pairs = zip(composed.cells, composed.arms, strict=True)
    picked = {cell.label: chosen[arm.label] for cell, arm in pairs if arm.label in chosen}
    kept = [cell for cell, _ in composed.of(outcome)]
    verdicts = _present(Measurements(study, study.scales[asked.scale], folder, kept, trials, picked), say)
    return max(outcome.exit_status(asked.fail_on), int(bool(verdicts & set(asked.fail_on))))


def _probe(trained: Sequence[tuple[StudyCell, Arm]], folder: Path, rounds: int) -> None:
    """Measure the step time of every trial; trials of the same panel and seed are timed against each other."""
    from dropout_lab.sweeps.step_timing import time_steps

    groups: dict[object, dict[str, Trial]] = {}
    for cell, arm in trained:
        for trial in arm.trials:
            groups.setdefault((cell.panel, trial.seed), {})[trial.id] = trial
    time_steps([list(group.values()) for group in groups.values()], folder, rounds)


def _present(measured: Measurements, say: Say) -> set[str]:
    """Write the files of a study, print its table and claims, and return the different verdicts on its claims."""
    lines, judged = table_rows(measured), judge_claims(measured)
    command = shlex.join(["dropout-lab", "reproduce", measured.study.name, f"scale={measured.scale.name}"])
    files = outputs.study_files(measured, lines, judged, command)
    for name, text in files.items():
        replace_file(measured.folder / name, text)
    plots.save_figure(figure.draw_study(measured), measured.folder, "figure")
    for line in outputs.render_blocks(measured, lines, WIDTH):
        say(line)
    for sentence in render_footnotes(measured, lines):
        say(textwrap.fill(sentence, WIDTH))
    for line in outputs.render_claims(outputs.claims_frame(measured, judged), WIDTH):
        say(line)
    say(f"{measured.folder}/: {' '.join(['trials.csv', 'curves.csv', *files, 'figure.png'])}")
    return {one.verdict for one in judged}


def _ledger(out: Path, say: Say) -> None:
    frame = index.collect_claims(out)
    if frame.empty:
        return
    replace_file(out / "claims.csv", to_csv(frame))
    replace_file(out / "claims.md", index.render_index(frame))
    say(f"{out}/: claims.csv claims.md, {index.count_categories(frame)}")


def preview_studies(asked: ReproduceRequest, say: Say) -> None:
    """Print the estimated cost of the requested studies, and store it for the list of studies if requested.

    Raises:
        ConfigError: a setting is invalid.
    """
    from dropout_lab.sweeps.cost import estimate_cost

    enable_plugins()
    costs = dict(shelf.load_costs())
    for study in asked.studies:
        try:
            made = _composed(study, asked, say).arms
        except NoData as missing:
            say(f"{study.name}: skipped, {missing}")
            continue
        rehearsed = cost_preview(made) if made[0].config.tune else made
        # Finished trials cost nothing more, but the stored estimate must cover the whole study. The ledger of a folder
        # that does not exist is empty.
        folder = asked.folder(study) / "afresh" if asked.costs else asked.folder(study)
        trials, packs = plan_missing(rehearsed, Ledger(folder, write=False))
        cost, todo = estimate_cost(packs), sum(len(pack) for pack in packs)
        costs[study.name, asked.scale] = shelf.StudyCost(len(trials), cost.seconds, shelf.calibrate_machine())
        needs = f"about {format_duration(cost.seconds)}, {max(cost.bytes / 2**20, 1):.0f} MiB"
        say(f"{study.name}: {len(trials)} trials, {todo} to train in {len(packs)} packs, {needs}")
        if asked.costs:
            shelf.store_costs(costs)
