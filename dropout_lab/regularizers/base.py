"""Base classes of the regularizers, which act through hooks and have a strength for each model of a pack."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, TypeVar

import torch
from torch import Tensor

from dropout_lab.config import RegularizerConf
from dropout_lab.rng import PackRandomness, Streams
from dropout_lab.settings import Options

Params = Mapping[str, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]  # loss per example, from outputs [M, B, ..., K] and targets [M, B, ...]
Self = TypeVar("Self", bound="Regularizer")


class HiddenSite(NamedTuple):
    """Hidden site of a network.

    Args:
        layout: site kind; see :mod:`dropout_lab.dropout.base`.
        produced_by: name of the weights whose output, after the non-linearity, is the site's activations; empty if
            there are none.
        width: number of units or maps.
    """

    layout: str
    produced_by: str = ""
    width: int = 0


@dataclass(frozen=True)
class NetworkInfo:
    """Network and task that the regularizers act on.

    Args:
        weights: axes (of [M, ...]) over the incoming weights of one unit, by name of the weights to regularize.
        sites: sites of hidden activations, from input to output.
        bounded: whether hidden activations are between -1 and 1.
        task: ``classification``, ``regression`` or ``language``.
        shape: shape of one example.
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
    """Regularizer settings of the M trials of a pack.

    Args:
        confs: regularizer config of each trial.
        streams: random streams of each trial.
        device: device on which the pack is trained.
        keep: keep probability [M] of the input of the weights, by name of the weights whose strengths are converted
            to rescaled weights; see :meth:`Regularizer.at`.
    """

    confs: Sequence[RegularizerConf]
    streams: Sequence[Streams]
    device: torch.device
    keep: Mapping[str, Tensor] = field(default_factory=dict)


class ExtraParameter(NamedTuple):
    """Parameter that a regularizer adds to the network.

    Args:
        shape: shape without the model axis.
        start: initial value.
        site: site whose units the parameter belongs to.
        written: whether the forward pass updates it in training, as a running statistic, instead of the optimizer.
    """

    shape: tuple[int, ...]
    start: float
    site: str
    written: bool = False


class Stopping(NamedTuple):
    """Early-stopping rule of a model.

    Args:
        patience: number of epochs without improvement; infinite for no early stopping.
        gain: smallest improvement that counts as one.
        restore: whether the results are those of the weights of the best epoch.
        monitor: the validation column whose improvement counts.
    """

    patience: float
    gain: float = 0.0
    restore: bool = True
    monitor: str = "val_loss"


class Regularizer:
    """Base class of the regularizers of a pack of M models.

    A subclass overrides the hooks that it needs; hooks that are not overridden are not called.

    Args:
        scene: the network and its task.
        trials: settings of the pack; some trials may not have chosen this regularizer.

    Attributes:
        kind: name in the registry, and of the option for the strength.
        options: class of the options.
        numbers: names of the settings with one number per model; the first is the strength.
        off: strength for models that have not chosen the regularizer; at this value it must have no effect.
        confs: settings of each of the M models.
        own: values of the settings in ``numbers``, [M] each.
        random: random bits, by name of the stream.
    """

    kind: ClassVar[str]
    options: ClassVar[type[Options]]
    numbers: ClassVar[tuple[str, ...]] = ()
    off: ClassVar[float] = 0.0

    def __init__(self, scene: NetworkInfo, trials: PackChoice):
        self.scene, self.confs = scene, list(trials.confs)
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
    def incompatibility(cls, conf: RegularizerConf, scene: NetworkInfo) -> str | None:
        """Return why the regularizer is not applicable to a network and its data; None if it is applicable."""
        return None

    @classmethod
    def parts(cls, conf: RegularizerConf, scene: NetworkInfo) -> dict[str, ExtraParameter]:
        """Return the parameters that the regularizer adds to the network, by name."""
        return {}

    @classmethod
    def between(cls, conf: RegularizerConf) -> bool:
        """Return whether it changes activations after dropout, before the next layer reads them."""
        return False

    def move(self, progress: float) -> None:
        """Set the completed fraction of the training, in [0, 1]."""

    def examples(self, x: Tensor) -> Tensor:
        """Return a changed training batch [M, B, ...]; called before normalisation."""
        return x

    def inputs(self, x: Tensor) -> Tensor:
        """Return a changed training batch [M, B, ...]; called after normalisation."""
        return x

    def weights(self, params: Params) -> Params:
        """Return the parameters for a training pass; gradients are taken with respect to ``params``."""
        return params

    def pre_activation(self, name: str, x: Tensor, params: Params, training: bool) -> Tensor:
        """Return changed pre-activations [M, B, ...] of the layer with the weights of this name."""
        return x

    def activation(self, name: str, x: Tensor, params: Params, training: bool) -> Tensor:
        """Return changed activations [M, B, ...] of a hidden site; called before dropout."""
        return x

    def post_dropout(self, name: str, x: Tensor, params: Params, training: bool) -> Tensor:
        """Return changed activations [M, B, ...] of a hidden site; called after dropout."""
        return x

    def loss(self, loss: Loss) -> Loss:
        """Return the training loss per example, derived from that of the task."""
        return loss

    def penalty(self, params: Params) -> Tensor | None:
        """Return a loss term [M], or None; called after the forward pass."""
        return None

    def decay(self, params: Params, lr: Tensor) -> None:
        """Change the parameters in place before an optimizer step with learning rates [M], after the backward pass."""

    def project(self, params: Params) -> None:
        """Project the parameters onto their constraints after an optimizer step, in place."""

    def stopping(self) -> list[Stopping] | None:
        """Return the early-stopping rule of each model, or None."""
        return None

    @property
    def strength(self) -> Tensor:
        """Strength of the regularizer for each model, [M]."""
        return self.own[self.numbers[0]]

    def at(self, weight: str, power: int) -> Tensor:
        """Return the strength [M] for one of the weights.

        Args:
            weight: name of the weights.
            power: exponent of the conversion: the strength for weights multiplied by k is the strength times k^power,
                with k from :attr:`PackChoice.keep`.
        """
        keep = self.keep.get(weight)
        return self.strength if keep is None else self.strength * keep**power

    def summed(self, params: Params, each: Callable[[Tensor], Tensor], power: int) -> Tensor:
        """Return the strength times the sum of ``each(weight)`` over all weights, [M]."""
        terms = {name: each(params[name]) for name in self.scene.weights}
        if self.keep:
            return torch.stack([self.at(name, power) * term for name, term in terms.items()]).sum(0)
        return self.strength * sum(terms.values())

    def select(self: Self, models: Sequence[int]) -> Self:
        """Return the regularizer of these models only; it continues the same streams."""
        kept, index = copy(self), list(models)
        kept.on, kept.confs = [self.on[m] for m in index], [self.confs[m] for m in index]
        kept.own = {name: value[index] for name, value in self.own.items()}
        kept.keep = {name: value[index] for name, value in self.keep.items()}
        kept.random = {name: random.select(index) for name, random in self.random.items()}
        return kept

    def state_dict(self) -> dict[str, Tensor]:
        """Return what one step passes on to the next: the positions of the random streams."""
        return {name: random.positions() for name, random in self.random.items()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Continue from the state that :meth:`state_dict` returned."""
        for name, random in self.random.items():
            random.restore(state[name])


class WeightRegularizer(Regularizer):
    """Base class of the regularizers of the weights; biases are not regularized."""

    @classmethod
    def incompatibility(cls, conf: RegularizerConf, scene: NetworkInfo) -> str | None:
        return None if scene.weights else "requires weights, which this network does not have"
