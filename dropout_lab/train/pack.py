"""A pack: M trials as one stacked model, with everything a training step needs."""

from collections.abc import Sequence
from copy import copy

import torch
from torch import Tensor

from dropout_lab import models, regularizers
from dropout_lab.data import Dataset
from dropout_lab.dropout.noise import Noise
from dropout_lab.models import Model
from dropout_lab.streams import Streams
from dropout_lab.train.feed import Feed
from dropout_lab.train.optimizers import OPTIMIZERS
from dropout_lab.train.tasks import Task
from dropout_lab.trial import Trial


class Pack:
    """The state of M trials in training.

    Args:
        trials: they agree in every setting that a pack must share; rates, seeds and strengths are their own.
        dataset: the trials' data.

    Raises:
        ValueError: the model cannot take the data, or a part of the data would be empty.
    """

    def __init__(self, trials: Sequence[Trial], dataset: Dataset):
        configs = [trial.config for trial in trials]
        shared = configs[0]
        device = torch.device(shared.device)
        streams = [Streams(config.seed, trial.seed) for config, trial in zip(configs, trials, strict=True)]
        self.model: Model = models.build(shared.model, dataset.shape, dataset.outputs)
        self.task = Task(dataset.task)
        self.feed = Feed(dataset, shared.data, streams, device)
        self.rates = [site_rates(trial, self.model) for trial in trials]
        stacked = {
            site: torch.tensor([rates[site] for rates in self.rates], dtype=torch.float64, device=device)
            for site in self.rates[0]
        }
        variants = {config.variant.kind for config in configs} - {"none"}
        self.noise = Noise(variants.pop() if variants else "none", shared.schedule.kind, stacked, streams)
        self.regularizers = regularizers.build([c.regularizer for c in configs], self.model.weights, device)
        self.params = {n: p.requires_grad_() for n, p in self.model.init(streams, device).items()}
        lr = torch.tensor([config.train.lr for config in configs], device=device)
        self.optimizer = OPTIMIZERS[shared.train.optimizer](list(self.params.values()), lr, shared.train)

    def step(self, rows: Tensor) -> Tensor:
        """One update of every model on its own batch.

        Args:
            rows: rows of the data set, [M, B].

        Returns:
            the mean data loss of each model's batch, [M], without penalties.
        """
        x, y = self.feed.fetch(rows)
        loss = self.task.loss(self.model.forward(self.params, x, self.noise), y).mean(1)
        penalty = self.regularizers.penalty(self.params)
        # The models share nothing, so the gradient of the sum is each model's own gradient.
        objective = (loss if penalty is None else loss + penalty).sum()
        weights = list(self.params.values())
        self.optimizer.step(weights, torch.autograd.grad(objective, weights))
        with torch.no_grad():
            self.regularizers.project(self.params)
        return loss.detach()

    def select(self, places: Sequence[int]) -> "Pack":
        """The pack of the models in these places, which trains on where they are; this one is spent."""
        kept, index = copy(self), list(places)
        kept.params = {n: p.detach()[index].requires_grad_() for n, p in self.params.items()}
        kept.optimizer.select(index, list(kept.params.values()))
        kept.regularizers = self.regularizers.select(index)
        kept.noise = self.noise.select(index)
        kept.feed = self.feed.select(index)
        kept.rates = [self.rates[i] for i in index]
        return kept


def site_rates(trial: Trial, model: Model) -> dict[str, float]:
    """The trial's drop probability at each site of its model, the input first."""
    rate = trial.config.rate
    hidden = rate if isinstance(rate, list) else [rate] * len(model.sites)
    return {"input": trial.config.input_rate, **dict(zip(model.sites, hidden, strict=True))}
