"""A laboratory for dropout: train, sweep, compare, tabulate.

``dropout_lab.sweep(rate=[0, .3, .5], seeds=5)`` is the command line's sweep for Python; the variants in
``dropout_lab.dropout`` are ordinary modules for anybody's own network.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    import pandas as pd

    from dropout_lab.presentation.result import SweepResult


def sweep(**settings: Any) -> "SweepResult":
    """Run a sweep and return its result; see :func:`dropout_lab.api.sweep`."""
    from dropout_lab.api import sweep as run

    return run(**settings)


def evaluate(**settings: Any) -> "pd.DataFrame":
    """Evaluate a finished sweep, one row a trial and way; see :func:`dropout_lab.api.evaluate`."""
    from dropout_lab.api import evaluate as run

    return run(**settings)


def open(folder: str) -> "SweepResult":
    """Return the result of the sweep in a folder; see :func:`dropout_lab.presentation.result.open_result`."""
    from dropout_lab.presentation.result import open_result

    return open_result(folder)


__all__ = ["__version__", "evaluate", "open", "sweep"]
