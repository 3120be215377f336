"""Declarations of the components: their class attributes and options, read without importing torch.

A component declares its options and facts in the file of its class, which imports torch. The command line needs the
declarations for every word that it parses, and must not wait for torch. This module therefore evaluates the
declarations in the source text, as setuptools reads ``version = {attr = ...}``: constants, option classes, and the
attributes of other classes. It leaves out functions, methods, and all imports except those in :data:`IMPORTED` and from
the same package.
"""

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from dropout_lab.settings import Options

PACKAGE = Path(__file__).resolve().parents[1]
IMPORTED = ("collections.abc", "dataclasses", "typing", "dropout_lab.settings")
REQUIRED = ("kind", "kinds", "options")  # attributes of a component that must not be left out


@cache
def read_components(package: str, base: str) -> dict[str, Any]:
    """Return the components of a package of dropout_lab by kind: classes with their attributes, without their methods.

    Args:
        package: name of the package, such as ``dropout``.
        base: name of the base class of the components.
    """
    components: dict[str, Any] = {}
    for path in sorted((PACKAGE / package).glob("*.py")):
        for value in _evaluate(path).values():
            if isinstance(value, type) and base in [parent.__name__ for parent in value.__mro__]:
                declared = vars(value)
                kinds = declared.get("kinds", (declared["kind"],) if "kind" in declared else ())
                components |= dict.fromkeys(kinds, value)
    return components


def read_options(package: str, base: str) -> dict[str, type[Options]]:
    """Return the option class of each component of a package by kind; see :func:`read_components`."""
    return {kind: options_of(component) for kind, component in read_components(package, base).items()}


def read_constants(package: str, module: str) -> dict[str, Any]:
    """Return the constants of a module of dropout_lab by name."""
    return _evaluate(PACKAGE / package / f"{module}.py")


def options_of(component: Any) -> type[Options]:
    """Return the option class of a component, which is the component itself if it is a dataclass of its options."""
    own: type[Options] = component if issubclass(component, Options) else component.options
    return own


@cache
def _evaluate(path: Path) -> dict[str, Any]:
    """Return the constants, option classes and reduced classes of a file by name."""
    names: dict[str, Any] = {"__name__": f"dropout_lab.{path.parent.name}.{path.stem}"}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            names |= _import(node, path)
        elif isinstance(node, ast.ClassDef):
            bases = [names[base.id] for base in node.bases if isinstance(base, ast.Name) and base.id in names]
            if any(isinstance(base, type) and issubclass(base, Options) for base in bases):
                exec(compile(ast.Module([_plain(node)], []), str(path), "exec"), names)
            else:
                names[node.name] = _reduce(node, [base for base in bases if hasattr(base, "_reduced")], names)
        else:
            names |= _assign(node, names, {})
    return names


def _plain(node: ast.ClassDef) -> ast.ClassDef:
    """Return a class statement without the annotations of its methods, whose types may be left out."""
    for method in ast.walk(node):
        if isinstance(method, ast.FunctionDef):
            method.returns = None
            for argument in (*method.args.args, *method.args.kwonlyargs):
                argument.annotation = None
    return node


def _import(node: ast.ImportFrom, path: Path) -> dict[str, Any]:
    """Return the names that an import statement gives; none if the module is left out."""
    package, _, module = (node.module or "").rpartition(".")
    if (node.module or "").startswith(IMPORTED):
        source = vars(import_module(node.module or ""))
    elif package == f"dropout_lab.{path.parent.name}":
        source = _evaluate(path.with_name(f"{module}.py"))
    else:
        return {}
    return {alias.asname or alias.name: source[alias.name] for alias in node.names if alias.name in source}


def _reduce(node: ast.ClassDef, bases: list[type], names: dict[str, Any]) -> type:
    """Return a class with the attributes of a class statement, and without its methods."""
    attributes: dict[str, Any] = {"_reduced": True, "__module__": names["__name__"]}
    for statement in node.body:
        attributes |= _assign(statement, names, attributes)
    return type(node.name, tuple(bases), attributes)


def _assign(node: ast.stmt, names: dict[str, Any], local: dict[str, Any]) -> dict[str, Any]:
    """Return the names that an assignment gives; none if its value depends on something that is left out."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets = [node.target]
    else:
        return {}
    assigned = [target.id for target in targets if isinstance(target, ast.Name)]
    assert node.value is not None
    try:
        value = eval(compile(ast.Expression(node.value), names["__name__"], "eval"), names, local)
    except (NameError, AttributeError, TypeError):
        if set(assigned) & set(REQUIRED):
            raise
        return {}
    return dict.fromkeys(assigned, value)
