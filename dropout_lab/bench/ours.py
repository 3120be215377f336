"""Program of ``dropout_lab.sweep`` without plots, which reports its own training time to the benchmark."""

import sys
import time
from collections.abc import Sequence

from dropout_lab.bench.peers.task import answer
from dropout_lab.config.compose import open_composer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.data import load
from dropout_lab.sweeps.grid import expand_grid, make_arms
from dropout_lab.sweeps.run import run_arms


def main(words: Sequence[str]) -> None:
    """Train the sweep of these words; the timing starts with the data in memory."""
    enable_plugins()
    with open_composer() as points:
        chosen = make_arms(expand_grid(words), points)
    config = chosen[0].config
    load(config.data.kind, **config.source)
    started = time.time()
    outcome = run_arms(chosen, say=lambda line: None)
    answer([float(row["test_accuracy"]) for row in outcome.rows], started)


if __name__ == "__main__":
    main(sys.argv[1:])
