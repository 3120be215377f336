"""Dropout of a whole pack: the variant at each place of a model, with a rate and bits for every trial."""

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
    """Where dropout may act in a model.

    Args:
        layout: what is there; see :mod:`dropout_lab.dropout.base`.
        level: which entry of a list of rates rules it, counted from the input side; None for what ``input_rate`` does.
        read_by: names of the weights that multiply it; for weights their own name.
        made_by: name of the weights whose product becomes it through a non-linearity; empty if there are none.
        role: which setting of its own rules it, if that is given: ``embedding``, ``recurrent``, ``between``,
            ``output``.
    """

    layout: str
    level: int | None
    read_by: tuple[str, ...] = ()
    made_by: str = ""
    role: str = ""


def applies_at(variant: Dropout, place: Site) -> bool:
    """Whether a variant acts at a place: of its layouts, and with weights that read it if a rate is to be learned."""
    return place.layout in variant.layouts and (not variant.learns or bool(place.read_by))


class PackDropout:
    """The variant of a pack, its rates and its randomness; a model calls it through the hooks in
    :mod:`dropout_lab.dropout.hooks`.

    A place where no trial of the pack ever drops draws no bits. Each place has its own stream, so this moves no other
    place's masks, and a trial's masks do not depend on its pack.

    Args:
        variant: the variant's module, which holds its options; None for no dropout at all.
        schedule: how the rates move.
        rates: drop probability at each place, [M].
        places: the model's places.
        streams: the trials' random streams, M of them.

    Attributes:
        acting: places where the variant acts, if its rate there is above 0.
        rates: the rates in force at those of them where any trial drops, [M] each; those that a variant learns start
            there.
    """

    def __init__(
        self,
        variant: Dropout | None,
        schedule: Schedule,
        rates: Mapping[str, Tensor],
        places: Mapping[str, Site],
        streams: Sequence[Streams],
    ):
        self.acting = [name for name in rates if variant is not None and applies_at(variant, places[name])]
        on = {name: rates[name] for name in self.acting if bool((rates[name] > 0).any())}
        self.variant = variant
        self.places = places
        self._schedule = schedule
        self._base = on
        self.random: dict[str, PackRandomness | PassRandomness] = {
            name: PackRandomness(streams, *how) for name, how in self._drawn().items()
        }
        self._counts: list[tuple[Tensor, Tensor]] | None = None
        self._units: dict[str, int] = {}
        self._charges: list[Tensor] = []
        self.move(TrainingProgress(torch.zeros(())))

    @property
    def passes(self) -> int:
        """Forward passes of one training step."""
        return self.variant.passes if self.variant and self._base else 1

    @property
    def agreement(self) -> float:
        """Weight in the loss of the divergence between two passes."""
        return self.variant.agreement if self.variant else 0.0

    @property
    def holds(self) -> bool:
        """Whether what is dropped in a recurrent layer keeps its value of the step before."""
        return self.variant is not None and self.variant.holds

    @property
    def per_gate(self) -> bool:
        """Whether each gate has masks of its own."""
        return self.variant is not None and self.variant.per_gate and bool(self._base)

    def move(self, moment: TrainingProgress) -> None:
        """Set the rates to those of this part of the training."""
        self._progress = moment.progress
        self.rates = {name: self._schedule(rate, moment.on(rate)) for name, rate in self._base.items()}

    def start(self, params: Params) -> dict[str, Tensor]:
        """What the variant learns beside the weights, at its start; [M, ...] each."""
        if not isinstance(self.variant, LearnedRate):
            return {}
        found = {}
        for name, rate in self._base.items():
            weight = params.get(name)
            # A trial that does not drop here keeps a parameter that nothing reads.
            starting = torch.where(rate > 0, rate, 0.5).float()
            found[_own(name)] = self.variant.start(starting, None if weight is None else weight.detach())
        return found

    def learned(self, name: str, params: Params) -> Tensor | None:
        """The learned parameter at a place, minus infinity for trials that do not drop there; None if none is."""
        own = params.get(_own(name))
        return None if own is None else torch.where(per_model(self._base[name], own) > 0, own, -torch.inf)

    def rate(self, name: str, params: Params) -> Tensor:
        """The rate in force at a place, [M] or one for each unit or weight as the variant learns it."""
        own = params.get(_own(name))
        if own is None:
            return self.rates[name]
        assert isinstance(self.variant, LearnedRate)
        return torch.where(per_model(self._base[name], own) > 0, self.variant.rate_of(own, params.get(name)), 0)

    def penalty(self, params: Params) -> Tensor | None:
        """The variant's own term of the loss, to be divided by the number of training examples, [M]; None if none.

        Call it after a training pass.
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

    def charge(self, name: str, before: Tensor, after: Tensor) -> None:
        """Take the variant's term for what the last recurrent layer gives, [M, ...] before the noise and after it."""
        if self.variant is None or not self._base or self.places[name].role != "output":
            return
        term = self.variant.charge(before, after)
        if term is not None:
            on = torch.stack([rate > 0 for rate in self._base.values()]).any(0)
            self._charges.append(torch.where(on, term, 0))

    def charged(self) -> Tensor | None:
        """The variant's terms of the loss of the passes since it was last asked, [M]; None if there are none."""
        found, self._charges = self._charges, []
        return torch.stack(found).mean(0) if found else None

    def applied(self, params: Params) -> list[float] | None:
        """Mean rate over the hidden places where the variant acts, one entry a model; None if it acts nowhere."""
        hidden = [name for name in self.acting if self.places[name].level is not None]
        if self.rates and not set(hidden) & self.rates.keys():
            hidden = list(self.rates)  # a variant of the input alone
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
        """Of one trial's rates, those by which single units, weights or paths are zeroed; None where others are."""
        if self.variant is None or self.variant.fraction in ("none", "soft"):
            return {}
        on = {name: rate for name, rate in rates.items() if name in self.acting and rate > 0}
        layouts = {self.places[name].layout for name in on} & set(ACTIVATION_KINDS)
        grouped = any(self.variant.shared.get(layout) for layout in layouts)
        return on if self.variant.fraction == "rate" and not grouped else (None if on else {})

    def removed(self, params: Params) -> list[int] | None:
        """Weights that the test-time form leaves out, one entry a model; None if the variant removes none."""
        if not isinstance(self.variant, LearnedRate) or not self._base:
            return None
        return torch.stack([self.variant.removed(self.rate(name, params)) for name in self._base]).sum(0).tolist()

    def measure(self) -> None:
        """Count what is dropped from here on, until :meth:`measured`."""
        self._counts = []

    def teller(self, name: str, rate: Tensor) -> Callable[[Tensor, Tensor], object]:
        """Takes what there was at a place before the noise and after it, [M, ...], and counts if asked to."""
        if self._counts is None:
            return ignore
        counts = self._counts

        def tell(before: Tensor, after: Tensor) -> None:
            assert self.variant is not None
            own = (self._base[name] > 0).view(-1, *[1] * (before.dim() - 1))  # a neighbour's place is none of mine
            with torch.no_grad():
                present = (before != 0) & own
                dropped = present & self.variant.dropped(before, after, rate)
            counts.append((dropped.flatten(1).sum(1), present.flatten(1).sum(1)))

        return tell

    def measured(self) -> tuple[Tensor, Tensor]:
        """Dropped elements and elements that could be dropped (those not zero already), each [M]; stops counting."""
        counts, self._counts = self._counts or [], None
        zero = torch.zeros((), dtype=torch.int64)
        return sum((d for d, _ in counts), zero), sum((p for _, p in counts), zero)

    def saw(self, name: str, x: Tensor) -> None:
        """Take note of the number of features at a place: channels of maps, else the last axis. A mask for each step is
        another draw of the same noise, as one for each example is, and counts no more."""
        self._units[name] = x.shape[2] if self.places[name].layout == MAPS else x.shape[-1]

    @property
    def speed(self) -> float:
        """Learning rate of what the variant learns, as a multiple of that of the weights."""
        return self.variant.speed if isinstance(self.variant, LearnedRate) else 1.0

    def of_passes(self, streams: Streams) -> "PackDropout":
        """The noise of a single model for passes of it, [S, ...] at a time, drawn from the beginning of these streams.

        :meth:`begin` goes before each stack of passes.
        """
        kept = copy(self)
        kept.random = {name: PassRandomness(streams, *how) for name, how in self._drawn().items()}
        return kept

    def begin(self) -> None:
        """Go on to the next stack of passes."""
        self._charges = []
        for random in self.random.values():
            assert isinstance(random, PassRandomness)
            random.begin()

    def _drawn(self) -> dict[str, tuple[str, torch.device, bool]]:
        """For each place its stream's name, the device, and whether the channels of maps come last."""
        maps = {name: self.places[name].layout == MAPS for name in self._base}
        return {name: (f"dropout/{name}", rate.device, maps[name]) for name, rate in self._base.items()}

    def select(self, models: Sequence[int]) -> "PackDropout":
        """The noise of these models only; it draws on from the same streams."""
        kept, index = copy(self), list(models)
        kept._base = {name: rate[index] for name, rate in self._base.items()}
        kept.rates = {name: rate[index] for name, rate in self.rates.items()}
        of_pack = {name: random for name, random in self.random.items() if isinstance(random, PackRandomness)}
        kept.random = {name: random.select(index) for name, random in of_pack.items()}
        return kept


def _own(place: str) -> str:
    """The name of what is learned at a place among the parameters."""
    return f"{place}/noise"
