"""The evaluation that a sweep asks for, without torch until a network is evaluated."""

from collections.abc import Sequence

from dropout_lab.config import InferConf
from dropout_lab.sweeps.grid import Arm
from dropout_lab.sweeps.ledger import Ledger
from dropout_lab.sweeps.run import Say


def evaluate_requested(arms: Sequence[Arm], ledger: Ledger, say: Say) -> Sequence[tuple[str, InferConf]]:
    """Evaluate the networks of the arms if one of them asks for stochastic inference.

    Returns:
        evaluated trials, each with the way of inference.
    """
    if not any(arm.config.infer.stochastic for arm in arms):
        return []
    # A sweep that only trains, or has nothing to do, must not wait for torch.
    from dropout_lab.evaluation.run import evaluate_arms

    return evaluate_arms(arms, ledger, say)
