"""Dropout of a pack of trials: one variant at the sites of a model, with a rate and random bits per trial."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from dropout_lab.dropout.base import ACTIVATION_KINDS, MAPS, Dropout
from dropout_lab.dropout.learned_rate import LearnedRate
from dropout_lab.dropout.masks import per_model
from dropout_lab.dropout.schedules import Schedule, TrainingProgress
from dropout_lab.dropout.weight_dropout import ignore
from dropout_lab.rng import PackRandomness, PassRandomness, Streams

Params = Mapping[str, Tensor]


@dataclass(frozen=True)
class Site:
    """Site of a model, at which dropout may act.

    Args:
        layout: site kind; see :mod:`dropout_lab.dropout.base`.
        depth: index of the site's rate in a list of rates, counted from the input side; None for a site that uses
            ``input_rate``.
        read_by: names of the weights that multiply the site's activations; for a site of weights, their own name.
        produced_by: name of the weights whose output, after the non-linearity, is the site's activations; empty if
            there are none.
        role: setting that overrides the site's rate if it is given: ``embedding``, ``recurrent``, ``inter_layer`` or
            ``output``.
    """

    layout: str
    depth: int | None
    read_by: tuple[str, ...] = ()
    produced_by: str = ""
    role: str = ""


def applies_at(variant: Dropout, place: Site) -> bool:
    """Return whether a variant acts at a site: its kind must match, and a learned rate needs weights that read it."""
    return place.layout in variant.layouts and (not variant.learns or bool(place.read_by))


class PackDropout:
    """Variant, rates and random bits of a pack; models use it through :mod:`dropout_lab.dropout.hooks`.

    A site at which no trial of the pack drops draws no bits. Each site has its own stream, so skipping one site does
    not change the masks of another, and the masks of a trial do not depend on its pack.

    Args:
        variant: module of the variant, which holds its options; None for no dropout.
        schedule: schedule of the rates.
        rates: drop probability at each site, [M], on the CPU, where they are known without a copy from a device.
        places: sites of the model by name.
        streams: random streams of the M trials.
        device: device of the training.

    Attributes:
        acting: names of the sites at which the variant acts if its rate there is above 0.
        rates: current rates [M] of the sites in ``acting`` at which at least one trial drops; for a variant that learns
            its rates, the initial rates.
    """

    def __init__(
        self,
        variant: Dropout | None,
        schedule: Schedule,
        rates: Mapping[str, Tensor],
        places: Mapping[str, Site],
        streams: Sequence[Streams],
        device: torch.device = torch.device("cpu"),  # noqa: B008
    ):
        self.acting = [name for name in rates if variant is not None and applies_at(variant, places[name])]
        on = {name: rates[name].to(device) for name in self.acting if bool((rates[name] > 0).any())}
        self.variant = variant
        self.places = places
        self._schedule = schedule
        self._base = on
        self.random: dict[str, PackRandomness | PassRandomness] = {
            name: PackRandomness(streams, *how) for name, how in self._drawn().items()
        }
        self._counts: list[tuple[Tensor, Tensor]] | None = None
        self._units: dict[str, int] = {}
        self._state_penalties: list[Tensor] = []
        self.move(TrainingProgress(torch.zeros(())))

    @property
    def passes(self) -> int:
        """Number of forward passes per training step."""
        return self.variant.passes if self.variant and self._base else 1

    @property
    def kl_weight(self) -> float:
        """Weight in the loss of the divergence between the predictions of two passes."""
        return self.variant.kl_weight if self.variant else 0.0

    @property
    def carries_previous(self) -> bool:
        """Whether a dropped element of a recurrent layer keeps its value from the previous step."""
        return self.variant is not None and self.variant.carries_previous

    @property
    def per_gate(self) -> bool:
        """Whether each gate of a recurrent layer has a separate mask."""
        return self.variant is not None and self.variant.per_gate and bool(self._base)

    def move(self, moment: TrainingProgress) -> None:
        """Set the rates to their scheduled values at this moment of the training."""
        self._progress = moment.progress
        self.rates = {name: self._schedule(rate, moment.on(rate)) for name, rate in self._base.items()}

    def start(self, params: Params) -> dict[str, Tensor]:
        """Return the initial values [M, ...] of the parameters that the variant learns in addition to the weights."""
        if not isinstance(self.variant, LearnedRate):
            return {}
        initial_values = {}
        for name, rate in self._base.items():
            weight = params.get(name)
            # A trial that does not drop at this site has an unused parameter.
            starting = torch.where(rate > 0, rate, 0.5).float()
            initial_values[_own(name)] = self.variant.start(starting, None if weight is None else weight.detach())
        return initial_values

    def learned(self, name: str, params: Params) -> Tensor | None:
        """Return the learned parameter of a site, -inf for trials that do not drop there; None without one."""
        own = params.get(_own(name))
        return None if own is None else torch.where(per_model(self._base[name], own) > 0, own, -torch.inf)

    def rate(self, name: str, params: Params) -> Tensor:
        """Return the current rate of a site: [M], or per unit or per weight if the variant learns it so."""
        own = params.get(_own(name))
        if own is None:
            return self.rates[name]
        assert isinstance(self.variant, LearnedRate)
        return torch.where(per_model(self._base[name], own) > 0, self.variant.rate_of(own, params.get(name)), 0)

    def penalty(self, params: Params) -> Tensor | None:
        """Return the variant's divergence term of the loss, [M], or None if the variant has none.

        Call it after a training pass, and divide the result by the number of training examples.
        """
        variant = self.variant
        if not isinstance(variant, LearnedRate) or not self._base:
            return None
        terms = []
        for name, base in self._base.items():
            weights = [params[reader] for reader in self.places[name].read_by]
            term = variant.divergence(params[_own(name)], weights, self._units.get(name, 0))
            terms.append(torch.where(base > 0, term, 0))
        warm = min(1.0, float(self._progress) / variant.warm_up) if variant.warm_up else 1.0
        return warm * torch.stack(terms).sum(0).to(params[_own(name)].dtype)

    def record_state_penalty(self, name: str, before: Tensor, after: Tensor) -> None:
        """Record the variant's loss term for the output of the last recurrent layer.

        Args:
            name: site; sites whose role is not ``output`` are ignored.
            before, after: output [M, ...] before and after dropout.
        """
        if self.variant is None or not self._base or self.places[name].role != "output":
            return
        term = self.variant.state_penalty(before, after)
        if term is not None:
            on = torch.stack([rate > 0 for rate in self._base.values()]).any(0)
            self._state_penalties.append(torch.where(on, term, 0))

    def mean_state_penalty(self) -> Tensor | None:
        """Return the mean [M] of the loss terms recorded since the last call, or None if there are none."""
        penalties, self._state_penalties = self._state_penalties, []
        return torch.stack(penalties).mean(0) if penalties else None

    def applied(self, params: Params) -> list[float] | None:
        """Return the mean rate per model over the hidden sites at which the variant acts; None if it acts nowhere."""
        hidden = [name for name in self.acting if self.places[name].depth is not None]
        if self.rates and not set(hidden) & self.rates.keys():
            hidden = list(self.rates)  # the variant acts on the input only
        if not hidden or not self.rates:
            return None
        models = len(next(iter(self.rates.values())))
        each = [
            self.rate(name, params).detach().double().cpu().reshape(models, -1).mean(1)
            if name in self.rates
            else torch.zeros(models, dtype=torch.float64)
            for name in hidden
        ]
        return [round(rate, 12) for rate in torch.stack(each).mean(0).tolist()]

    def thinned(self, rates: Mapping[str, float]) -> dict[str, float] | None:
        """Return the subset of one trial's rates that thins the network element by element.

        Returns:
            rates above 0 by site if the variant zeroes single units, weights or paths; an empty dict if it zeroes
            nothing; None if it drops in another way, e.g. in groups.
        """
        if self.variant is None or self.variant.zeroing in ("none", "soft"):
            return {}
        on = {name: rate for name, rate in rates.items() if name in self.acting and rate > 0}
        layouts = {self.places[name].layout for name in on} & set(ACTIVATION_KINDS)
        grouped = any(self.variant.shared.get(layout) for layout in layouts)
        return on if self.variant.zeroing == "rate" and not grouped else (None if on else {})

    def removed(self, params: Params) -> list[int] | None:
        """Return the number of weights that the test-time form removes, one per model; None for other variants."""
        if not isinstance(self.variant, LearnedRate) or not self._base:
            return None
        return torch.stack([self.variant.removed(self.rate(name, params)) for name in self._base]).sum(0).tolist()

    def measure(self) -> None:
        """Start to count dropped elements, until :meth:`measured` is called."""
        self._counts = []

    def observer(self, name: str, rate: Tensor) -> Callable[[Tensor, Tensor], object]:
        """Return an observer of a site's tensors [M, ...] before and after dropout; it counts if counting is on."""
        if self._counts is None:
            return ignore
        counts = self._counts

        def observe(before: Tensor, after: Tensor) -> None:
            assert self.variant is not None
            # Trials that do not drop at this site are not counted.
            own = (self._base[name] > 0).view(-1, *[1] * (before.dim() - 1))
            with torch.no_grad():
                present = (before != 0) & own
                dropped = present & self.variant.dropped(before, after, rate)
            counts.append((dropped.flatten(1).sum(1), present.flatten(1).sum(1)))

        return observe

    def measured(self) -> tuple[Tensor, Tensor]:
        """Stop counting; return the numbers [M] of dropped elements and of elements that were nonzero before."""
        counts, self._counts = self._counts or [], None
        zero = torch.zeros((), dtype=torch.int64)
        return sum((d for d, _ in counts), zero), sum((p for _, p in counts), zero)

    def record_width(self, name: str, x: Tensor) -> None:
        """Record the number of features at a site: the channels of maps, else the size of the last axis.

        Time steps do not count: the masks of several steps are further draws of the same noise, like the masks of
        several examples.
        """
        self._units[name] = x.shape[2] if self.places[name].layout == MAPS else x.shape[-1]

    @property
    def lr_multiplier(self) -> float:
        """Learning rate of the variant's parameters, as a multiple of that of the weights."""
        return self.variant.lr_multiplier if isinstance(self.variant, LearnedRate) else 1.0

    def of_passes(self, streams: Streams) -> "PackDropout":
        """Return the dropout of a single model for stacks of S stochastic passes, [S, ...].

        The bits are drawn from the start of these streams. Call :meth:`begin` before each stack of passes.
        """
        kept = copy(self)
        kept.random = {name: PassRandomness(streams, *how) for name, how in self._drawn().items()}
        return kept

    def begin(self) -> None:
        """Start the next stack of passes."""
        self._state_penalties = []
        for random in self.random.values():
            assert isinstance(random, PassRandomness)
            random.begin()

    def _drawn(self) -> dict[str, tuple[str, torch.device, bool]]:
        """Return for each site the name of its stream, its device, and whether its bits are drawn channels last."""
        maps = {name: self.places[name].layout == MAPS for name in self._base}
        return {name: (f"dropout/{name}", rate.device, maps[name]) for name, rate in self._base.items()}

    def select(self, models: Sequence[int]) -> "PackDropout":
        """Return the dropout of these models only; it continues the same streams."""
        kept, index = copy(self), list(models)
        kept._base = {name: rate[index] for name, rate in self._base.items()}
        kept.rates = {name: rate[index] for name, rate in self.rates.items()}
        kept.random = {name: random.select(index) for name, random in self._of_pack.items()}
        return kept

    @property
    def _of_pack(self) -> dict[str, PackRandomness]:
        return {name: random for name, random in self.random.items() if isinstance(random, PackRandomness)}

    def state_dict(self) -> dict[str, Tensor]:
        """Return the positions of the random streams by site; all else follows from the training progress."""
        return {name: random.positions() for name, random in self._of_pack.items()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Continue the random streams from the positions of :meth:`state_dict`."""
        for name, random in self._of_pack.items():
            random.restore(state[name])


def _own(place: str) -> str:
    """Return the name of the parameter that is learned at a site."""
    return f"{place}/noise"
