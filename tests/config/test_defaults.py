"""Each default has one value: parameters that a setting fills, and the files in conf/, agree with the schemas."""

import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import MISSING
from importlib import import_module

import pytest
import yaml

import dropout_lab
from dropout_lab.config import GROUPS, MODELS, list_settings
from dropout_lab.config.compose import CONF, list_choices
from dropout_lab.dropout import VARIANTS
from dropout_lab.dropout.schedules import SCHEDULES, make_schedule
from dropout_lab.settings import Options, list_fields, option_values

PARTS = ("data", "dropout", "evaluation", "models", "regularizers", "rng", "train")
# What these take has the name of a setting, but is a fact about data that were read.
FACTS = {"Dataset", "NetworkInfo", "Measures"}
# Functions that no setting fills, and parameters that only share their name with a setting: the kind of site that a
# variant acts at is no layout of arrays, and the padding of a convolution not that of texts.
HELPERS = ("data.array_names.", "data.numerals.", "data.sizes.", "data.text_sets.read_text_file.")
NAMESAKES = {
    ("dropout", "layout"),
    ("dropout", "padding"),
    ("dropout", "out"),
    ("train", "monitor"),
    ("dropout", "device"),
}
TABLE = {entry.key: entry for entry in list_settings()}


def functions() -> Iterator[tuple[str, inspect.Signature]]:
    """All functions and methods of the parts that settings reach."""
    for found in pkgutil.walk_packages(dropout_lab.__path__, "dropout_lab."):
        if found.name.split(".")[1] not in PARTS:
            continue
        module = import_module(found.name)
        for name, value in vars(module).items():
            if getattr(value, "__module__", None) != found.name or name in FACTS:
                continue
            if inspect.isclass(value) and issubclass(value, Options):  # the settings themselves
                continue
            members = vars(value).items() if inspect.isclass(value) else [("", value)]
            for member, function in members:
                if inspect.isfunction(function):
                    yield f"{found.name}.{name}.{member}", inspect.signature(function)


def defaults(signature: inspect.Signature) -> dict[str, object]:
    return {p.name: p.default for p in signature.parameters.values() if p.default not in (p.empty, MISSING)}


def test_parameters_with_the_name_of_a_setting_have_its_default():
    named: dict[str, list[object]] = {}
    for entry in list_settings():
        named.setdefault(entry.name, []).append(entry.default)
    compared = {
        (place, name): value
        for place, signature in functions()
        for name, value in defaults(signature).items()
        if name in named and (place.split(".")[1], name) not in NAMESAKES
        if not place.removeprefix("dropout_lab.").startswith(HELPERS)
    }
    assert len(compared) > 30
    # A tuple is how a function writes a list that it does not change.
    values = {where: list(value) if isinstance(value, tuple) else value for where, value in compared.items()}
    wrong = {where: value for where, value in values.items() if value not in named[where[1]]}
    assert not wrong


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_variants_have_the_defaults_of_their_settings(name, config):
    given = defaults(inspect.signature(VARIANTS[name]))
    chosen = config(f"variant={name}").variant
    assert given["rate"] == TABLE["rate"].default
    declared = option_values(VARIANTS[name].options, VARIANTS[name].options())
    assert {option: given[option] for option in declared} == declared
    assert option_values(VARIANTS[name].options, chosen) == declared
    assert set(given) - {"rate", "layer", "module", "generator"} == declared.keys()
    assert option_values(VARIANTS[name].options, VARIANTS[name]()) == declared


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_schedules_have_the_defaults_of_their_settings(name, config):
    chosen = config(f"schedule={name}").schedule
    assert make_schedule(name, chosen) == SCHEDULES[name]()


def test_settings_of_the_same_name_of_models_may_differ_but_come_from_the_schema_alone(config):
    for name, schema in MODELS.items():
        composed = config(f"model={name}").model
        assert {e.name: getattr(composed, e.name) for e in list_fields(schema) if e.name != "kind"} == {
            e.name: e.default for e in list_fields(schema) if e.name != "kind"
        }


@pytest.mark.parametrize("group", GROUPS)
def test_files_do_not_repeat_a_default(group):
    for choice in list_choices(group):
        given = yaml.safe_load((CONF / group / f"{choice}.yaml").read_text()) or {}
        names = given.keys() - {"defaults", "chosen", "tune", "kind", "optimizer"}
        repeated = {name: given[name] for name in names if given[name] == TABLE[f"{group}.{name}"].default}
        assert not repeated, f"{group}/{choice}"
