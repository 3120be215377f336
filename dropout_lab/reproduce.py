"""One study after the other: composed, run through the sweep, read back from its ledger and presented."""

import shlex
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.config.compose import format_value, open_composer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.data import DataError, load
from dropout_lab.errors import ConfigError
from dropout_lab.outputs.sweep import WIDTH, describe_search, tuning_frame
from dropout_lab.report.formats import format_duration
from dropout_lab.report.summary_table import to_csv
from dropout_lab.studies import catalog as shelf
from dropout_lab.studies.cells import StudyCell, check_cells, make_cells
from dropout_lab.studies.claims import list_cells
from dropout_lab.studies.measurements import Measurements, check_expressions
from dropout_lab.studies.request import ReproduceRequest
from dropout_lab.studies.study import SMOKE, Study
from dropout_lab.sweeps.grid import Arm, expand_grid, make_arms
from dropout_lab.sweeps.ledger import CURVE_COLUMNS, Ledger, replace_file, trial_columns
from dropout_lab.sweeps.outcome import Outcome
from dropout_lab.sweeps.run import plan_missing
from dropout_lab.trial import Trial
from dropout_lab.tuning.search import cost_preview, run_or_tune, searches_of

Say = Callable[[str], None]


class NoData(Exception):
    """None of a study's data are here."""


@dataclass(frozen=True)
class _Composed:
    """The cells of a study whose data are here, and the arm of each."""

    cells: list[StudyCell]
    arms: list[Arm]

    def of(self, outcome: Outcome) -> list[tuple[StudyCell, Arm]]:
        """Each cell with its arm as it was trained; those that were left out are missing."""
        trained = {arm.label: arm for arm in outcome.arms}
        pairs = zip(self.cells, self.arms, strict=True)
        return [(cell, trained[arm.label]) for cell, arm in pairs if arm.label in trained]


def _composed(study: Study, asked: ReproduceRequest, say: Say) -> _Composed:
    """Compose a study; panels without data are left out with a line.

    Raises:
        ConfigError: a setting that is refused.
        NoData: no panel is left.
    """
    check_cells(study, [name for claim in study.claims for name in list_cells(claim)])
    check_expressions(study, {"trials.csv": trial_columns(), "curves.csv": CURVE_COLUMNS})
    own = {**asked.words, "out": f"out={format_value(str(asked.folder(study)))}"}
    found, jobs = make_cells(study, study.scales[asked.scale]), []
    labels = Counter(cell.label for cell in found)
    for i, cell in enumerate(found):
        words = [word for word in cell.words if word.partition("=")[0] not in own]
        label = cell.label if labels[cell.label] == 1 else f"{cell.label} #{i}"
        jobs += expand_grid([], {label: [*words, *own.values()]})
    with open_composer() as points:
        try:
            made = make_arms(jobs, points)
        except ConfigError as error:
            raise ConfigError(f"{study.name}: {error}") from None
    missing: dict[str, str] = {}
    for cell, arm in zip(found, made, strict=True):
        try:
            load(arm.config.data.kind, **arm.config.source)
        except DataError as error:
            missing.setdefault(cell.panel, str(error))
    for panel, reason in missing.items():
        say(f"{study.name}: without {panel}: {reason}" if panel else f"{study.name}: {reason}")
    kept = [(cell, arm) for cell, arm in zip(found, made, strict=True) if cell.panel not in missing]
    if not kept:
        raise NoData("its data are not here")
    return _Composed([cell for cell, _ in kept], [arm for _, arm in kept])


def run_studies(asked: ReproduceRequest, say: Say, complain: Say) -> int:
    """Run the studies that are asked for, one after the other.

    Returns:
        the exit status: 1 if a trial diverged or failed, 2 if the data of the only study are not here.

    Raises:
        ConfigError: refused before anything of a study was trained.
        Interrupted: Ctrl-C; what was finished is stored.
    """
    enable_plugins()
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

    say(f"{study.name}: {study.title}")
    composed, folder = _composed(study, asked, say), asked.folder(study)
    outcome = run_or_tune(composed.arms, say, asked.typed)
    searches = searches_of(outcome)
    if searches:
        replace_file(folder / "tuning.csv", to_csv(tuning_frame(searches)))
    if study.probe:
        _probe(composed.of(outcome), folder, 3 if asked.scale == SMOKE else 11)
    trials: dict[str, list[str]] = {}
    for cell, arm in composed.of(outcome):
        trials.setdefault(cell.label, []).extend(trial.id for trial in arm.trials)
    chosen = {search.arm.label: describe_search(search) for search in searches}
    pairs = zip(composed.cells, composed.arms, strict=True)
    picked = {cell.label: chosen[arm.label] for cell, arm in pairs if arm.label in chosen}
    kept = [cell for cell, _ in composed.of(outcome)]
    _present(Measurements(study, study.scales[asked.scale], folder, kept, trials, picked), say)
    return outcome.status


def _probe(trained: Sequence[tuple[StudyCell, Arm]], folder: Path, rounds: int) -> None:
    """Time a step of every trial, those of one seed and panel against each other."""
    from dropout_lab.sweeps.step_timing import time_steps

    groups: dict[object, dict[str, Trial]] = {}
    for cell, arm in trained:
        for trial in arm.trials:
            groups.setdefault((cell.panel, trial.seed), {})[trial.id] = trial
    time_steps([list(group.values()) for group in groups.values()], folder, rounds)


def _present(measured: Measurements, say: Say) -> None:
    """Write the files of a study and print its table and claims."""
    from dropout_lab.report import plots
    from dropout_lab.studies import figure
    from dropout_lab.studies import report_files as outputs
    from dropout_lab.studies.verdicts import judge_claims, table_rows

    lines, judged = table_rows(measured), judge_claims(measured)
    command = shlex.join(["dropout-lab", "reproduce", measured.study.name, f"scale={measured.scale.name}"])
    files = outputs.study_files(measured, lines, judged, command)
    for name, text in files.items():
        replace_file(measured.folder / name, text)
    plots.save_figure(figure.draw_study(measured), measured.folder, "figure")
    for line in outputs.render_blocks(measured, lines, WIDTH):
        say(line)
    for sentence in outputs.render_footnotes(measured, lines):
        say(textwrap.fill(sentence, WIDTH))
    for line in outputs.render_claims(outputs.claims_frame(measured, judged), WIDTH):
        say(line)
    say(f"{measured.folder}/: {' '.join(['trials.csv', 'curves.csv', *files, 'figure.png'])}")


def _ledger(out: Path, say: Say) -> None:
    from dropout_lab.studies import claims_index as ledger

    frame = ledger.collect_claims(out)
    if frame.empty:
        return
    replace_file(out / "claims.csv", to_csv(frame))
    replace_file(out / "claims.md", ledger.render_index(frame))
    say(f"{out}/: claims.csv claims.md, {ledger.count_verdicts(frame)}")


def preview_studies(asked: ReproduceRequest, say: Say) -> None:
    """Say what the studies would take, and store it for the list if that is asked for."""
    from dropout_lab.sweeps.cost import estimate_cost

    enable_plugins()
    found = dict(shelf.load_costs())
    for study in asked.studies:
        try:
            made = _composed(study, asked, say).arms
        except NoData as missing:
            say(f"{study.name}: skipped, {missing}")
            continue
        rehearsed = cost_preview(made) if made[0].config.tune else made
        # What is there already costs nothing more, but the list tells the whole.
        folder = asked.folder(study) / "afresh" if asked.costs else asked.folder(study)
        trials, packs = plan_missing(rehearsed, Ledger(folder, write=False))
        cost, todo = estimate_cost(packs), sum(len(pack) for pack in packs)
        found[study.name, asked.scale] = shelf.Cost(len(trials), cost.seconds, shelf.calibrate_machine())
        needs = f"about {format_duration(cost.seconds)}, {max(cost.bytes / 2**20, 1):.0f} MiB"
        say(f"{study.name}: {len(trials)} trials, {todo} to train in {len(packs)} packs, {needs}")
        if asked.costs:
            shelf.store_costs(found)
