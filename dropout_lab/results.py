"""What a finished command leaves for people: the table on the terminal, the summary files and the picture."""

import hashlib
import textwrap
from pathlib import Path

import pandas as pd

from dropout_lab.report import trials as stored
from dropout_lab.report.summary import Summary, texts
from dropout_lab.report.tables import plain
from dropout_lab.settings import ConfigError
from dropout_lab.sweeps.grid import Arm
from dropout_lab.sweeps.ledger import replace
from dropout_lab.sweeps.run import Outcome


def present(outcome: Outcome) -> list[str]:
    """Write the summary of a command's arms into their folder.

    Returns:
        the lines to print.

    Raises:
        ConfigError: the stored trials were damaged by hand.
    """
    folder = Path(outcome.arms[0].config.out)
    try:
        frame = stored.read(folder)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    places = {_place(arm): [trial.id for trial in arm.trials] for arm in outcome.arms}
    named = {place: _label(place, arm) for place, arm in zip(map(_place, outcome.arms), outcome.arms, strict=True)}
    arms = {named[place]: ids for place, ids in places.items()}
    mine = frame[frame["trial_id"].isin([i for ids in arms.values() for i in ids])]
    summary = Summary(mine, arms, {named[place]: dict(place) for place in places})
    files = texts(summary)
    for name, text in files.items():
        replace(folder / name, text)
    _picture(summary, folder, "".join(files.values()))
    titles, rows = summary.cells()
    names = [name for name in ("trials.csv", "curves.csv", *files, "summary.png") if (folder / name).exists()]
    table, note = plain(titles, rows, summary.named), textwrap.fill(summary.note, 80)
    lines = ["", table, "", note, f"{folder}/: {' '.join(names)}"]
    if outcome.evaluated:
        from dropout_lab.evaluated import present as evaluations

        lines += evaluations(folder, outcome.evaluated)
    return lines


def _place(arm: Arm) -> tuple[tuple[str, str], ...]:
    """The arm's place on the axes along which something else is trained."""
    return tuple((key, value) for key, value in arm.settings if key.partition(".")[0] != "infer")


def _label(place: tuple[tuple[str, str], ...], arm: Arm) -> str:
    return Arm(place, arm.config).label


def _picture(summary: Summary, folder: Path, figures: str) -> None:
    """Draw the picture unless the one there shows just these figures; matplotlib takes a second to import."""
    stamp = folder / ".dropout-lab" / "picture"
    shown = hashlib.sha256(figures.encode()).hexdigest()
    there = all((folder / f"summary.{kind}").exists() for kind in ("png", "svg"))
    if not summary.shown or (there and stamp.exists() and stamp.read_text() == shown):
        return
    from dropout_lab.report import plots

    plots.save(plots.draw(summary, _title(summary.trials)), folder, "summary")
    replace(stamp, shown)


def _title(frame: pd.DataFrame) -> str:
    kinds = [list(dict.fromkeys(frame[name])) for name in ("data", "model")]
    return ", ".join(str(kind[0]) for kind in kinds if len(kind) == 1) or "sweep"
