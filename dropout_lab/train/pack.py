"""A pack: M trials as one stacked model, with the state of their training."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from typing import NamedTuple

import torch
from torch import Tensor

from dropout_lab import models, regularizers
from dropout_lab.config import Config, VariantConf
from dropout_lab.data import Dataset
from dropout_lab.dropout import ACTIVATION_KINDS, MAPS, STATES, VARIANTS, Dropout
from dropout_lab.dropout.hooks import EvalHook, TrainingHook
from dropout_lab.dropout.learned_rate import LearnedRate
from dropout_lab.dropout.masks import per_model
from dropout_lab.dropout.pack_dropout import PackDropout, Site, applies_at
from dropout_lab.dropout.schedules import make_schedule
from dropout_lab.models import Hook, Model, Params, State
from dropout_lab.regularizers import PackChoice
from dropout_lab.rng import Streams
from dropout_lab.settings import option_values
from dropout_lab.train import paper_scaling as paper
from dropout_lab.train.batches import Batches
from dropout_lab.train.gradients import clip_gradients
from dropout_lab.train.network_info import describe_network, extend_model
from dropout_lab.train.optimizers import OPTIMIZERS, momentum_at
from dropout_lab.train.tasks import TaskMetrics
from dropout_lab.train.text_batches import TextBatches
from dropout_lab.trial import Trial


class UpdatePosition(NamedTuple):
    """Position of the next update: its epoch, counted from 1, and its number among the updates of the epoch, from 0."""

    epoch: int
    update: int
    updates: int

    @property
    def epochs_done(self) -> float:
        """Number of completed epochs, with a fraction."""
        return self.epoch - 1 + self.update / self.updates

    def next(self) -> "UpdatePosition":
        """Return the position after the next update; after the last one it stays until an epoch begins."""
        return self._replace(update=min(self.update + 1, self.updates - 1))


class Pack:
    """State of M trials in training.

    Args:
        trials: trials that agree in every setting that a pack must share; rates, seeds and strengths may differ.
        dataset: the data of the trials.
        model: the model of the trials from :func:`build_pack_model`; built if it is not given.

    Raises:
        ValueError: the model does not accept the data, or a split would be empty.
    """

    def __init__(self, trials: Sequence[Trial], dataset: Dataset, model: Model | None = None):
        configs = [trial.config for trial in trials]
        shared = configs[0]
        self._precision, self._device = shared.precision, (device := torch.device(shared.device))
        streams = [Streams(config.base_seed, trial.seed) for config, trial in zip(configs, trials, strict=True)]
        self.model = build_pack_model(shared, dataset) if model is None else model
        self.task = TaskMetrics(dataset.task, shared.data.tokenizer == "characters")
        feed = TextBatches if dataset.task == "language" else Batches
        self.feed = feed(dataset, shared.data, streams, device, [config.data.split for config in configs])
        self.rates = [site_rates(trial, self.model) for trial in trials]
        stacked = {
            place: torch.tensor([rates[place] for rates in self.rates], dtype=torch.float64)
            for place in self.model.places
        }
        # Trials without dropout can share a pack with trials of any single variant.
        conf = next((c.variant for c in configs if c.variant.kind != "none"), shared.variant)
        schedule = make_schedule(shared.schedule.kind, shared.schedule)
        self.noise = PackDropout(build_variant(conf), schedule, stacked, self.model.places, streams, device)
        keep = paper.keep_probabilities(trials, self.model, stacked)
        scales = {name: part.to(device) for name, part in keep.items()}
        chosen = PackChoice([c.regularizer for c in configs], streams, device, scales)
        self.regularizers = regularizers.build_stack(describe_network(self.model, dataset), chosen)
        weights = self.model.init(streams, device)
        for name, part in scales.items():
            weights[name] *= per_model(part, weights[name])
        self.params = weights | self.noise.start(weights)
        for name, p in self.params.items():
            p.requires_grad_(name not in self.model.fixed)
        self._configs = configs
        self.position = UpdatePosition(1, 0, 1)
        self.state: State = None  # passed from window to window of a running text
        optimizer = shared.train.optimizer
        known = dict.fromkeys(weights, 1.0) | {n: paper.lr_factor(optimizer, k) for n, k in keep.items()}
        speeds = [known.get(n, self.noise.lr_multiplier) for n, p in self.params.items() if p.requires_grad]
        self.optimizer = OPTIMIZERS[optimizer](self._moving, self._learning_rates(), shared.train, speeds)
        self.optimizer.momentum = momentum_at(shared.train, 0)

    def _learning_rates(self) -> Tensor:
        """Return the learning rate of each model at the next update, [M], on the CPU."""
        position = *self.position, self._configs[0].train.epochs
        lrs = [config.train.lr * config.lr_schedule.factor(*position) for config in self._configs]
        return torch.tensor(lrs, dtype=torch.float64)

    def begin(self, epoch: int) -> Sequence[Tensor]:
        """Start an epoch, counted from 1, and return the rows of its batches."""
        self.state = None
        batches = self.batches()
        self.position = UpdatePosition(epoch, 0, len(batches))
        self._move_schedules()
        return batches

    def batches(self) -> Sequence[Tensor]:
        """Return the rows of the batches of the next epoch of the data."""
        return self.feed.epoch(self._configs[0].train.batch_size)

    def _move_schedules(self) -> None:
        """Set the learning rates and the momentum of the next update."""
        schedules = [config.lr_schedule for config in self._configs if config.lr_schedule.kind != "constant"]
        if any(self.position.update == 0 or schedule.by == "update" for schedule in schedules):
            self.optimizer.set_lr(self._learning_rates())
        self.optimizer.momentum = momentum_at(self._configs[0].train, self.position.epochs_done)

    @property
    def arithmetic(self) -> AbstractContextManager[object]:
        """Context manager of a forward pass.

        Under ``bf16`` matrix products and convolutions round to 8 bits of mantissa and accumulate in fp32, as
        torch.autocast selects; weights, their gradients, the optimizer state and the loss remain fp32.
        """
        return torch.autocast(self._device.type, torch.bfloat16) if self._precision == "bf16" else nullcontext()

    @property
    def _moving(self) -> list[Tensor]:
        """The parameters that the optimizer updates."""
        return [p for p in self.params.values() if p.requires_grad]

    def testing(self, params: Params) -> Hook:
        """Return the hook of the deterministic test-time network."""
        return self.regularizers.hook(EvalHook(self.noise, params), params)

    def step(self, rows: Tensor) -> Tensor:
        """Update every model once on its own batch.

        Args:
            rows: rows of the dataset, [M, B], or a window of token positions [M, B, T].

        Returns:
            The mean loss of each batch, [M], without penalties.
        """
        x, y = self.feed.batch(rows, self.regularizers.examples)
        x = self.regularizers.inputs(x)
        with self.arithmetic:
            passes = [self._forward(x) for _ in range(self.noise.passes)]
        outs = [out.float() for out, _ in passes]
        self.state = _cut(passes[-1][1])
        loss_of = self.regularizers.loss(self.task.loss)
        losses = [loss_of(out, y).flatten(1).mean(1) for out in outs]
        loss = losses[0] if len(losses) == 1 else torch.stack(losses).mean(0)
        objective = sum(self._penalties(outs), loss)
        weights = self._moving
        # The models share no parameters, so the gradient of the summed losses is the gradient of each model.
        # A learned rate of a site that the forward pass does not use has no gradient.
        grads = torch.autograd.grad(objective.sum(), weights, materialize_grads=True, allow_unused=True)
        if any(config.train.grad_clip_norm for config in self._configs):
            most = [config.train.grad_clip_norm or torch.inf for config in self._configs]
            clip_gradients(grads, torch.tensor(most, device=self._device))
        if self.position.update:
            self._move_schedules()
        self.position = self.position.next()
        with torch.no_grad():
            self.regularizers.decay(self.params, self.optimizer.lr)
            self.optimizer.step(grads)
            self.regularizers.project(self.params)
        return loss.detach()

    def _forward(self, x: Tensor) -> tuple[Tensor, State]:
        """Return the outputs of a training pass and the state after it."""
        params = self.regularizers.weights(self.params)
        hook = self.regularizers.hook(TrainingHook(self.noise, params), params)
        return self.model.advance(params, x, hook, self.state)

    def _penalties(self, outs: Sequence[Tensor]) -> list[Tensor]:
        """Return the terms that are added to the data loss, [M] each: of the regularizers and of the variant."""
        divergence = self.noise.penalty(self.params)
        terms = [self.regularizers.penalty(self.params), None if divergence is None else divergence / self.feed.n_train]
        terms.append(self.noise.mean_state_penalty())
        if len(outs) > 1:
            terms.append(self.noise.kl_weight * self.task.divergence(*outs).flatten(1).mean(1))
        return [term for term in terms if term is not None]

    def select(self, places: Sequence[int]) -> "Pack":
        """Return a pack that continues the training of these models; do not use ``self`` afterwards."""
        pack, index = copy(self), list(places)
        pack.params = {n: p.detach()[index].requires_grad_(p.requires_grad) for n, p in self.params.items()}
        pack.optimizer.select(index, pack._moving)
        pack.regularizers = self.regularizers.select(index)
        pack.noise = self.noise.select(index)
        pack.feed = self.feed.select(index)
        pack.rates = [self.rates[i] for i in index]
        pack._configs = [self._configs[i] for i in index]
        pack.state = None if self.state is None else tuple(part[index] for part in self.state)
        return pack


def _cut(state: State) -> State:
    """Detach the state, so that no gradient flows back into the previous window."""
    return None if state is None else tuple(part.detach() for part in state)


def build_pack_model(config: Config, dataset: Dataset) -> Model:
    """Build the model of a config for a dataset, with the parameters of its regularizers.

    Raises:
        ValueError: the model does not accept the data.
    """
    model = models.build_model(config.model, dataset.shape, dataset.outputs, config.variant.network, dataset.symbols)
    extend_model(model, regularizers.extra_parameters(config.regularizer, describe_network(model, dataset)))
    return model


def build_variant(conf: VariantConf) -> Dropout | None:
    """Build the variant of a config with its options; None for no dropout."""
    if conf.kind == "none":
        return None
    made = VARIANTS[conf.kind]
    return made(0.0, **option_values(made.options, conf))


def site_rates(trial: Trial, model: Model) -> dict[str, float]:
    """Return the drop probability of a trial at each site of its model.

    Raises:
        ValueError: one rate per layer is given for a variant that acts on the input.
    """
    rate = trial.config.rate
    if trial.point.variant in VARIANTS and VARIANTS[trial.point.variant].at_input:
        if isinstance(rate, list):
            raise ValueError("acts on the input only and accepts a single rate")
        at_input, hidden = rate, [0.0] * model.depth
    else:
        at_input = trial.config.input_rate
        hidden = rate if isinstance(rate, list) else [rate] * model.depth
    return {name: _place_rate(place, at_input, hidden, trial.config) for name, place in model.places.items()}


def _place_rate(place: Site, at_input: float, hidden: Sequence[float], config: Config) -> float:
    rate = getattr(config, f"{place.role}_rate") if place.role else None
    if rate is not None:
        return rate
    return at_input if place.depth is None else hidden[place.depth]


def variant_incompatibility(trial: Trial, model: Model) -> str | None:
    """Return why the variant of a trial is not applicable to a model; None if it is."""
    variant = build_variant(trial.config.variant)
    if variant is None:
        return None
    try:
        rates = site_rates(trial, model)
    except ValueError as error:
        return str(error)
    if trial.config.input_rate > 0:
        if not variant.takes_input:
            return "does not accept an input_rate"
        if model.places["input"].layout == MAPS and variant.shared.get(MAPS, (-2,)) != (-2,):  # rows are steps
            return "does not accept an input_rate on these images, whose only channel it would drop as a whole"
    if variant.in_sequences and all(place.layout != STATES for place in model.places.values()):
        return f"requires {STATES}, which this network does not have"
    if isinstance(variant, LearnedRate):
        reason = _unlearnable(trial, variant, rates, model)
        if reason:
            return reason
    places = {name: place for name, place in model.places.items() if (place.depth is None) == variant.at_input}
    on = {name: place.layout for name, place in places.items() if rates[name] > 0}
    if on and not set(on.values()) & set(variant.needs):
        # The kinds of activation sites identify the model for the user.
        has = " and ".join(sorted(set(on.values()) & set(ACTIVATION_KINDS)))
        return f"requires {' or '.join(variant.needs)}, but this network has only {has}"
    acting = [name for name in rates if rates[name] > 0 and applies_at(variant, model.places[name])]
    if isinstance(trial.config.rate, list):
        reached = {model.places[name].depth for name in acting}
        idle = [name for name in model.sites if rates[name] > 0 and model.places[name].depth not in reached]
        if idle:
            return f"has no effect at {' and '.join(idle)}; set the rate of these sites to 0"
    if not acting and trial.config.variant.network == "as_is":
        return "has no site in this network"
    return None


def _unlearnable(trial: Trial, variant: LearnedRate, rates: Mapping[str, float], model: Model) -> str | None:
    """Return why the variant cannot learn its rate from the start of the trial; None if it can."""
    if trial.config.schedule.kind != "constant":
        return f"learns its rate and cannot be combined with schedule={trial.config.schedule.kind}"
    if max(rates.values()) > variant.highest:
        return f"learns a rate of at most {variant.highest:g}; set rate to this value or less"
    if not any(place.read_by for place in model.places.values()):
        return "requires the weights that read a site, to regularize its rate, and these are unknown for this network"
    return None
