"""What a finished command leaves for people: the table on the terminal, the summary files and the picture."""

from pathlib import Path

from dropout_lab.report import trials as stored
from dropout_lab.report.summary import Summary, write
from dropout_lab.report.tables import plain
from dropout_lab.sweeps.run import Outcome


def present(outcome: Outcome) -> list[str]:
    """Write the summary of a command's arms into their folder.

    Returns:
        the lines to print.
    """
    folder = Path(outcome.arms[0].config.out)
    frame = stored.read(folder)
    arms = {arm.label: [trial.id for trial in arm.trials] for arm in outcome.arms}
    mine = frame[frame["trial_id"].isin([i for ids in arms.values() for i in ids])]
    summary = Summary(mine, arms)
    changed = write(summary, folder)
    files = ["trials.csv", "curves.csv", "summary.csv", "summary.md"]
    if summary.shown:
        if changed or not (folder / "summary.png").exists():
            from dropout_lab.report import plots  # matplotlib is slow to import, and not always needed

            figure = plots.draw(summary, {arm.label: dict(arm.settings) for arm in outcome.arms}, _title(mine))
            plots.save(figure, folder, "summary")
        files.append("summary.png")
    titles, rows = summary.cells()
    return ["", plain(titles, rows), "", summary.note, f"{folder}/: {' '.join(files)}"]


def _title(frame: "stored.pd.DataFrame") -> str:
    def one(name: str) -> str:
        values = list(dict.fromkeys(frame[name]))
        return str(values[0]) if len(values) == 1 else ""

    return ", ".join(filter(None, [one("data"), one("model")])) or "sweep"
