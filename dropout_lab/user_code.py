"""Code of the user's own, named MODULE:NAME: found, known by the sha256 of its source file, and run as it was hashed.

Python would take a module from memory or from its cache of compiled files, which may be older than the file. A trial is
named by what the file holds, so exactly that is what is run.
"""

import hashlib
import importlib
import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from dropout_lab.errors import ConfigError

KEY = "model.target"
SIGNIFICANT = 16  # hex digits of a digest that are kept
_modules: dict[tuple[str, str], ModuleType] = {}  # by name and digest


def code_digest(target: str) -> str:
    """The first digits of the sha256 of the source file that a target is in. Of its code only the
    packages around it are run.

    Raises:
        ConfigError: there is no such file.
    """
    return _digest(_source(target)[1])


def load_target(target: str, digest: str = "") -> Any:
    """What a target names.

    Args:
        target: ``module:name``; the current folder is looked through first.
        digest: what the sha256 of its source file begins with; if empty, it may be any. A file that was loaded stays
            loaded: who edits it while trials wait does not change them.

    Raises:
        ConfigError: it is not there, cannot be imported or is of another digest.
    """
    module, _, name = target.partition(":")
    if (module, digest[:SIGNIFICANT]) not in _modules:
        spec, source = _source(target)
        found = _digest(source)
        if digest and found[: len(digest)] != digest[:SIGNIFICANT]:
            raise ConfigError.of(KEY, target, f"holds other code (sha256 {found}...) than model.digest={digest}")
        if (module, found) not in _modules:
            _modules[module, found] = _run(spec, source, target)
        digest = found
    value: Any = _modules[module, digest[:SIGNIFICANT]]
    for part in name.split("."):
        if not hasattr(value, part):
            raise ConfigError.of(KEY, target, f"{module} has no {name}")
        value = getattr(value, part)
    return value


def _digest(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()[:SIGNIFICANT]


def _source(target: str) -> tuple[ModuleSpec, bytes]:
    """Where a target's module is, and what its file holds."""
    if not target:
        raise ConfigError("model=custom: needs model.target=MODULE:FUNCTION")
    name = target.partition(":")[0]
    here = str(Path.cwd())
    if here not in sys.path:  # as `python -m` does it, and the installed command does not
        sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        package = name.rpartition(".")[0]
        path = getattr(importlib.import_module(package), "__path__", []) if package else None
        # importlib.util.find_spec would answer for the module in memory, which may lie elsewhere by now.
        spec = next(filter(None, (finder.find_spec(name, path) for finder in sys.meta_path)), None)
    except ModuleNotFoundError as error:
        raise ConfigError.of(KEY, target, f"there is no module {error.name} here or among the installed") from None
    except (Exception, SystemExit) as error:
        raise _broken(target, error) from None
    if spec is None:
        raise ConfigError.of(KEY, target, f"there is no module {name} here or among the installed")
    if not spec.origin or not spec.origin.endswith(".py"):
        raise ConfigError.of(KEY, target, f"{name} has no source file, by which its trials could be known")
    return spec, Path(spec.origin).read_bytes()


def _run(spec: ModuleSpec, source: bytes, target: str) -> ModuleType:
    """The module that this source is."""
    module = module_from_spec(spec)
    before = sys.modules.get(spec.name)
    sys.modules[spec.name] = module  # where dataclasses and pickles look for it
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
