"""The command ``dropout-lab check``."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from dropout_lab import __version__
from dropout_lab.checks import registry
from dropout_lab.checks.registry import FAILED, CheckResult, run_checks
from dropout_lab.cli.flags import fold_lines
from dropout_lab.cli.terminal import replace_nonfinite, say
from dropout_lab.cli.usage import PROGRAM
from dropout_lab.errors import ConfigError

USAGE = f"""\
{PROGRAM} check [out=DIR] [--json]
Checks in less than a minute whether this machine computes right: {{checks}}.
One line per check: ok, failed or skipped, with the measured figure that is nearest to its bound.
Files of the checks are written into a temporary folder in DIR (default: the current folder) and removed.
Exit status: 0 no check failed; 1 at least one failed; 2 the command is wrong."""
SHOWN = 3  # figures outside their bounds that a line shows
WIDTH = 15  # of the name of a check


def check(words: list[str]) -> int:
    """Run all checks of the machine and print one line per check."""
    if words in (["--help"], ["-h"]):
        say(fold_lines(USAGE.format(checks=", ".join(registry.CHECKS))))
        return 0
    folder, as_json = _parse(words)
    results = []
    for result in run_checks(folder):
        results.append(result)
        if not as_json:
            say(describe_result(result))
    failed = sum(result.state == FAILED for result in results)
    if as_json:
        say(json.dumps({"ok": not failed, **describe_machine(), "checks": list(map(_as_dict, results))}, indent=2))
    else:
        seconds = sum(result.seconds for result in results)
        say(f"{f'{failed} of {len(results)} checks failed' if failed else 'no check failed'} ({seconds:.0f} s)")
    return 1 if failed else 0


def _parse(words: Sequence[str]) -> tuple[Path, bool]:
    """Return the folder and whether JSON is printed.

    Raises:
        ConfigError: an unknown word.
    """
    folder = "."
    for word in words:
        key, equals, value = word.partition("=")
        if word != "--json" and (key != "out" or not value):
            raise ConfigError(f"check {key}{equals}{value}: takes out=DIR and --json")
        folder = value or folder
    return Path(folder), "--json" in words


def describe_machine() -> dict[str, Any]:
    """Return the versions and the processor that the results belong to."""
    return {
        "version": __version__,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
    }


def describe_result(result: CheckResult) -> str:
    """Return the result of a check in one line."""
    return f"{result.state:8}{result.name:{WIDTH}}  {_explain(result)}"


def _explain(result: CheckResult) -> str:
    if result.reason:
        return result.reason
    outside = [figure for figure in result.figures if not figure.allowed]
    if outside:
        more = f"; and {len(outside) - SHOWN} more" if len(outside) > SHOWN else ""
        return "; ".join(map(str, outside[:SHOWN])) + more
    if not result.figures:
        return "measured nothing"
    others = f"; {len(result.figures) - 1} more figures" if len(result.figures) > 1 else ""
    return f"{max(result.figures, key=lambda figure: figure.tightness)}{others}"


def _as_dict(result: CheckResult) -> dict[str, Any]:
    figures = [replace_nonfinite({**asdict(figure), "allowed": figure.allowed}) for figure in result.figures]
    return {**asdict(result), "figures": figures}
