"""Our own sweep as a program that the bench can time from inside: what ``dropout_lab.sweep`` does, without plots."""

import sys
import time
from collections.abc import Sequence

from dropout_lab.bench.peers.task import answer
from dropout_lab.compose import standing
from dropout_lab.data import load
from dropout_lab.plugins import enable
from dropout_lab.sweeps.grid import arms, expand
from dropout_lab.sweeps.run import run


def main(words: Sequence[str]) -> None:
    """Train the sweep of these words; the clock starts with the data in memory."""
    enable()
    with standing() as points:
        chosen = arms(expand(words), points)
    config = chosen[0].config
    load(config.data.kind, **config.source)
    started = time.time()
    outcome = run(chosen, say=lambda line: None)
    answer([float(row["test_accuracy"]) for row in outcome.rows], started)


if __name__ == "__main__":
    main(sys.argv[1:])
