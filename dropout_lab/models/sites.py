"""Replacement of the nn.Dropout modules of a user-defined network by dropout sites."""

import inspect
from collections.abc import Callable, Mapping

from torch import Tensor, nn

from dropout_lab.dropout.kernels.torch_private import CALL_METHODS, DROPOUT_BASE, DROPOUTS, has_hooks

# These take [B, C, T] and drop channels, which are features D in the engine's order [B, T, D].
CHANNELS_FIRST = (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.FeatureAlphaDropout)
# Attributes that determine the result of calling an nn.Dropout. Subclasses may override others, such as __init__.
DECISIVE = (
    *("forward", "__call__", *CALL_METHODS, "train", "eval"),
    *("p", "inplace", "training", "__getattr__", "__getattribute__", "__setattr__"),
)
PLAIN = ("p", "inplace", "training")  # set on the instance by torch itself


class DropoutCall(nn.Module):
    """Replacement of an nn.Dropout, which passes its input to the dropout variant of a trial.

    Args:
        name: name of the site.
        module: the nn.Dropout it replaces.
        call: the variant, called with the name of the site, x [B, ...] and whether this module is in training mode.
    """

    def __init__(self, name: str, module: nn.Module, call: Callable[[str, Tensor, bool], Tensor]):
        super().__init__()
        self.p, self.inplace = module.p, False
        self._name, self._channels_first, self._call = name, isinstance(module, CHANNELS_FIRST), call
        # A forward hook keeps nn.TransformerEncoderLayer from its fast path, which skips the modules inside it.
        self.register_forward_hook(lambda *_: None)

    def forward(self, x: Tensor) -> Tensor:
        """Pass x [B, ...] to the variant."""
        if self._channels_first and x.dim() == 3:
            return self._call(self._name, x.transpose(1, 2), self.training).transpose(1, 2)
        return self._call(self._name, x, self.training)


def replace_dropouts(network: nn.Module, call: Callable[[str, Tensor, bool], Tensor]) -> list[str]:
    """Replace each nn.Dropout of a network by a :class:`DropoutCall`.

    Returns:
        The names of the sites, in the order in which the modules were registered.

    Raises:
        ValueError: a subclass or instance changes the behaviour of nn.Dropout, which the replacement would lose.
    """
    dropouts = {name: module for name, module in network.named_modules() if isinstance(module, DROPOUT_BASE)}
    for name, module in dropouts.items():
        reason = _custom(module)
        if reason:
            raise ValueError(
                f"its module {name!r} is a {type(module).__name__}, an nn.Dropout that {reason}; the trial's "
                "variant would replace that; use a plain nn.Dropout, or a class that is not derived from "
                "nn.Dropout"
            )
    sites: Mapping[nn.Module, nn.Module] = {
        module: DropoutCall(site_name(name), module, call) for name, module in dropouts.items()
    }
    for path, module in list(network.named_modules(remove_duplicate=False)):  # a module may have several parents
        if path and module in sites:
            parent, _, key = path.rpartition(".")
            network.get_submodule(parent).register_module(key, sites[module])
    return [site_name(name) for name in dropouts]


def site_name(module: str) -> str:
    """Return the site name of an nn.Dropout module; ``input`` is reserved for the input of the network."""
    return module if module != "input" else "input module"


def _custom(module: nn.Module) -> str | None:
    """Return the difference of a module from torch's nn.Dropout; None if there is none."""
    known = next((base for base in type(module).__mro__ if base in DROPOUTS), None)
    if known is None:
        return "overrides forward"
    for name in DECISIVE:
        if inspect.getattr_static(type(module), name, None) is not inspect.getattr_static(known, name, None):
            return f"overrides {name}"
        if name in vars(module) and name not in PLAIN:
            return f"has a {name} that was set on the instance"
    if has_hooks(module):
        return "has hooks"
    if any(True for part in (module.parameters(), module.buffers(), module.children()) for _ in part):
        return "has parameters, buffers or modules"
    return None
