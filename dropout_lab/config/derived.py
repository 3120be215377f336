"""Schemas of the groups, derived from the options of the components."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, TypeVar, dataclass_transform

from dropout_lab.settings import Options

Schema = TypeVar("Schema")


@dataclass_transform(frozen_default=True)
def with_options(
    key: str, options: Mapping[str, type[Options]], columns: Sequence[str] = ()
) -> Callable[[type[Schema]], type[Schema]]:
    """Return a class decorator that makes a frozen dataclass with the fields of the class and those of all components.

    Args:
        key: key of the setting that names the component. An option has an effect only if it names a component with this
            option.
        options: option class of each component by kind. Components may share an option of the same type, default and
            record.
        columns: names of fields in the order of the columns in files of earlier versions; other fields follow.

    Raises:
        TypeError: components declare different options of one name.
    """

    def decorate(schema: type[Schema]) -> type[Schema]:
        types = dict(schema.__annotations__)
        for name, (kind, made) in _merge(key, options).items():
            if name in types:
                raise TypeError(f"{key}: option {name!r} of a component has the same name as a setting of its group")
            types[name] = kind
            setattr(schema, name, made)
        rank = {name: place for place, name in enumerate(columns)}
        schema.__annotations__ = {name: types[name] for name in sorted(types, key=lambda n: rank.get(n, len(rank)))}
        return dataclass(frozen=True)(schema)

    return decorate


def _merge(key: str, options: Mapping[str, type[Options]]) -> dict[str, tuple[Any, Any]]:
    """Return type and dataclass field of each option by name; the field says which components have it."""
    first: dict[str, Field[Any]] = {}
    kinds: dict[str, list[str]] = {}
    for kind, schema in options.items():
        for each in fields(schema):
            known = first.setdefault(each.name, each)
            if (each.type, each.default, each.metadata) != (known.type, known.default, known.metadata):
                raise TypeError(f"{key}: {kind} and {kinds[each.name][0]} declare different options {each.name!r}")
            kinds.setdefault(each.name, []).append(kind)
    return {name: (each.type, _copy(each, (key, *kinds[name]))) for name, each in first.items()}


def _copy(option: Field[Any], when: tuple[str, ...]) -> Any:
    spec = option.metadata["spec"]
    metadata = {"spec": spec if spec.when else replace(spec, when=when)}
    if option.default_factory is not dataclasses.MISSING:
        return field(default_factory=option.default_factory, metadata=metadata)
    return field(default=option.default, metadata=metadata)
