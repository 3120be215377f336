"""Time of a training step per arm in a pack of one, interleaved with the other arms for equal conditions."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from dropout_lab.data import load
from dropout_lab.process_settings import use_threads
from dropout_lab.sweeps.csv_check import verify_csv
from dropout_lab.sweeps.interleaved import median_seconds, time_interleaved
from dropout_lab.sweeps.ledger import append_rows, read_rows
from dropout_lab.sweeps.pack_job import threads_for
from dropout_lab.sweeps.progress import ProgressBar
from dropout_lab.train.pack import Pack
from dropout_lab.trial import Trial

FILE = "steps.csv"
COLUMNS = ("trial_id", "solo_step_ms", "rounds")
ROUNDS, REPEATS = 11, 3


def time_steps(groups: Sequence[Sequence[Trial]], folder: Path, rounds: int = ROUNDS) -> None:
    """Append ``solo_step_ms`` of each trial to ``steps.csv``: the median time of its step in a pack of one, in ms.

    Args:
        groups: groups of trials to compare, such as those of one seed; the steps of a group are timed interleaved.
        folder: the sweep folder; groups whose trials all have stored times are skipped.
        rounds: number of rounds.
    """
    verify_csv(folder / FILE, COLUMNS, COLUMNS, COLUMNS[1:])
    done = {row["trial_id"] for row in read_rows(folder / FILE)}
    missing = [group for group in groups if any(trial.id not in done for trial in group)]
    if not missing:
        return
    with ProgressBar(len(missing), "timing steps", "groups") as bar:
        for group in missing:
            with use_threads(max(threads_for((trial,)) for trial in group)):
                times = time_interleaved({trial.id: _clock(trial) for trial in group}, rounds)
            new = [(i, 1000 * median(values)) for i, values in times.items() if i not in done]
            rows = [{"trial_id": i, "solo_step_ms": float(f"{ms:.6g}"), "rounds": rounds} for i, ms in new]
            append_rows(folder / FILE, COLUMNS, rows)
            bar.add(1)


def _clock(trial: Trial) -> Callable[[], float]:
    """Return a function that times a few steps of a trial and returns the median in seconds."""
    config = trial.config
    pack = Pack([trial], load(config.data.kind, **config.source))
    batch = pack.begin(1)[0]
    pack.step(batch)
    return partial(median_seconds, partial(pack.step, batch), REPEATS)
