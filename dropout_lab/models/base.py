"""What every model is: parameters with a leading model axis M, and a forward pass over all M at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod, sqrt
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from dropout_lab.dropout.base import ACTIVATION_KINDS, MAPS, STEPS, UNITS, WEIGHTS
from dropout_lab.dropout.kernels.linear_maps import DENSE_MAP, LinearMap
from dropout_lab.dropout.pack_dropout import Site
from dropout_lab.rng import Streams

Params = dict[str, Tensor]
State = tuple[Tensor, ...] | None  # what a model carries from one window of a running text to the next, [M, ...] each
SERIES, IMAGE = 2, 3  # axes of one example: (T, F) and (C, H, W)
ACTIVATIONS = {
    "relu": nn.functional.relu,
    "tanh": nn.functional.tanh,
    "selu": nn.functional.selu,
    "gelu": nn.functional.gelu,
    "sigmoid": nn.functional.sigmoid,
}
MONOTONE = (ACTIVATIONS["relu"], ACTIVATIONS["tanh"], ACTIVATIONS["selu"], ACTIVATIONS["sigmoid"])


class Hook(Protocol):
    """What a model calls wherever dropout may act: while training, at test time, or without dropout.

    Attributes:
        training: whether this is a step of training, for what else goes by that, as batch normalisation does.
        holds: whether what is dropped in a recurrent layer keeps its value of the step before, instead of being zero.
        per_gate: whether each gate of a recurrent layer has masks of its own.
    """

    training: bool
    holds: bool
    per_gate: bool

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """The factors at a place inside a recurrent layer or a text, of this shape [M, ...] but 1 along axes that share
        them; None for none."""
        ...

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """Activations, or recurrent weights, at the place of this name, [M, ...]."""
        ...

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """The activations of x at the place of this name, [M, ...]."""
        ...

    def product(self, name: str, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The layer whose weights bear this name, for its input x [M, B, ...]."""
        ...


class PlainHook:
    """The network without dropout."""

    training = False
    holds = False
    per_gate = False

    def mask(self, name: str, shape: Sequence[int], like: Tensor) -> Tensor | None:
        """None."""
        return None

    def __call__(self, name: str, x: Tensor) -> Tensor:
        """x as it is."""
        return x

    def activated(self, name: str, activation: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """The activations as they are."""
        return self(name, activation(x))

    def product(self, name: str, operation: LinearMap, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The layer as it is."""
        return operation(x, weight, bias)


@dataclass(frozen=True)
class Parameter:
    """One parameter of one model of a pack.

    Args:
        shape: without the axis M.
        fan_in: inputs of a unit; the initial values are uniform within 1/sqrt(fan_in), as torch.nn initialises
            Linear, Conv2d (He et al. 2015 with a = sqrt 5) and, with fan_in = units, LSTM.
        incoming: axes of ``shape`` that run over the weights into one unit; empty for a bias, which no penalty and
            no norm bound touches.
        reads: the place whose activations the weights multiply; empty if nothing is dropped there.
        ruled_by: the place whose rate noise on these weights takes, if they act through :meth:`Hook.product`.
        thinned: the places whose masks, by zeroing one element, take part of this parameter out of the network: units
            it reads or writes, the branch it lies in. Empty where the parameter is shared over positions or steps.
        constant: the initial value, where it is not drawn.
    """

    shape: tuple[int, ...]
    fan_in: int
    incoming: tuple[int, ...] = ()
    reads: str = ""
    ruled_by: str = ""
    thinned: tuple[str, ...] = ()
    constant: float | None = None


class Model:
    """A stack of M models of one shape. Subclasses define the network and give its parameters and places.

    Args:
        parameters: name to :class:`Parameter`, in the order of the network.
        places: name to :class:`Site` of the activations and recurrent weights where dropout may act, in the order of
            the network, the first being ``input``. Places of the weights follow from ``Parameter.reads``.

    Attributes:
        levels: how many entries a list of rates has.
        buffers: what the forward pass writes in training and reads at test time, as running statistics; they are kept
            and restored with the parameters, and are none.
        bounded: whether hidden units lie between -1 and 1.
        lecun: whether initial weights are N(0, 1/fan_in) and biases 0, as SELU asks (Klambauer et al. 2017).
        fixed: names among the parameters' that the optimizer leaves alone: what the model writes itself, or is frozen.
        stacks: whether M models cost less together than one after another on a CPU.
        alone: whether M must be 1.
        broadcasts: whether activations of one model may become those of many at any place, beside weights of one.
        glorot: whether initial weights are uniform within sqrt(6 / (fan_in + fan_out)) of 0 and biases 0 (Glorot and
            Bengio 2010, AISTATS, equation 16), as Keras initialises dense layers.
        within: initial values are uniform within this of 0 if it is given, whatever the number of inputs.
    """

    stacks: ClassVar[bool] = False
    alone: ClassVar[bool] = False
    broadcasts: ClassVar[bool] = True
    fixed: frozenset[str] = frozenset()
    bounded: bool = False
    lecun: bool = False
    glorot: bool = False
    within: float | None = None

    def __init__(self, parameters: Mapping[str, Parameter], places: Mapping[str, Site]):
        self.parameters = dict(parameters)
        self.buffers: dict[str, Parameter] = {}
        readers: dict[str, tuple[str, ...]] = {}
        for name, parameter in parameters.items():
            if parameter.reads:
                readers[parameter.reads] = (*readers.get(parameter.reads, ()), name)
        self.places = {name: replace(place, read_by=readers.get(name, ())) for name, place in places.items()}
        for name, parameter in parameters.items():
            if parameter.ruled_by:
                self.places[name] = replace(places[parameter.ruled_by], layout=WEIGHTS, read_by=(name,))
        self.levels = 1 + max((place.level for place in places.values() if place.level is not None), default=-1)

    def extend(self, parameters: Mapping[str, Parameter], buffers: Mapping[str, Parameter]) -> None:
        """Add what is not of the network itself but is trained and kept with it."""
        self.parameters |= parameters
        self.buffers |= buffers
        self.fixed |= buffers.keys()

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of the places of hidden activations, from input to output."""
        hidden = {name: place for name, place in self.places.items() if place.level is not None}
        return tuple(name for name, place in hidden.items() if place.layout in ACTIVATION_KINDS)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        """Outputs [M, B, K] for inputs [M, B, ...]; ``hook`` is called at every place."""
        raise NotImplementedError

    def advance(self, params: Params, x: Tensor, hook: Hook, state: State) -> tuple[Tensor, State]:
        """As :meth:`forward`, from a state (None at the start) to the next; most models have none."""
        return self.forward(params, x, hook), None

    def init(self, streams: Sequence[Streams], device: torch.device) -> Params:
        """Initial parameters and buffers [M, ...], each drawn on the CPU from its trial's stream ``init/<name>``."""
        return {
            name: torch.stack([self._initial(s, name, parameter) for s in streams]).to(device)
            for name, parameter in (self.parameters | self.buffers).items()
        }

    def _initial(self, streams: Streams, name: str, parameter: Parameter) -> Tensor:
        if parameter.constant is not None:
            return torch.full(parameter.shape, parameter.constant)
        weights = bool(parameter.incoming) or len(parameter.shape) > 1
        if not weights and (self.lecun or self.glorot):
            return torch.zeros(parameter.shape)
        stream = streams.generator(f"init/{name}")
        if self.lecun:
            return torch.from_numpy(stream.standard_normal(parameter.shape, dtype="float32") / sqrt(parameter.fan_in))
        values = 2 * stream.random(parameter.shape, dtype="float32") - 1
        if self.glorot:
            return torch.from_numpy(values * sqrt(6 / sum(parameter.shape)))
        return torch.from_numpy(values * self.within if self.within else values / sqrt(parameter.fan_in))

    @property
    def weights(self) -> dict[str, tuple[int, ...]]:
        """The parameters that regularizers act on, with the axes (of [M, ...]) into one unit."""
        return {name: tuple(a + 1 for a in p.incoming) for name, p in self.parameters.items() if p.incoming}

    @property
    def size(self) -> int:
        """Number of parameters of one model."""
        return sum(prod(p.shape) for p in self.parameters.values())

    def active_size(self, rates: Mapping[str, float]) -> float | None:
        """Expected number of parameters between units that a mask keeps; None where the model cannot tell.

        Args:
            rates: drop probability by place; a place left out never drops.
        """
        keep = {place: 1 - rate for place, rate in rates.items()}
        return sum(
            prod(p.shape) * prod(keep.get(place, 1) for place in (name, *p.thinned))
            for name, p in self.parameters.items()
        )


def input_layout(shape: Sequence[int]) -> str:
    """Return the layout of examples of this shape: (F,) units, (T, F) steps, (C, H, W) maps."""
    return {SERIES: STEPS, IMAGE: MAPS}.get(len(shape), UNITS)


def dense_parameters(
    width_in: int,
    width_out: int,
    name: str,
    reads: str = "",
    writes: Sequence[str] = (),
    ruled_by: str = "",
    shared: bool = False,
) -> dict[str, Parameter]:
    """The parameters of a fully connected layer.

    Args:
        reads: the place it reads.
        writes: places that thin its units, or the branch it lies in.
        ruled_by: as of :class:`Parameter`; what it reads if not given.
        shared: whether it acts on every step or token, each with its own mask, so that none thins its inputs.
    """
    inputs = () if shared or not reads else (reads,)
    weight = Parameter((width_in, width_out), width_in, (0,), reads, ruled_by or reads, (*inputs, *writes))
    return {f"{name}.weight": weight, f"{name}.bias": Parameter((width_out,), width_in, thinned=tuple(writes))}


def affine(params: Params, name: str, x: Tensor, hook: Hook) -> Tensor:
    """Fully connected layer: x [M, B, ..., in] to [M, B, ..., out]."""
    return hook.product(f"{name}.weight", DENSE_MAP, x, params[f"{name}.weight"], params[f"{name}.bias"])


def layer_norm_parameters(width: int, name: str, thinned: Sequence[str] = ()) -> dict[str, Parameter]:
    """The parameters of a layer normalisation."""
    own = tuple(thinned)
    return {
        f"{name}.gain": Parameter((width,), width, thinned=own, constant=1.0),
        f"{name}.shift": Parameter((width,), width, thinned=own, constant=0.0),
    }


def normalize_features(params: Params, name: str, x: Tensor) -> Tensor:
    """Layer normalisation over the last axis of x [M, B, ..., D] (Ba et al. 2016, arXiv:1607.06450)."""
    lead = (-1, *[1] * (x.dim() - 2), x.shape[-1])
    plain = nn.functional.layer_norm(x, x.shape[-1:])
    return plain * params[f"{name}.gain"].view(lead) + params[f"{name}.shift"].view(lead)
