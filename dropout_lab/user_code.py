"""User code given as MODULE:NAME, identified by the sha256 of its source file.

Python may return a module from memory or from its cache of compiled files, which can be older than the source file.
The digest of the file is part of the trial id, so exactly the hashed source is executed.
"""

import hashlib
import importlib
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from dropout_lab.errors import ConfigError

KEY = "model.target"
SIGNIFICANT = 16  # number of hex digits of a digest
_modules: dict[tuple[str, str], ModuleType] = {}  # by name and digest


def code_digest(target: str) -> str:
    """Return the first digits of the sha256 of the source file of a target.

    Only the parent packages of the module are imported.

    Raises:
        ConfigError: there is no such file.
    """
    return _digest(_source(target)[1])


def load_target(target: str, digest: str = "") -> Any:
    """Return the object that a target names.

    Args:
        target: ``module:name``; modules in the current folder take precedence.
        digest: expected start of the sha256 of the source file; if empty, any file is accepted. A loaded file stays
            loaded, so edits do not affect trials that are waiting.

    Raises:
        ConfigError: the target does not exist, cannot be imported or has another digest.
    """
    module, _, name = target.partition(":")
    if (module, digest[:SIGNIFICANT]) not in _modules:
        spec, source = _source(target)
        function = _digest(source)
        if digest and function[: len(digest)] != digest[:SIGNIFICANT]:
            raise ConfigError.of(
                KEY, target, f"the code has changed (sha256 {function}..., expected model.digest={digest})"
            )
        if (module, function) not in _modules:
            _modules[module, function] = _run(spec, source, target)
        digest = function
    value: Any = _modules[module, digest[:SIGNIFICANT]]
    for part in name.split("."):
        if not hasattr(value, part):
            raise ConfigError.of(KEY, target, f"{module} has no {name}")
        value = getattr(value, part)
    return value


def _digest(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()[:SIGNIFICANT]


def _source(target: str) -> tuple[ModuleSpec, bytes]:
    """Return the module spec of a target and the content of its source file."""
    if not target:
        raise ConfigError("model=custom: requires model.target=MODULE:FUNCTION")
    name = target.partition(":")[0]
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # at the end, so that a torch.py there does not hide the installed module
    importlib.invalidate_caches()
    _refuse_installed(target, name.partition(".")[0], here)
    try:
        package = name.rpartition(".")[0]
        path = getattr(importlib.import_module(package), "__path__", []) if package else None
        # importlib.util.find_spec would return the spec of the module in memory, whose file may have moved.
        spec = None if package else PathFinder.find_spec(name, [here])
        spec = spec or next(filter(None, (finder.find_spec(name, path) for finder in sys.meta_path)), None)
    except ModuleNotFoundError as error:
        raise ConfigError.of(
            KEY, target, f"no module {error.name} in the current folder or among the installed packages"
        ) from None
    except (Exception, SystemExit) as error:
        raise _broken(target, error) from None
    if spec is None:
        raise ConfigError.of(KEY, target, f"no module {name} in the current folder or among the installed packages")
    if not spec.origin or not spec.origin.endswith(".py"):
        raise ConfigError.of(KEY, target, f"{name} has no source file, which is required to identify its trials")
    return spec, Path(spec.origin).read_bytes()


def _refuse_installed(target: str, name: str, here: str) -> None:
    """Raise ConfigError for a module of the current folder that has the name of an installed one."""
    installed = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    taken = name in sys.stdlib_module_names or PathFinder.find_spec(name, installed)
    if taken and PathFinder.find_spec(name, [here]):
        raise ConfigError.of(
            KEY, target, f"{name} is also the name of an installed module; rename the module in the current folder"
        )


def _run(spec: ModuleSpec, source: bytes, target: str) -> ModuleType:
    """Execute the source as a module and return the module."""
    module = module_from_spec(spec)
    before = sys.modules.get(spec.name)
    sys.modules[spec.name] = module  # dataclasses and pickle look modules up here
    try:
        exec(compile(source, str(spec.origin), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        if before is None:
            del sys.modules[spec.name]
        else:
            sys.modules[spec.name] = before
        raise _broken(target, error) from None
    return module


def _broken(target: str, error: BaseException) -> ConfigError:
    return ConfigError.of(KEY, target, f"cannot be imported ({type(error).__name__}: {error})")
