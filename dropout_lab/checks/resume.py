"""Check that a sweep whose process is killed continues to the results of an undisturbed one."""

import json
import select
import time
from collections.abc import Sequence
from math import inf
from pathlib import Path

from safetensors.numpy import load_file

from dropout_lab.checks.figure import Figure
from dropout_lab.checks.trials import compose_arms
from dropout_lab.sweeps.ledger import Ledger, read_rows
from dropout_lab.sweeps.pack_checkpoints import usable_checkpoints
from dropout_lab.sweeps.process import ChildProcess, launch_process
from dropout_lab.sweeps.run import run_arms

EPOCHS = 40
WORDS = ["model.hidden=[8]", f"train.epochs={EPOCHS}", "data.train_size=300", "rate=0,0.4", "seeds=2"]
WORDS += ["workers=1", "save_weights=true"]
RESULTS = 4 * (1 + EPOCHS + 4)  # of four trials: the row, the rows of the curve, and the tensors of two layers
EACH_STEP = "train.checkpoint_minutes=0.000001"
KILL_EPOCH = 3  # the process is killed when its checkpoint is of this epoch or a later one
PATIENCE = 60.0  # seconds until that checkpoint must exist
TIMES = ("train_seconds", "seconds_per_epoch")


def check_resume(folder: Path) -> list[Figure]:
    """Kill a process that trains a tiny sweep, continue the sweep, and compare it with an undisturbed one."""
    undisturbed, killed = folder / "undisturbed", folder / "killed"
    kill_sweep([*WORDS, EACH_STEP, f"out={killed}"], killed)
    epoch = usable_checkpoints(killed)[0].epoch
    lines: list[str] = []
    run_arms(compose_arms([*WORDS, f"out={killed}"]), lines.append)
    run_arms(compose_arms([*WORDS, f"out={undisturbed}"]), lambda line: None)
    continued = sum(line.startswith("checkpoint: ") for line in lines)
    return [
        Figure("epoch of the checkpoint", epoch, KILL_EPOCH, inf),
        Figure("continued checkpoints", continued, 1, 1),
        Figure("rows and weights", len(read_results(undisturbed)), RESULTS, RESULTS),
        Figure("rows and weights that differ", count_differences(killed, undisturbed), 0, 0),
    ]


def kill_sweep(words: Sequence[str], folder: Path) -> None:
    """Start a sweep in another process and kill it in the middle of its training.

    Raises:
        RuntimeError: the process ended, or wrote no checkpoint in time.
    """
    child = launch_process("dropout_lab.checks.sweep_process")
    try:
        child.asks.write(json.dumps(list(words)).encode() + b"\n")
        child.asks.flush()
        _wait_for_checkpoint(child, folder)
    finally:
        child.kill()
        child.wait()
        child.close()


def _wait_for_checkpoint(child: ChildProcess, folder: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not any(header.epoch >= KILL_EPOCH for header in usable_checkpoints(folder)):
        if select.select([child.answers], [], [], 0.001)[0]:  # the child writes nothing: its end of the pipe is closed
            raise RuntimeError(f"the sweep ended with status {child.wait()} before it was killed")
        if time.monotonic() > until:
            raise RuntimeError(f"the sweep wrote no checkpoint of epoch {KILL_EPOCH} within {PATIENCE:g} s")


def read_results(folder: Path) -> dict[str, object]:
    """Return the rows of trials, without times, the rows of curves, and the saved weights of a sweep folder."""
    ledger = Ledger(folder, write=False)
    results: dict[str, object] = {
        i: {name: value for name, value in row.items() if name not in TIMES} for i, row in ledger.rows().items()
    }
    results |= {f"{row['trial_id']} {row['epoch']}": row for row in read_rows(ledger.curves_csv)}
    for path in folder.glob("weights/*.safetensors"):
        results |= {f"{path.stem} {name}": values.tobytes() for name, values in load_file(path).items()}
    return results


def count_differences(folder: Path, other: Path) -> int:
    """Return the number of results of two sweep folders that differ or that only one of them has."""
    first, second = read_results(folder), read_results(other)
    return sum(first.get(name) != second.get(name) for name in first.keys() | second.keys())
