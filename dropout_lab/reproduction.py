"""One study after the other: composed, run through the sweep, read back from its ledger and presented."""

import shlex
import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.compose import standing, written
from dropout_lab.data import DataError, load
from dropout_lab.plugins import enable
from dropout_lab.report.cells import csv
from dropout_lab.results import WIDTH, tuned, tuning
from dropout_lab.settings import ConfigError
from dropout_lab.studies import shelf
from dropout_lab.studies.asked import Asked
from dropout_lab.studies.cells import Cell, cells, refuse
from dropout_lab.studies.claims import named
from dropout_lab.studies.measured import Measured, check_expressions
from dropout_lab.studies.study import SMOKE, Study
from dropout_lab.sweeps.grid import Arm, arms, expand
from dropout_lab.sweeps.ledger import CURVE_COLUMNS, Ledger, columns, replace
from dropout_lab.sweeps.run import Outcome, plan_of
from dropout_lab.sweeps.run import run as sweep
from dropout_lab.sweeps.tuning import rehearsal
from dropout_lab.trial import Trial

Say = Callable[[str], None]


class NoData(Exception):
    """None of a study's data are here."""


@dataclass(frozen=True)
class _Composed:
    """The cells of a study whose data are here, and the arm of each."""

    cells: list[Cell]
    arms: list[Arm]

    def of(self, outcome: Outcome) -> list[tuple[Cell, Arm]]:
        """Each cell with its arm as it was trained; those that were left out are missing."""
        trained = {arm.label: arm for arm in outcome.arms}
        pairs = zip(self.cells, self.arms, strict=True)
        return [(cell, trained[arm.label]) for cell, arm in pairs if arm.label in trained]


def _composed(study: Study, asked: Asked, say: Say) -> _Composed:
    """Compose a study; panels without data are left out with a line.

    Raises:
        ConfigError: a setting that is refused.
        NoData: no panel is left.
    """
    refuse(study, [name for claim in study.claims for name in named(claim)])
    check_expressions(study, {"trials.csv": columns(), "curves.csv": CURVE_COLUMNS})
    own = {**asked.words, "out": f"out={written(str(asked.folder(study)))}"}
    found, jobs = cells(study, study.scales[asked.scale]), []
    labels = Counter(cell.label for cell in found)
    for i, cell in enumerate(found):
        words = [word for word in cell.words if word.partition("=")[0] not in own]
        label = cell.label if labels[cell.label] == 1 else f"{cell.label} #{i}"
        jobs += expand([], {label: [*words, *own.values()]})
    with standing() as points:
        try:
            made = arms(jobs, points)
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


def run(asked: Asked, say: Say, complain: Say) -> int:
    """Run the studies that are asked for, one after the other.

    Returns:
        the exit status: 1 if a trial diverged or failed, 2 if the data of the only study are not here.

    Raises:
        ConfigError: refused before anything of a study was trained.
        Interrupted: Ctrl-C; what was finished is stored.
    """
    enable()
    statuses = []
    for study in asked.studies:
        try:
            statuses.append(_run(study, asked, say))
        except NoData as missing:
            statuses.append(0 if len(asked.studies) > 1 else 2)
            complain(f"{study.name}: skipped, {missing}")
    _ledger(asked.out, say)
    return max(statuses)


def _run(study: Study, asked: Asked, say: Say) -> int:

    say(f"{study.name}: {study.title}")
    composed, folder = _composed(study, asked, say), asked.folder(study)
    outcome = sweep(composed.arms, say, asked.typed)
    if outcome.searches:
        replace(folder / "tuning.csv", csv(tuning(outcome.searches)))
    if study.probe:
        _probe(composed.of(outcome), folder, 3 if asked.scale == SMOKE else 11)
    trials: dict[str, list[str]] = {}
    for cell, arm in composed.of(outcome):
        trials.setdefault(cell.label, []).extend(trial.id for trial in arm.trials)
    chosen = {search.arm.label: tuned(search) for search in outcome.searches}
    pairs = zip(composed.cells, composed.arms, strict=True)
    picked = {cell.label: chosen[arm.label] for cell, arm in pairs if arm.label in chosen}
    kept = [cell for cell, _ in composed.of(outcome)]
    _present(Measured(study, study.scales[asked.scale], folder, kept, trials, picked), say)
    return outcome.status


def _probe(trained: Sequence[tuple[Cell, Arm]], folder: Path, rounds: int) -> None:
    """Time a step of every trial, those of one seed and panel against each other."""
    from dropout_lab.bench.solo import probe

    groups: dict[object, dict[str, Trial]] = {}
    for cell, arm in trained:
        for trial in arm.trials:
            groups.setdefault((cell.panel, trial.seed), {})[trial.id] = trial
    probe([list(group.values()) for group in groups.values()], folder, rounds)


def _present(measured: Measured, say: Say) -> None:
    """Write the files of a study and print its table and claims."""
    from dropout_lab.report import plots
    from dropout_lab.studies import figure, outputs
    from dropout_lab.studies.verdicts import judge, rows

    lines, judged = rows(measured), judge(measured)
    command = shlex.join(["dropout-lab", "reproduce", measured.study.name, f"scale={measured.scale.name}"])
    files = outputs.texts(measured, lines, judged, command)
    for name, text in files.items():
        replace(measured.folder / name, text)
    plots.save(figure.draw(measured), measured.folder, "figure")
    for line in outputs.blocks(measured, lines, WIDTH):
        say(line)
    for sentence in outputs.foot(measured, lines):
        say(textwrap.fill(sentence, WIDTH))
    for line in outputs.printed(outputs.claims(measured, judged), WIDTH):
        say(line)
    say(f"{measured.folder}/: {' '.join(['trials.csv', 'curves.csv', *files, 'figure.png'])}")


def _ledger(out: Path, say: Say) -> None:
    from dropout_lab.studies import ledger

    frame = ledger.gathered(out)
    if frame.empty:
        return
    replace(out / "claims.csv", csv(frame))
    replace(out / "claims.md", ledger.text(frame))
    say(f"{out}/: claims.csv claims.md, {ledger.counted(frame)}")


def look(asked: Asked, say: Say) -> None:
    """Say what the studies would take, and store it for the list if that is asked for."""
    from dropout_lab.sweeps.cost import estimate

    enable()
    found = dict(shelf.costs())
    for study in asked.studies:
        try:
            made = _composed(study, asked, say).arms
        except NoData as missing:
            say(f"{study.name}: skipped, {missing}")
            continue
        rehearsed = rehearsal(made) if made[0].config.tune else made
        # What is there already costs nothing more, but the list tells the whole.
        folder = asked.folder(study) / "afresh" if asked.costs else asked.folder(study)
        trials, packs = plan_of(rehearsed, Ledger(folder, write=False))
        cost, todo = estimate(packs), sum(len(pack) for pack in packs)
        found[study.name, asked.scale] = shelf.Cost(len(trials), cost.seconds, shelf.gauge())
        needs = f"about {shelf.duration(cost.seconds)}, {max(cost.bytes / 2**20, 1):.0f} MiB"
        say(f"{study.name}: {len(trials)} trials, {todo} to train in {len(packs)} packs, {needs}")
        if asked.costs:
            shelf.store_costs(found)
