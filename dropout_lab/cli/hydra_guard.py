"""Restriction of the classes that Hydra may instantiate, and its errors in one line."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any
from unittest.mock import patch

from dropout_lab.errors import ConfigError

# Code that the settings of a launcher or sweeper may name besides the plugin itself.
ALLOWED = ("optuna.samplers.", "hydra_plugins.")


@contextmanager
def guarded_plugins() -> Iterator[None]:
    """Refuse launchers and sweepers whose settings name other code, which Hydra would run.

    A folder of configuration files can hold ``hydra/launcher/packed.yaml``, which then replaces this program's file.

    Raises:
        ConfigError: there is such a setting.
    """
    from hydra.core.plugins import Plugins

    def guarded(kind: str, instantiate: Callable[..., Any]) -> Callable[..., Any]:
        def checked(self: Any, *arguments: Any, **named: Any) -> Any:
            config = named["config"] if "config" in named else arguments[-1]
            for name in _targets(config.hydra[kind]):
                if not name.startswith(ALLOWED):
                    raise ConfigError(f"hydra.{kind}: must not name other code than its plugin, as _target_: {name}")
            return instantiate(self, *arguments, **named)

        return checked

    with ExitStack() as stack:
        for kind in ("sweeper", "launcher"):
            name = f"instantiate_{kind}"
            stack.enter_context(patch.object(Plugins, name, guarded(kind, getattr(Plugins, name))))
        yield


def _targets(node: Any, depth: int = 0) -> Iterator[str]:
    """Yield the values of ``_target_`` below the top level."""
    from omegaconf import DictConfig, ListConfig, OmegaConf

    if isinstance(node, DictConfig | ListConfig):
        node = OmegaConf.to_container(node, resolve=False)
    if isinstance(node, dict):
        if depth and "_target_" in node:
            yield str(node["_target_"])
        for value in node.values():
            yield from _targets(value, depth + 1)
    elif isinstance(node, list):
        for value in node:
            yield from _targets(value, depth + 1)


def is_raised_by_hydra(error: BaseException) -> bool:
    """Return whether an error comes from Hydra's handling of the command, and not from this program below it."""
    modules = [name for name in _modules(error.__traceback__) if name.startswith(("dropout_lab.", "hydra."))]
    return bool(modules) and modules[-1].startswith("hydra.")


def _modules(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        yield str(traceback.tb_frame.f_globals.get("__name__", ""))
        traceback = traceback.tb_next
