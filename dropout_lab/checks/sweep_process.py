"""Process that runs one sweep, which is killed by the check of resuming."""

import json
import os
import sys

from dropout_lab.checks.trials import compose_arms
from dropout_lab.sweeps.run import run_arms


def main() -> None:
    """Read the words of a sweep as JSON from standard input and run it in silence."""
    words = json.loads(sys.stdin.readline())
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    run_arms(compose_arms(words), lambda line: None)


if __name__ == "__main__":
    main()
