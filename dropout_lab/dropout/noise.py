"""Dropout of a whole pack: the variant at each site of a model, with a rate and bits for every trial."""

from collections.abc import Mapping, Sequence
from copy import copy

import torch
from torch import Tensor

from dropout_lab.dropout import VARIANTS
from dropout_lab.dropout.schedules import SCHEDULES
from dropout_lab.streams import PackRandomness, Streams


class Noise:
    """What a model calls at each of its sites while training.

    A site where no trial of the pack ever drops draws no bits. Each site has its own stream, so this moves no other
    site's masks, and a trial's masks do not depend on its pack.

    Args:
        variant: name in the registry; ``none`` for no dropout at all.
        schedule: name in the registry of schedules.
        rates: drop probability at each site, [M].
        streams: the trials' random streams, M of them.
    """

    def __init__(self, variant: str, schedule: str, rates: Mapping[str, Tensor], streams: Sequence[Streams]):
        on = {} if variant == "none" else {site: rate for site, rate in rates.items() if bool((rate > 0).any())}
        self._variant = VARIANTS.get(variant)
        self._schedule = SCHEDULES[schedule]
        self._base = on
        self._random = {site: PackRandomness(streams, f"dropout/{site}", rate.device) for site, rate in on.items()}
        self._counts: list[tuple[Tensor, Tensor]] | None = None
        self.move(0.0)

    def move(self, progress: float) -> None:
        """Set the rates to those of this part of the training, in [0, 1)."""
        self.rates = {site: self._schedule(rate, progress) for site, rate in self._base.items()}

    def __call__(self, site: str, x: Tensor) -> Tensor:
        """x [M, ...] as the variant changes it at this site while training."""
        if site not in self.rates:
            return x
        assert self._variant is not None
        out = self._variant.sample(x, self.rates[site], self._random[site])
        if self._counts is not None:
            present = x != 0
            dropped = present & (out == 0)
            self._counts.append((dropped.flatten(1).sum(1), present.flatten(1).sum(1)))
        return out

    def expected(self, site: str, x: Tensor) -> Tensor:
        """x [M, ...] as the variant changes it at this site at test time."""
        if site not in self.rates:
            return x
        assert self._variant is not None
        return self._variant.expected(x, self.rates[site])

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
