"""Dropout of a whole pack: the variant at each site of a model, with a rate and bits for every trial."""

from collections.abc import Mapping, Sequence
from copy import copy

import torch
from torch import Tensor

from dropout_lab.dropout.base import Dropout
from dropout_lab.dropout.schedules import Schedule
from dropout_lab.streams import PackRandomness, Streams


class Noise:
    """What a model calls at each of its sites while training.

    A site where no trial of the pack ever drops draws no bits. Each site has its own stream, so this moves no other
    site's masks, and a trial's masks do not depend on its pack.

    Args:
        variant: the variant's module, which holds its options; None for no dropout at all.
        schedule: how the rates move.
        rates: drop probability at each site, [M].
        layouts: what the activations at each site are.
        streams: the trials' random streams, M of them.

    Attributes:
        sites: where the variant acts, if its rate there is above 0.
        rates: the rates in force at the sites where any trial drops, [M] each.
    """

    def __init__(
        self,
        variant: Dropout | None,
        schedule: Schedule,
        rates: Mapping[str, Tensor],
        layouts: Mapping[str, str],
        streams: Sequence[Streams],
    ):
        acts = variant.layouts if variant else ()
        self.sites = [site for site in rates if layouts[site] in acts]
        on = {site: rates[site] for site in self.sites if bool((rates[site] > 0).any())}
        self._variant = variant
        self._schedule = schedule
        self._layouts = layouts
        self._base = on
        self._random = {site: PackRandomness(streams, f"dropout/{site}", rate.device) for site, rate in on.items()}
        self._counts: list[tuple[Tensor, Tensor]] | None = None
        self.move(0.0)

    def move(self, progress: Tensor | float) -> None:
        """Set the rates to those of this part of the training, in [0, 1]; [M] where the models differ in it."""
        self.rates = {
            site: self._schedule(rate, torch.as_tensor(progress, dtype=rate.dtype, device=rate.device))
            for site, rate in self._base.items()
        }

    def __call__(self, site: str, x: Tensor) -> Tensor:
        """x [M, ...] as the variant changes it at this site while training."""
        if site not in self.rates:
            return x
        assert self._variant is not None
        out = self._variant.sample(x, self.rates[site], self._random[site], self._layouts[site])
        if self._counts is not None:
            own = (self._base[site] > 0).view(-1, *[1] * (x.dim() - 1))  # a neighbour's site is none of mine
            present = (x != 0) & own
            dropped = present & (out == 0)
            self._counts.append((dropped.flatten(1).sum(1), present.flatten(1).sum(1)))
        return out

    def expected(self, site: str, x: Tensor) -> Tensor:
        """x [M, ...] as the variant changes it at this site at test time."""
        if site not in self.rates:
            return x
        assert self._variant is not None
        return self._variant.expected(x, self.rates[site])

    def thinned(self, rates: Mapping[str, float]) -> dict[str, float] | None:
        """Of one trial's rates, those by which single units are zeroed; None where other things than units are."""
        if self._variant is None or self._variant.fraction == "none":
            return {}
        on = {site: rate for site, rate in rates.items() if site in self.sites and rate > 0}
        grouped = any(self._variant.shared.get(self._layouts[site]) for site in on)
        return on if self._variant.fraction == "rate" and not grouped else (None if on else {})

    def measure(self) -> None:
        """Count what is dropped from here on, until :meth:`measured`."""
        self._counts = []

    def measured(self) -> tuple[Tensor, Tensor]:
        """Dropped elements and elements that could be dropped (those not zero already), each [M]; stops counting."""
        counts, self._counts = self._counts or [], None
        zero = torch.zeros((), dtype=torch.int64)
        return sum((d for d, _ in counts), zero), sum((p for _, p in counts), zero)

    def select(self, models: Sequence[int]) -> "Noise":
        """The noise of these models only; it draws on from the same streams."""
        kept, index = copy(self), list(models)
        kept._base = {site: rate[index] for site, rate in self._base.items()}
        kept.rates = {site: rate[index] for site, rate in self.rates.items()}
        kept._random = {site: random.select(index) for site, random in self._random.items()}
        return kept
