"""Lightning training of one network, with logger, checkpoints and progress bars switched off."""

import logging
import time
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from dropout_lab.bench.peers.networks import network
from dropout_lab.bench.peers.plain_loop import loaders
from dropout_lab.bench.peers.task import Task, answer
from dropout_lab.data.torchvision_import import torchvision

torchvision()  # Lightning's metrics import torchvision, see plain_loop.py

import lightning as L  # noqa: E402


@dataclass
class Job(Task):
    """A task of which each job trains one rate with one seed."""

    rate: float = 0.5
    seed: int = 0


class Classifier(L.LightningModule):
    """LightningModule of a classifier."""

    def __init__(self, task: Task, rate: float):
        super().__init__()
        self.net, self.lr = network(task, rate), task.lr
        self.loss = torch.nn.CrossEntropyLoss()

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the loss of a batch."""
        x, y = batch
        return self.loss(self.net(x), y)

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Log loss and accuracy of a batch."""
        self._look(batch, "val")

    def test_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Log loss and accuracy of a batch."""
        self._look(batch, "test")

    def _look(self, batch: tuple[Tensor, Tensor], part: str) -> None:
        x, y = batch
        outs = self.net(x)
        self.log(f"{part}_loss", self.loss(outs, y))
        self.log(f"{part}_accuracy", (outs.argmax(1) == y).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam."""
        return torch.optim.Adam(self.parameters(), lr=self.lr)


def run(task: Job) -> None:
    """Train one network."""
    started = time.time()
    warnings.filterwarnings("ignore")  # suggestions about DataLoader workers
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    L.seed_everything(task.seed, verbose=False)
    train, val, test = loaders(task, task.seed)
    trainer = L.Trainer(
        max_epochs=task.epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    model = Classifier(task, task.rate)
    trainer.fit(model, train, val)
    metrics = trainer.test(model, test, verbose=False)
    answer([metrics[0]["test_accuracy"]], started)
