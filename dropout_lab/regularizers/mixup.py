"""Mixup: training on convex combinations of pairs of examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np
import torch
from torch import Tensor

from dropout_lab.config import RegularizerConf
from dropout_lab.regularizers.base import Loss, NetworkInfo, PackChoice, Regularizer
from dropout_lab.regularizers.input_noise import require_numeric_inputs
from dropout_lab.rng import restore_positions, stream_positions
from dropout_lab.settings import MOST, Options, setting

Self = TypeVar("Self", bound="Mixup")


@dataclass(frozen=True)
class MixupOptions(Options):
    """Options of mixup."""

    mixup: float = setting(
        0.2,
        low=0,
        high=MOST,
        pack="own",
        help="alpha: pairs of examples are mixed with a weight from Beta(alpha, alpha)",
    )


class Mixup(Regularizer):
    """Mixing of each batch with a permutation x' of itself: part * x + (1 - part) * x', part from Beta(mixup, mixup).

    One part and one permutation are drawn per step and trial, as in the authors' code. The loss is mixed in the same
    way as the examples.

    Source:
        Zhang et al. 2018, ICLR.
    """

    kind: ClassVar[str] = "mixup"
    options: ClassVar[type[Options]] = MixupOptions
    numbers: ClassVar[tuple[str, ...]] = ("mixup",)

    def __init__(self, scene: NetworkInfo, trials: PackChoice):
        super().__init__(scene, trials)
        self._draws = [s.generator(self.kind) for s in trials.streams]
        self._alpha = [conf.mixup for conf in trials.confs]

    @classmethod
    def incompatibility(cls, conf: RegularizerConf, scene: NetworkInfo) -> str | None:
        return require_numeric_inputs(scene)

    def inputs(self, x: Tensor) -> Tensor:
        parts, others = np.ones(len(x)), np.tile(np.arange(x.shape[1]), (len(x), 1))
        for m, (draw, alpha, on) in enumerate(zip(self._draws, self._alpha, self.on, strict=True)):
            if on:
                parts[m], others[m] = draw.beta(alpha, alpha), draw.permutation(x.shape[1])
        self._part = torch.tensor(parts, dtype=x.dtype, device=x.device)
        self._other = torch.from_numpy(others).to(x.device)
        part = self._part.view(-1, *[1] * (x.dim() - 1))
        return part * x + (1 - part) * _paired(x, self._other)

    def loss(self, loss: Loss) -> Loss:
        def mixed(out: Tensor, y: Tensor) -> Tensor:
            part = self._part.unsqueeze(1)
            return part * loss(out, y) + (1 - part) * loss(out, _paired(y, self._other))

        return mixed

    def select(self: Self, models: Sequence[int]) -> Self:
        kept = super().select(models)
        kept._draws = [self._draws[m] for m in models]
        kept._alpha = [self._alpha[m] for m in models]
        return kept

    def state_dict(self) -> dict[str, Tensor]:
        return {self.kind: stream_positions([draw.bit_generator for draw in self._draws])}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        restore_positions([draw.bit_generator for draw in self._draws], state[self.kind])


def _paired(values: Tensor, other: Tensor) -> Tensor:
    """Return the values [M, B, ...] permuted by the indices ``other`` [M, B]."""
    return values[torch.arange(len(values), device=values.device).unsqueeze(1), other]
