"""What every model is: parameters with a leading model axis M, and a forward pass over all M at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod, sqrt
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from dropout_lab.streams import Streams

Params = dict[str, Tensor]
ACTIVATIONS = {
    "relu": nn.functional.relu,
    "tanh": nn.functional.tanh,
    "selu": nn.functional.selu,
    "gelu": nn.functional.gelu,
}


class Site(Protocol):
    """What a model calls where it may drop: the site's name and the activations [M, ...]."""

    def __call__(self, site: str, x: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Parameter:
    """One parameter of one model of a pack.

    Args:
        shape: without the axis M.
        fan_in: inputs of a unit; the initial values are uniform within 1/sqrt(fan_in), as torch.nn initialises
            Linear, Conv2d (He et al. 2015 with a = sqrt 5) and, with fan_in = units, LSTM.
        incoming: axes of ``shape`` that run over the weights into one unit; empty for a bias, which no penalty and
            no norm bound touches.
        reads, writes: the sites whose masks thin the parameter's inputs and outputs, where each mask element
            belongs to one of them; empty where the parameter is shared over positions or steps.
    """

    shape: tuple[int, ...]
    fan_in: int
    incoming: tuple[int, ...] = ()
    reads: str = ""
    writes: str = ""


class Model:
    """A stack of M models of one shape. Subclasses fill ``parameters`` and ``sites`` and define :meth:`forward`.

    Attributes:
        parameters: name to :class:`Parameter`, in the order of the network.
        sites: names of the hidden places where dropout acts, from input to output; all models also have ``input``.
        layouts: what the activations at each site are, the input included; see :mod:`dropout_lab.dropout.base`.
        lecun: whether initial weights are N(0, 1/fan_in) and biases 0, as SELU asks (Klambauer et al. 2017).
        stacks: whether M models cost less together than one after another on a CPU.
    """

    parameters: dict[str, Parameter]
    sites: tuple[str, ...]
    stacks: ClassVar[bool] = False
    layouts: dict[str, str]
    lecun: bool = False

    def forward(self, params: Params, x: Tensor, site: Site) -> Tensor:
        """Outputs [M, B, K] for inputs [M, B, ...]; ``site`` is called wherever dropout may act."""
        raise NotImplementedError

    def init(self, streams: Sequence[Streams], device: torch.device) -> Params:
        """Initial parameters [M, ...], each drawn on the CPU from its trial's stream ``init/<name>``."""
        return {
            name: torch.stack([self._initial(s, name, parameter) for s in streams]).to(device)
            for name, parameter in self.parameters.items()
        }

    def _initial(self, streams: Streams, name: str, parameter: Parameter) -> Tensor:
        stream = streams.generator(f"init/{name}")
        if not self.lecun:
            values = 2 * stream.random(parameter.shape, dtype="float32") - 1
        elif parameter.incoming:
            values = stream.standard_normal(parameter.shape, dtype="float32")
        else:
            return torch.zeros(parameter.shape)
        return torch.from_numpy(values / sqrt(parameter.fan_in))

    @property
    def weights(self) -> dict[str, tuple[int, ...]]:
        """The parameters that regularizers act on, with the axes (of [M, ...]) into one unit."""
        return {name: tuple(a + 1 for a in p.incoming) for name, p in self.parameters.items() if p.incoming}

    @property
    def size(self) -> int:
        """Number of parameters of one model."""
        return sum(prod(p.shape) for p in self.parameters.values())

    def active_size(self, rates: Mapping[str, float]) -> float:
        """Expected number of parameters between units that a mask keeps.

        Args:
            rates: drop probability by site; a site left out never drops.
        """
        keep = {site: 1 - rate for site, rate in rates.items()}
        return sum(prod(p.shape) * keep.get(p.reads, 1) * keep.get(p.writes, 1) for p in self.parameters.values())


def dense(width_in: int, width_out: int, name: str, reads: str = "", writes: str = "") -> dict[str, Parameter]:
    """The parameters of a fully connected layer."""
    return {
        f"{name}.weight": Parameter((width_in, width_out), width_in, (0,), reads, writes),
        f"{name}.bias": Parameter((width_out,), width_in, (), "", writes),
    }


def affine(params: Params, name: str, x: Tensor) -> Tensor:
    """Fully connected layer: x [M, B, in] to [M, B, out]."""
    return torch.baddbmm(params[f"{name}.bias"].unsqueeze(1), x, params[f"{name}.weight"])
