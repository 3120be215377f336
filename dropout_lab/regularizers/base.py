"""What every regularizer is: hooks of which it takes those it needs, with a strength for each model of a pack."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, TypeVar

import torch
from torch import Tensor

from dropout_lab.config import RegularizerConf
from dropout_lab.rng import PackRandomness, Streams

Params = Mapping[str, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]  # of each example, from outputs [M, B, ..., K] and targets [M, B, ...]
Self = TypeVar("Self", bound="Regularizer")


class HiddenSite(NamedTuple):
    """A hidden place of a network.

    Args:
        layout: what is there; see :mod:`dropout_lab.dropout.base`.
        made_by: name of the weights whose product becomes it through a non-linearity; empty if there are none.
        width: units, or maps.
    """

    layout: str
    made_by: str = ""
    width: int = 0


@dataclass(frozen=True)
class NetworkInfo:
    """The network and the task that regularizers are to act on.

    Args:
        weights: the weights they act on, each with its axes (of [M, ...]) into one unit.
        sites: the places of hidden activations, from input to output.
        bounded: whether hidden units lie between -1 and 1.
        task: ``classification``, ``regression`` or ``language``.
        shape: of one example.
        reads: whether examples are texts.
    """

    weights: Mapping[str, tuple[int, ...]]
    sites: Mapping[str, HiddenSite] = field(default_factory=dict)
    bounded: bool = False
    task: str = "classification"
    shape: tuple[int, ...] = ()
    reads: bool = False


@dataclass(frozen=True)
class PackChoice:
    """What the M trials of a pack have chosen.

    Args:
        confs: their regularizers.
        streams: their random streams.
        device: where the pack is trained.
        keep: of weights whose constants are to be converted, the part of what they read that is kept, [M].
    """

    confs: Sequence[RegularizerConf]
    streams: Sequence[Streams]
    device: torch.device
    keep: Mapping[str, Tensor] = field(default_factory=dict)


class ExtraParameter(NamedTuple):
    """A parameter that a regularizer brings into the network.

    Args:
        shape: without the axis M.
        start: its initial value.
        site: the place whose units it belongs to.
        written: whether the forward pass writes it in training, and the optimizer leaves it alone.
    """

    shape: tuple[int, ...]
    start: float
    site: str
    written: bool = False


class Stopping(NamedTuple):
    """When a model stops.

    Args:
        patience: epochs without a better validation loss; infinite for one that runs to the end.
        gain: how much lower a loss must be to count as better.
        restore: whether the weights of the best epoch are reported.
    """

    patience: float
    gain: float = 0.0
    restore: bool = True


class Regularizer:
    """A regularizer in a pack of M models; a subclass overrides the hooks that it needs, and no other is called.

    Args:
        scene: the network.
        trials: the pack; some may have chosen others.

    Attributes:
        kind: name in the registry, and of the setting that is its strength.
        numbers: its settings that are a number for each model; the first is the strength.
        off: the strength of a model that has not chosen it, under which it must change nothing.
        own: these numbers, [M] each.
        random: its random bits, by the name of the stream.
    """

    kind: ClassVar[str]
    numbers: ClassVar[tuple[str, ...]] = ()
    off: ClassVar[float] = 0.0

    def __init__(self, scene: NetworkInfo, trials: PackChoice):
        self.scene = scene
        self.on = [self.kind in conf.names for conf in trials.confs]
        values = {name: [getattr(conf, name) for conf in trials.confs] for name in self.numbers}
        if self.numbers:
            strength = values[self.numbers[0]]
            values[self.numbers[0]] = [s if on else self.off for s, on in zip(strength, self.on, strict=True)]
        self.own = {
            name: torch.tensor(value, dtype=torch.float32, device=trials.device) for name, value in values.items()
        }
        self.keep = dict(trials.keep)
        self.random: dict[str, PackRandomness] = {}

    @classmethod
    def unfit(cls, conf: RegularizerConf, scene: NetworkInfo) -> str | None:
        """Why it makes no sense for a network and its data; None if it does."""
        return None

    @classmethod
    def parts(cls, conf: RegularizerConf, scene: NetworkInfo) -> dict[str, ExtraParameter]:
        """What it brings into the network, by name."""
        return {}

    @classmethod
    def between(cls, conf: RegularizerConf) -> bool:
        """Whether it changes units after dropout, before the next layer reads them."""
        return False

    def move(self, progress: float) -> None:
        """Take note of the part of the training that is done."""

    def examples(self, x: Tensor) -> Tensor:
        """A training batch [M, B, ...] as it is in the data, before it is normalised."""
        return x

    def inputs(self, x: Tensor) -> Tensor:
        """A training batch [M, B, ...] as the network gets it."""
        return x

    def weights(self, params: Params) -> Params:
        """The parameters that a training pass uses; its gradient goes to the given ones."""
        return params

    def sums(self, name: str, x: Tensor, params: Params, training: bool) -> Tensor:
        """What the layer with the weights of this name gives, [M, B, ...], before its non-linearity."""
        return x

    def units(self, name: str, x: Tensor, params: Params, training: bool) -> Tensor:
        """Activations [M, B, ...] at a hidden place, before dropout."""
        return x

    def dropped(self, name: str, x: Tensor, params: Params, training: bool) -> Tensor:
        """Activations [M, B, ...] at a hidden place, after dropout."""
        return x

    def loss(self, loss: Loss) -> Loss:
        """The loss of each example in training, made of the task's."""
        return loss

    def penalty(self, params: Params) -> Tensor | None:
        """A term of the loss, [M], asked for after the forward pass."""
        return None

    def decay(self, params: Params, lr: Tensor) -> None:
        """Change the parameters in place before a step at these learning rates [M]; their gradient is known already."""

    def project(self, params: Params) -> None:
        """Bring the parameters back into bounds after a step, in place."""

    def stopping(self) -> list[Stopping] | None:
        """When each of the models stops."""
        return None

    @property
    def strength(self) -> Tensor:
        """[M]."""
        return self.own[self.numbers[0]]

    def at(self, weight: str, power: int) -> Tensor:
        """The strength [M] for one of the weights.

        Args:
            power: the strength of k w is that of w times k to this power; for :attr:`Trials.keep`.
        """
        keep = self.keep.get(weight)
        return self.strength if keep is None else self.strength * keep**power

    def summed(self, params: Params, each: Callable[[Tensor], Tensor], power: int) -> Tensor:
        """Strength times the sum over all weights of what ``each`` gives for one of them, [M]."""
        terms = {name: each(params[name]) for name in self.scene.weights}
        if self.keep:
            return torch.stack([self.at(name, power) * term for name, term in terms.items()]).sum(0)
        return self.strength * sum(terms.values())

    def select(self: Self, models: Sequence[int]) -> Self:
        """The regularizer of these models only; it draws on from the same streams."""
        kept, index = copy(self), list(models)
        kept.on = [self.on[m] for m in index]
        kept.own = {name: value[index] for name, value in self.own.items()}
        kept.keep = {name: value[index] for name, value in self.keep.items()}
        kept.random = {name: random.select(index) for name, random in self.random.items()}
        return kept


class WeightRegularizer(Regularizer):
    """A regularizer that acts on the weights, each with its axes into one unit; no bias is among them."""

    @classmethod
    def unfit(cls, conf: RegularizerConf, scene: NetworkInfo) -> str | None:
        return None if scene.weights else "finds no weights in this network"
