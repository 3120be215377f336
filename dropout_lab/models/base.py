"""Base class of all models: parameters with a leading model axis M and one forward pass for all M models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod, sqrt
from typing import ClassVar

import torch
from torch import Tensor, nn

from dropout_lab.dropout.base import ACTIVATION_KINDS, MAPS, STEPS, UNITS, WEIGHTS
from dropout_lab.dropout.hook_interface import Hook
from dropout_lab.dropout.kernels.linear_maps import DENSE_MAP
from dropout_lab.dropout.pack_dropout import Site
from dropout_lab.rng import Streams

Params = dict[str, Tensor]
State = tuple[Tensor, ...] | None  # recurrent state passed between windows of a running text, [M, ...] each
SERIES, IMAGE = 2, 3  # number of axes of one example: (T, F) and (C, H, W)
ACTIVATIONS = {
    "relu": nn.functional.relu,
    "tanh": nn.functional.tanh,
    "selu": nn.functional.selu,
    "gelu": nn.functional.gelu,
    "sigmoid": nn.functional.sigmoid,
}
MONOTONE = (ACTIVATIONS["relu"], ACTIVATIONS["tanh"], ACTIVATIONS["selu"], ACTIVATIONS["sigmoid"])


@dataclass(frozen=True)
class Parameter:
    """Shape, initialisation and sites of one parameter of a model.

    Args:
        shape: shape without the model axis M.
        fan_in: number of inputs of a unit. Initial values are uniform within 1/sqrt(fan_in) of 0, as torch.nn
            initialises Linear, Conv2d (He et al. 2015 with a = sqrt 5) and, with fan_in = units, LSTM.
        incoming: axes of ``shape`` over the weights into one unit; empty for a bias, which is exempt from
            penalties and norm bounds.
        reads: site whose activations the weights multiply; empty if nothing is dropped there.
        ruled_by: site whose rate applies to noise on these weights, if they are used in :meth:`Hook.product`.
        thinned: sites at which one zero in the mask removes part of this parameter from the network, because the
            parameter reads or writes the dropped unit or belongs to the dropped branch. Empty if the parameter is
            shared over positions or steps.
        constant: initial value of a parameter that is not initialised at random.
    """

    shape: tuple[int, ...]
    fan_in: int
    incoming: tuple[int, ...] = ()
    reads: str = ""
    ruled_by: str = ""
    thinned: tuple[str, ...] = ()
    constant: float | None = None


class Model:
    """A stack of M models with the same architecture. Subclasses define the network with its parameters and sites.

    Args:
        parameters: :class:`Parameter` by name, in the order of the network.
        places: :class:`Site` by name for the activations and recurrent weights where dropout may act, in the order of
            the network; the first is ``input``. The sites of weights are derived from ``Parameter.ruled_by``.

    Attributes:
        depth: length of a list with one rate per layer.
        buffers: tensors that the forward pass writes in training and reads at test time, such as running statistics.
            They are saved and restored with the parameters and are not trained.
        bounded: whether hidden units are between -1 and 1.
        lecun: whether initial weights are N(0, 1/fan_in) and biases 0, as SELU requires (Klambauer et al. 2017).
        fixed: names of parameters that the optimizer does not update: buffers and frozen parameters.
        stacks: whether one stack of M models is faster on a CPU than M models one after another.
        alone: whether M must be 1.
        broadcasts: whether weights of one model accept activations of many models at every site, so that a hook may
            expand the model axis.
        glorot: whether initial weights are uniform within sqrt(6 / (fan_in + fan_out)) of 0 and biases 0 (Glorot and
            Bengio 2010, AISTATS, equation 16), as Keras initialises dense layers.
        within: if given, initial values are uniform within this distance of 0, independent of ``fan_in``.
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
        self.depth = 1 + max((place.depth for place in places.values() if place.depth is not None), default=-1)

    def extend(self, parameters: Mapping[str, Parameter], buffers: Mapping[str, Parameter]) -> None:
        """Add parameters and buffers that do not belong to the network itself but are saved with it."""
        self.parameters |= parameters
        self.buffers |= buffers
        self.fixed |= buffers.keys()

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of the sites of hidden activations, from input to output."""
        hidden = {name: place for name, place in self.places.items() if place.depth is not None}
        return tuple(name for name, place in hidden.items() if place.layout in ACTIVATION_KINDS)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        """Return the outputs [M, B, K] for inputs x [M, B, ...]; ``hook`` is called at every site."""
        raise NotImplementedError

    def advance(self, params: Params, x: Tensor, hook: Hook, state: State) -> tuple[Tensor, State]:
        """Run :meth:`forward` from a recurrent state (None at the start) and return the outputs and the next state.

        Models without a state return None as the next state.
        """
        return self.forward(params, x, hook), None

    def init(self, streams: Sequence[Streams], device: torch.device) -> Params:
        """Return the initial parameters and buffers, [M, ...] each.

        Values are drawn on the CPU, for each trial from its own stream ``init/<name>``.
        """
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
        """The parameters that regularizers act on, with the axes (of [M, ...]) over the weights into one unit."""
        return {name: tuple(a + 1 for a in p.incoming) for name, p in self.parameters.items() if p.incoming}

    @property
    def size(self) -> int:
        """Number of parameters of one model."""
        return sum(prod(p.shape) for p in self.parameters.values())

    def active_size(self, rates: Mapping[str, float]) -> float | None:
        """Return the expected number of parameters that a drop mask keeps; None if it is unknown for this model.

        A parameter is kept if its own mask element and all units that it connects are kept.

        Args:
            rates: drop probability by site; sites that are not listed drop nothing.
        """
        keep = {place: 1 - rate for place, rate in rates.items()}
        return sum(
            prod(p.shape) * prod(keep.get(place, 1) for place in (name, *p.thinned))
            for name, p in self.parameters.items()
        )


def input_layout(shape: Sequence[int]) -> str:
    """Return the site kind of examples of this shape: units for (F,), steps for (T, F), maps for (C, H, W)."""
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
    """Return the parameters of a fully connected layer.

    Args:
        width_in: number of inputs.
        width_out: number of outputs.
        name: prefix of the parameter names.
        reads: site of its input.
        writes: sites whose masks remove its units, or the branch that contains it.
        ruled_by: see :class:`Parameter`; defaults to ``reads``.
        shared: whether the layer is applied to every step or token. Each position then has its own mask, so no single
            mask element removes an input of the layer.
    """
    inputs = () if shared or not reads else (reads,)
    weight = Parameter((width_in, width_out), width_in, (0,), reads, ruled_by or reads, (*inputs, *writes))
    return {f"{name}.weight": weight, f"{name}.bias": Parameter((width_out,), width_in, thinned=tuple(writes))}


def affine(params: Params, name: str, x: Tensor, hook: Hook) -> Tensor:
    """Apply a fully connected layer to x [M, B, ..., in] and return [M, B, ..., out]."""
    return hook.product(f"{name}.weight", DENSE_MAP, x, params[f"{name}.weight"], params[f"{name}.bias"])


def layer_norm_parameters(width: int, name: str, thinned: Sequence[str] = ()) -> dict[str, Parameter]:
    """Return the parameters of a layer normalisation."""
    sites = tuple(thinned)
    return {
        f"{name}.gain": Parameter((width,), width, thinned=sites, constant=1.0),
        f"{name}.shift": Parameter((width,), width, thinned=sites, constant=0.0),
    }


def normalize_features(params: Params, name: str, x: Tensor) -> Tensor:
    """Apply layer normalisation over the last axis of x [M, B, ..., D] (Ba et al. 2016, arXiv:1607.06450)."""
    lead = (-1, *[1] * (x.dim() - 2), x.shape[-1])
    plain = nn.functional.layer_norm(x, x.shape[-1:])
    return plain * params[f"{name}.gain"].view(lead) + params[f"{name}.shift"].view(lead)
