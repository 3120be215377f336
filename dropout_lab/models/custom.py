"""User-defined networks: each nn.Dropout of the network becomes a dropout site; packs have one model."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.parameter import is_lazy

from dropout_lab.dropout.base import MAPS, STEPS, UNITS
from dropout_lab.dropout.hook_interface import Hook, PlainHook
from dropout_lab.dropout.kernels.torch_private import BATCH_NORM_BASE
from dropout_lab.dropout.pack_dropout import Site
from dropout_lab.models.base import Model, Parameter, Params, input_layout
from dropout_lab.models.generators import changed, global_states
from dropout_lab.models.sites import replace_dropouts
from dropout_lab.rng import Streams

LAYOUT_OF_AXES = {2: UNITS, 3: STEPS, 4: MAPS}
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
# Layers whose weight matrices all have shape (units, inputs).
MATRICES = (nn.Linear, nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention)


class NetworkError(ValueError):
    """Failure of a user-defined network; the one-line message has its name, the mode and the batch shape."""


class Custom(Model):
    """The network that a user-defined function returns, with a site per nn.Dropout that its forward pass calls.

    Sites have the names of these modules. Each site has its own depth, in the order in which the modules were
    registered. The site kind follows from the number of axes of the activations: [B, D] units, [B, T, D] steps, [B, C,
    H, W] maps; nn.Dropout1d and the other channel dropouts take [B, C, T]. Rate and kind of dropout are those of the
    trial, not those of the module. A pack has one model, because a module runs with one set of weights at a time.

    The user's object is never changed. Each trial has its own buffers, such as the running statistics of a batch
    normalisation: they are written in training, used in evaluation, and saved and restored with the weights.

    Args:
        shape: shape of one example.
        outputs: number of outputs K.
        make: function of shape and outputs that returns the nn.Module, which maps [B, ...] to [B, K].
        name: name of the network in messages.

    Raises:
        ValueError: the function does not return such a module, the module has no nn.Dropout, or it draws random numbers
            that do not depend on the trial seed.
    """

    alone: ClassVar[bool] = True

    def __init__(self, shape: Sequence[int], outputs: int, make: Callable[..., object], name: str):
        self._shape, self._outputs, self._make, self._name = tuple(shape), outputs, make, name
        self._hook: Hook = PlainHook()
        self._module = self._made(0)
        if not _same(self._module, self._made(0)):
            raise ValueError(f"{name} has different initial values for the same seed; draw them from torch's generator")
        buffers = {name: Parameter(tuple(value.shape), 1) for name, value in self._module.named_buffers()}
        self._buffers = tuple(buffers)
        parameters = _parameters(self._module)
        self._names = (*buffers, *parameters)
        self.fixed = frozenset(n for n, p in self._module.named_parameters() if not p.requires_grad)
        if not parameters.keys() - self.fixed:
            raise ValueError(f"{name} has no parameter to train")
        try:
            modules = replace_dropouts(self._module, self._pass_on)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        places = {"input": Site(input_layout(shape), None)}
        layouts = self._layouts()
        called = [place for place in modules if place in layouts]
        if not called:
            raise ValueError(f"{name} contains no nn.Dropout" + (" that its forward pass calls" if modules else ""))
        super().__init__(parameters, places | {place: Site(layouts[place], i) for i, place in enumerate(called)})
        self.extend({}, buffers)

    def forward(self, params: Params, x: Tensor, hook: Hook) -> Tensor:
        """Return the outputs [1, B, K]; see :meth:`Model.forward`.

        Raises:
            NetworkError: the user's code fails, or does not return one tensor [B, K].
        """
        if len(x) != 1:
            raise ValueError(
                f"a custom network trains in packs of one, but this pack of {self._name} has {len(x)} models"
            )
        values = {name: params[name][0] for name in self._names}
        given = {name: values[name] for name in self._buffers}
        self._hook = hook
        x = hook("input", x)[0].clone()  # the network may write to its input
        batch = f"in {'training' if hook.training else 'evaluation'} on a batch {list(x.shape)}"
        try:
            self._module.train(hook.training)
            out = functional_call(self._module, values, (x,))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a SystemExit of user code must not end the process and its other trials
            raise NetworkError(f"{self._name} fails {batch}: {error_line(error)}") from error
        finally:
            self._hook = PlainHook()
        self._check_output(out, len(x), batch)
        if hook.training:
            with torch.no_grad():  # buffers written in place are updated in ``params`` already; copy the replaced ones
                for name, before in given.items():
                    if values[name] is not before:
                        before.copy_(values[name])
        return out.unsqueeze(0)

    def _check_output(self, out: object, examples: int, batch: str) -> None:
        """Raise NetworkError if the output is not a floating-point tensor [B, K]."""
        needed = [examples, self._outputs]
        if not isinstance(out, Tensor):
            raise NetworkError(
                f"{self._name} returns {type(out).__name__} {batch}; it must return one tensor of shape {needed}"
            )
        if list(out.shape) != needed:
            raise NetworkError(f"{self._name} returns outputs {list(out.shape)} {batch}; it must return {needed}")
        if not out.is_floating_point():
            raise NetworkError(f"{self._name} returns {out.dtype} {batch}; it must return floating-point numbers")

    def _pass_on(self, site: str, x: Tensor, training: bool) -> Tensor:
        """Pass x [B, ...] to the hook of the current pass."""
        if training != self._hook.training:
            mode = "training" if training else "evaluation"
            raise RuntimeError(f"its nn.Dropout {site!r} stays in {mode} mode; it must have the mode of the network")
        return self._hook(site, x.unsqueeze(0))[0]

    @property
    def name(self) -> str:
        """Name of the network in messages."""
        return self._name

    def batch_statistics(self) -> list[str]:
        """Return the names of the layers that use batch statistics in evaluation, too."""
        layers = self._module.named_modules()
        return [name for name, layer in layers if isinstance(layer, BATCH_NORM_BASE) and layer.running_mean is None]

    def generators(self) -> list[torch.Generator]:
        """Return the torch generators that are attributes of the network's modules."""
        held = [value for module in self._module.modules() for value in vars(module).values()]
        return [value for value in held if isinstance(value, torch.Generator)]

    def init(self, streams: Sequence[Streams], device: torch.device) -> Params:
        """Return the initial parameters and buffers of the module, [1, ...] each.

        The user's code draws them from torch's generator, which is seeded from the stream ``init``.
        """
        if len(streams) != 1:
            raise ValueError(
                f"a custom network trains in packs of one, but this pack of {self._name} has {len(streams)} models"
            )
        initial = _stacked(self._made(streams[0].key("init") % 2**63))
        expected = _stacked(self._module)
        if {n: t.shape for n, t in initial.items()} != {n: t.shape for n, t in expected.items()}:
            raise ValueError(
                f"{self._name} has parameters of different shapes for different seeds; the shapes must not depend "
                "on the seed"
            )
        return {name: value.to(device) for name, value in initial.items()}

    def active_size(self, rates: Mapping[str, float]) -> float | None:
        """Return the size if nothing is dropped, else None: the effect of a mask on an unknown network is unknown."""
        return self.size if not any(rates.values()) else None

    def _made(self, seed: int) -> nn.Module:
        """Call the user's function with torch seeded by ``seed`` and return a copy of the module."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            try:
                module = self._make(self._shape, self._outputs)
                if isinstance(module, nn.Module):
                    module = deepcopy(module)
                    if any(is_lazy(value) for value in (*module.parameters(), *module.buffers())):
                        with torch.no_grad():
                            module.eval()(torch.zeros(2, *self._shape, dtype=torch.float32))
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                raise ValueError(f"{self._name}({self._shape}, {self._outputs}) fails: {error_line(error)}") from None
        if not isinstance(module, nn.Module):
            raise ValueError(f"{self._name} returns {type(module).__name__}; it must return an nn.Module")
        return module

    def _layouts(self) -> dict[str, str]:
        """Return the site kind by site, from one training pass and one evaluation pass over zeros."""
        seen: dict[str, set[str]] = {}
        for examples, training in ((3, True), (2, False)):
            for place, shapes in self._rehearse(examples, training).items():
                for shape in shapes:
                    if shape[0] != examples or len(shape) not in LAYOUT_OF_AXES:
                        need = f"[{examples}, D], [{examples}, T, D] or [{examples}, C, H, W]"
                        raise ValueError(
                            f"{self._name} passes a tensor of shape {list(shape)} to its nn.Dropout {place!r}; "
                            f"it must be {need}"
                        )
                    seen.setdefault(place, set()).add(LAYOUT_OF_AXES[len(shape)])
        for place, layouts in seen.items():
            if len(layouts) > 1:
                uses = " and on ".join(sorted(layouts))
                raise ValueError(
                    f"{self._name} uses its nn.Dropout {place!r} on {uses}; use a separate module for each"
                )
        return {place: layouts.pop() for place, layouts in seen.items()}

    def _rehearse(self, examples: int, training: bool) -> dict[str, list[torch.Size]]:
        """Return the shapes [B, ...] of the activations by site in one pass over zeros."""
        watching = _Watching(training)
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            before = global_states()
            self.forward(_stacked(self._module), torch.zeros(1, examples, *self._shape, dtype=torch.float32), watching)
            moved = changed(before)
        if moved:
            source = _culprits(self._module) if moved == ["torch"] else " and ".join(moved)
            raise ValueError(
                f"{self._name} draws random numbers in its forward pass ({source}), which the trial seed does "
                "not control; set dropout= to 0 and use nn.Dropout modules"
            )
        return watching.seen


class _Watching(PlainHook):
    """Hook that records the shapes of the activations by site."""

    def __init__(self, training: bool):
        self.training = training
        self.seen: dict[str, list[torch.Size]] = {}

    def __call__(self, name: str, x: Tensor) -> Tensor:
        if name != "input":
            self.seen.setdefault(name, []).append(x.shape[1:])
        return x


def _parameters(module: nn.Module) -> dict[str, Parameter]:
    """Return the module's parameters.

    Trained weights of known layers have ``incoming`` axes. ``fan_in`` is not used, because the module initialises
    itself.
    """
    incoming: dict[Tensor, tuple[int, ...]] = {}
    for layer in module.modules():
        if isinstance(layer, (*CONVOLUTIONS, *MATRICES)):
            matrices = [p for name, p in layer.named_parameters(recurse=False) if "weight" in name and p.requires_grad]
            incoming |= {p: tuple(range(1, p.dim())) for p in matrices}
    return {name: Parameter(tuple(p.shape), 1, incoming.get(p, ())) for name, p in module.named_parameters()}


def _stacked(module: nn.Module) -> Params:
    """Return copies of the module's parameters and buffers, [1, ...] each.

    The copies are contiguous, because fused optimizers process elements in memory order.
    """
    values = [*module.named_parameters(), *module.named_buffers()]
    return {n: value.detach().clone(memory_format=torch.contiguous_format).unsqueeze(0) for n, value in values}


def _same(one: nn.Module, other: nn.Module) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def _culprits(module: nn.Module) -> str:
    """Name the likely sources of random numbers other than nn.Dropout, such as ``dropout=`` of an nn.LSTM."""
    layers = [n for n, m in module.named_modules() if isinstance(m, nn.MultiheadAttention | nn.RNNBase) and m.dropout]
    return "dropout= of " + ", ".join(layers) if layers else "functional dropout, or noise"


def error_line(error: BaseException) -> str:
    """Return the type of an error and the first line of its message."""
    try:
        text = str(error)
    except Exception:  # the error is a class of the user's
        text = ""
    return f"{type(error).__name__}: {text}".splitlines()[0].removesuffix(": ")
