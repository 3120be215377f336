"""The regularizers beside dropout, as a pack sees them: a penalty in the loss, a projection after the step, a patience.

Each has a strength of its own in every model of the pack; where it is not chosen, the strength has no effect.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from dropout_lab.config import RegularizerConf
from dropout_lab.regularizers import l1, l2, max_norm

Penalty = Callable[[Mapping[str, Tensor], Tensor], Tensor]
Projection = Callable[[Tensor, tuple[int, ...], Tensor], None]


@dataclass(frozen=True)
class Regularizers:
    """What a pack's trials have chosen.

    Args:
        axes: the weights they act on, each with the axes into one unit.
        penalties, projections: function and strength [M], for those that any trial has chosen.
        patience: epochs without a better validation loss before a model stops, [M]; infinite for those that do not.
    """

    axes: Mapping[str, tuple[int, ...]]
    patience: list[float]
    penalties: list[tuple[Penalty, Tensor]] = field(default_factory=list)
    projections: list[tuple[Projection, Tensor]] = field(default_factory=list)

    def penalty(self, params: Mapping[str, Tensor]) -> Tensor | None:
        """The term added to the loss, [M]; None if there is none."""
        weights = {name: params[name] for name in self.axes}
        terms = [function(weights, strength) for function, strength in self.penalties]
        return torch.stack(terms).sum(0) if terms else None

    def project(self, params: Mapping[str, Tensor]) -> None:
        """Bring the weights back into their bounds after a step, in place."""
        for function, strength in self.projections:
            for name, incoming in self.axes.items():
                function(params[name], incoming, strength)

    def select(self, models: Sequence[int]) -> "Regularizers":
        """The regularizers of these models only."""
        index = list(models)
        return Regularizers(
            self.axes,
            [self.patience[m] for m in index],
            [(function, strength[index]) for function, strength in self.penalties],
            [(function, strength[index]) for function, strength in self.projections],
        )


PENALTIES: dict[str, Penalty] = {"l1": l1.penalty, "l2": l2.penalty}
PROJECTIONS: dict[str, Projection] = {"max_norm": max_norm.project}


def build(chosen: Sequence[RegularizerConf], axes: Mapping[str, tuple[int, ...]], device: torch.device) -> Regularizers:
    """The regularizers of a pack, from the choice of each of its trials."""

    def strengths(name: str, off: float) -> list[float]:
        return [getattr(conf, name) if name in conf.names else off for conf in chosen]

    def used(name: str) -> bool:
        return any(name in conf.names for conf in chosen)

    def on_device(name: str, off: float) -> Tensor:
        return torch.tensor(strengths(name, off), dtype=torch.float32, device=device)

    return Regularizers(
        axes,
        strengths("early_stopping", math.inf),
        [(function, on_device(name, 0.0)) for name, function in PENALTIES.items() if used(name)],
        [(function, on_device(name, math.inf)) for name, function in PROJECTIONS.items() if used(name)],
    )
