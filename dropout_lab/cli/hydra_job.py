"""The Hydra task: one arm with all its seeds."""

from omegaconf import DictConfig, OmegaConf

from dropout_lab.config.compose import compose_config
from dropout_lab.evaluation.request import evaluate_requested
from dropout_lab.sweeps.grid import Arm
from dropout_lab.sweeps.ledger import Ledger
from dropout_lab.sweeps.run import run_claimed


def run_job(node: DictConfig) -> None:
    """Train one arm with all its seeds, in one process per arm, as Hydra's other launchers do."""
    node = OmegaConf.create(node)
    config = compose_config(lambda: node).compose({}).config
    run_claimed([Arm((), config)], Ledger(config.out), say=lambda line: None, evaluate=evaluate_requested)
