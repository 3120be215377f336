"""Benchmark results: one CSV per subject, and a table of all subjects."""

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from dropout_lab.report.formats import format_markdown
from dropout_lab.sweeps.interleaved import Ratio

FOLDER = Path("results/bench")
TITLES = ["work", "compared", "what is timed", "note", "ratio", "rounds", "test accuracy, %"]


@dataclass(frozen=True)
class BenchRow:
    """One comparison.

    Args:
        work: description of the workload.
        peer: name of the other program.
        unit: quantity that was timed, with its unit.
        ratio, low, high: the peer's time divided by ours, median and quartiles over the rounds.
        rounds: number of rounds.
        theirs, ours: median times in the unit of ``unit``, for engineers; they apply to one machine only.
        accuracy, our_accuracy: mean test accuracy of the trials; None if nothing is trained.
        note: note for the table.
    """

    work: str
    peer: str
    unit: str
    ratio: float
    low: float
    high: float
    rounds: int
    theirs: float
    ours: float
    accuracy: float | None = None
    our_accuracy: float | None = None
    note: str = ""

    @classmethod
    def of(
        cls, work: str, peer: str, unit: str, ratio: Ratio, theirs: float, ours: float, note: str = ""
    ) -> "BenchRow":
        """Return a row of a comparison that trains nothing."""
        return cls(work, peer, unit, ratio.median, ratio.low, ratio.high, ratio.rounds, theirs, ours, note=note)

    @property
    def key(self) -> tuple[str, str, str]:
        """Columns that identify the comparison."""
        return self.work, self.peer, self.unit


def to_csv(machine: str, rows: Sequence[BenchRow]) -> str:
    """Return the CSV text of a subject, after a line that describes the machine."""
    out = io.StringIO()
    out.write(f"# peer's time / ours, median and quartiles over the rounds; {machine}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([entry.name for entry in fields(BenchRow)])
    for row in rows:
        writer.writerow([f"{value:.4g}" if isinstance(value, float) else value for value in astuple(row)])
    return out.getvalue()


def read_results(path: Path) -> tuple[str, list[BenchRow]]:
    """Return the description of the machine and the rows of a subject's CSV."""
    head, _, body = path.read_text().partition("\n")
    rows = []
    for cells in csv.DictReader(io.StringIO(body)):
        words = [cells[name] for name in ("work", "peer", "unit")]
        middle, low, high, theirs, ours = (float(cells[name]) for name in ("ratio", "low", "high", "theirs", "ours"))
        scores = [float(cells[name]) if cells[name] else None for name in ("accuracy", "our_accuracy")]
        ratio = Ratio(middle, low, high, int(cells["rounds"]))
        row = BenchRow.of(words[0], words[1], words[2], ratio, theirs, ours, cells["note"])
        rows.append(replace(row, accuracy=scores[0], our_accuracy=scores[1]))
    return head.partition("; ")[2], rows


def merge_rows(path: Path, machine: str, rows: Sequence[BenchRow]) -> list[BenchRow]:
    """Return new and stored rows; new rows replace stored ones of the same key.

    Stored rows of another machine or of other versions are dropped.
    """
    there = read_results(path) if path.exists() else ("", [])
    stored = {row.key: row for row in there[1]} if there[0] == machine else {}
    return list((stored | {row.key: row for row in rows}).values())


def render_table(paths: Sequence[Path]) -> str:
    """Return the table of docs/benchmarks.md for these files and the machines, without absolute times."""
    rows: list[list[str]] = []
    machines: dict[str, None] = {}
    for path in paths:
        machine, subject_rows = read_results(path)
        machines[machine] = None
        rows += [_cells(row) for row in subject_rows]
    return format_markdown(TITLES, rows, left=4) + "".join(f"\nMeasured on {machine}.\n" for machine in machines)


def _cells(row: BenchRow) -> list[str]:
    spread = f"{row.ratio:.2f} [{row.low:.2f}, {row.high:.2f}]"
    known = row.accuracy is not None and row.our_accuracy is not None
    scores = f"{100 * (row.accuracy or 0):.1f}, ours {100 * (row.our_accuracy or 0):.1f}" if known else ""
    return [row.work, row.peer, row.unit, row.note, spread, str(row.rounds), scores]
