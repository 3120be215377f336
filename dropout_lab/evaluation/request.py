"""Evaluation requested by a sweep; torch is imported only if there is a network to evaluate."""

from collections.abc import Sequence

from dropout_lab.config import InferConf
from dropout_lab.sweeps.grid import Arm
from dropout_lab.sweeps.ledger import Ledger
from dropout_lab.sweeps.run import Say


def evaluate_requested(arms: Sequence[Arm], ledger: Ledger, say: Say) -> Sequence[tuple[str, InferConf]]:
    """Evaluate the networks of the arms if any arm uses stochastic inference.

    Returns:
        ids of the evaluated trials, each with its inference settings.
    """
    if not any(arm.config.infer.stochastic for arm in arms):
        return []
    # Importing torch is slow, and a sweep without evaluations may not need it.
    from dropout_lab.evaluation.run import evaluate_arms

    return evaluate_arms(arms, ledger, say)
