"""A laboratory for dropout: train, sweep, compare, tabulate.

``dropout_lab.sweep(rate=[0, .3, .5], seeds=5)`` is the command line's sweep for Python; the variants in
``dropout_lab.dropout`` are ordinary modules for anybody's own network.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    import pandas as pd


def sweep(**settings: Any) -> "pd.DataFrame":
    """Run a sweep and return its trials, one row each; see :func:`dropout_lab.api.sweep`."""
    from dropout_lab.api import sweep as run

    return run(**settings)


def evaluate(**settings: Any) -> "pd.DataFrame":
    """Evaluate a finished sweep, one row a trial and way; see :func:`dropout_lab.api.evaluate`."""
    from dropout_lab.api import evaluate as run

    return run(**settings)


__all__ = ["__version__", "evaluate", "sweep"]
