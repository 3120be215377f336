"""A pack: M trials as one stacked model, with everything a training step needs."""

from collections.abc import Sequence
from copy import copy

import torch
from torch import Tensor

from dropout_lab import models, regularizers
from dropout_lab.config import Config, VariantConf
from dropout_lab.data import Dataset
from dropout_lab.dropout import VARIANTS, Dropout
from dropout_lab.dropout.noise import Noise
from dropout_lab.dropout.schedules import scheduled
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
        self.model = model_of(shared, dataset)
        self.task = Task(dataset.task)
        self.feed = Feed(dataset, shared.data, streams, device)
        self.rates = [site_rates(trial, self.model) for trial in trials]
        stacked = {
            site: torch.tensor([rates[site] for rates in self.rates], dtype=torch.float64, device=device)
            for site in self.rates[0]
        }
        # A trial without dropout may stand beside those of any one variant.
        conf = next((c.variant for c in configs if c.variant.kind != "none"), shared.variant)
        schedule = scheduled(shared.schedule.kind, shared.schedule)
        self.noise = Noise(variant_of(conf), schedule, stacked, self.model.layouts, streams)
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
        x, y = self.feed.batch(rows)
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


def model_of(config: Config, dataset: Dataset) -> Model:
    """The model of a config for this data.

    Raises:
        ValueError: it cannot take the data.
    """
    return models.build(config.model, dataset.shape, dataset.outputs, config.variant.network)


def variant_of(conf: VariantConf) -> Dropout | None:
    """The variant of a config with its options; None for no dropout."""
    if conf.kind == "none":
        return None
    made = VARIANTS[conf.kind]
    return made(0.0, **{name: getattr(conf, name) for name in made.options})


def site_rates(trial: Trial, model: Model) -> dict[str, float]:
    """The trial's drop probability at each site of its model, the input first.

    Raises:
        ValueError: a rate for each layer, for a variant that acts on the input.
    """
    rate = trial.config.rate
    at_input = trial.point.variant in VARIANTS and VARIANTS[trial.point.variant].at_input
    if at_input:
        if isinstance(rate, list):
            raise ValueError("acts on the input and takes one rate")
        return {"input": rate, **dict.fromkeys(model.sites, 0.0)}
    hidden = rate if isinstance(rate, list) else [rate] * len(model.sites)
    return {"input": trial.config.input_rate, **dict(zip(model.sites, hidden, strict=True))}


def unfit(trial: Trial, model: Model) -> str | None:
    """Why the trial's variant makes no sense for a model; None if it does."""
    variant = variant_of(trial.config.variant)
    if variant is None:
        return None
    try:
        rates = site_rates(trial, model)
    except ValueError as error:
        return str(error)
    if trial.config.input_rate > 0 and not variant.takes_input:
        return "does not take an input_rate"
    places = ["input"] if variant.at_input else [site for site in model.sites if rates[site] > 0]
    acting = [site for site in rates if rates[site] > 0 and model.layouts[site] in variant.layouts]
    reached = {model.layouts[site] for site in places}
    if places and not reached & set(variant.needs):
        has = " and ".join(sorted(reached))
        return f"needs {' or '.join(variant.needs)} where it drops, and there are only {has}"
    if isinstance(trial.config.rate, list):
        idle = [site for site in places if site not in acting]
        if idle:
            return f"does not act at {' and '.join(idle)}, whose rate must be 0"
    if not acting and trial.config.variant.network == "as_is":
        return "finds no place to drop"
    return None
