"""The command ``dropout-lab status``."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from dropout_lab.cli.flags import fold_lines
from dropout_lab.cli.terminal import replace_nonfinite, say
from dropout_lab.cli.usage import PROGRAM
from dropout_lab.errors import ConfigError
from dropout_lab.report.formats import format_duration
from dropout_lab.sweeps.ledger import FINAL, Ledger
from dropout_lab.sweeps.pack_checkpoints import CheckpointHeader, usable_checkpoints
from dropout_lab.sweeps.running_packs import RunningPack, list_running

USAGE = f"""\
{PROGRAM} status [out=DIR] [--json]

Shows the progress of the sweep in DIR (default results/sweep): numbers of
finished and remaining trials, and the packs in training. --json prints JSON."""
WIDTH = 72  # of the description of a pack


def status(words: list[str]) -> int:
    """Print the state of a sweep folder, also while a sweep runs there."""
    if words in (["--help"], ["-h"]):
        say(USAGE)
        return 0
    folder = "results/sweep"
    for key, equals, value in (word.partition("=") for word in words if word != "--json"):
        if key != "out" or not value:
            raise ConfigError(f"status {key}{equals}{value}: unknown option; status takes out=DIR and --json")
        folder = value
    if not (Path(folder) / ".dropout-lab").is_dir():
        raise ConfigError.of("out", folder, "contains no sweep; give the out= folder of a sweep")
    counts, packs = count_trials(folder), list_running(folder)
    training = {tuple(pack.trials) for pack in packs if pack.running}
    stored = [header for header in usable_checkpoints(folder) if tuple(header.trials) not in training]
    if "--json" in words:
        shown = [replace_nonfinite({**asdict(pack), "running": pack.running}) for pack in packs]
        checkpoints = [replace_nonfinite(asdict(header)) for header in stored]
        say(json.dumps({"out": folder, **counts, "packs": shown, "checkpoints": checkpoints}, indent=2))
    else:
        say(fold_lines("\n".join(describe_status(folder, counts, packs, stored))))
    return 0


def count_trials(folder: str) -> dict[str, int]:
    """Return the numbers of finished, diverged and failed trials, and of those left in the plan of the last command.

    Diverged trials are also among the finished ones. Failed trials are not left: the same command trains them again.
    """
    ledger = Ledger(folder, write=False)
    states = {trial_id: row["status"] for trial_id, row in ledger.rows().items()}
    planned = {trial_id for pack in ledger.packs() for trial_id in pack["trials"]}
    each = list(states.values())
    return {
        "finished": sum(state in FINAL for state in each),
        "diverged": each.count("diverged"),
        "failed": each.count("failed"),
        "left": len(planned - states.keys()),
    }


def describe_status(
    folder: str, counts: dict[str, int], packs: Sequence[RunningPack], stored: Sequence[CheckpointHeader]
) -> list[str]:
    """Return the state of a sweep folder in lines.

    Args:
        folder: the folder.
        counts: output of :func:`count_trials`.
        packs: packs in training, and packs of processes that have ended.
        stored: checkpoints of packs that are not in training.
    """
    diverged = f" ({counts['diverged']} diverged)" if counts["diverged"] else ""
    failed = f", {counts['failed']} failed" if counts["failed"] else ""
    lines = [f"{folder}: {_trials(counts['finished'])} finished{diverged}{failed}, {counts['left']} left"]
    for pack in packs:
        state = "running" if pack.running else f"not running (process {pack.process} on {pack.host} has ended)"
        lines += [f"{state}: {_trials(len(pack.trials))}", f"  {_shorten(pack.description)}", f"  {_progress(pack)}"]
    for header in stored:
        at = f"epoch {header.epoch} of {header.epochs}"
        lines.append(f"checkpoint: {_trials(len(header.trials))}, {at}, after {format_duration(header.seconds)}")
    return lines if packs or stored else [*lines, "running: nothing"]


def _progress(pack: RunningPack) -> str:
    done = pack.epoch - 1 + pack.step / max(pack.steps, 1)
    speed = f"{pack.steps_per_second:.3g} steps/s" if pack.left is not None else "no step yet"
    left = f", {format_duration(pack.left)} left" if pack.left is not None and pack.running else ""
    loss = f"loss {pack.loss:.4g}, " if math.isfinite(pack.loss) else ""
    return f"{done:.1f} of {pack.epochs} epochs, {loss}{speed}, {format_duration(pack.elapsed)} elapsed{left}"


def _trials(count: int) -> str:
    return f"{count} trial{'' if count == 1 else 's'}"


def _shorten(description: str) -> str:
    return description if len(description) <= WIDTH else f"{description[: WIDTH - 3]}..."
