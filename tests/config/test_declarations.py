"""Declarations that are read from the source text against the imported classes."""

import subprocess
import sys
from dataclasses import fields

import pytest

from dropout_lab.config.declarations import options_of, read_components
from dropout_lab.config.derived import with_options
from dropout_lab.dropout import VARIANTS
from dropout_lab.dropout.schedules import SCHEDULES
from dropout_lab.regularizers import REGULARIZERS
from dropout_lab.settings import Options, Validated, setting

REGISTRIES = {
    ("dropout", "Dropout"): VARIANTS,
    ("dropout", "Schedule"): SCHEDULES,
    ("regularizers", "Regularizer"): REGULARIZERS,
}


def declared(component):
    return [(f.name, f.type, f.default, f.metadata) for f in fields(options_of(component))]


@pytest.mark.parametrize(("package", "base"), REGISTRIES)
def test_what_is_read_equals_what_is_imported(package, base):
    imported, read = REGISTRIES[package, base], read_components(package, base)
    assert read.keys() == imported.keys()
    for kind, component in read.items():
        assert declared(component) == declared(imported[kind])
        for name, value in vars(component).items():
            if not name.startswith("_") and name != "options" and not hasattr(value, "__get__"):
                assert getattr(imported[kind], name) == value, f"{kind}.{name}"


def test_the_declarations_do_not_import_torch():
    code = "import sys, dropout_lab.config; print('torch' in sys.modules, 'dropout_lab.dropout' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "False"]


def options(default, **spec):
    return type("Made", (Options,), {"__annotations__": {"size": int}, "size": setting(default, help="s", **spec)})


def derive(*declared):
    from dataclasses import dataclass

    class Base(Validated):
        kind: str = setting("a", help="k")

    made = {name: dataclass(frozen=True)(each) for name, each in zip("ab", declared, strict=True)}
    return with_options("variant.kind", made)(Base)


def test_an_option_of_two_components_is_one_setting():
    (made,) = (f for f in fields(derive(options(3), options(3))) if f.name == "size")
    assert made.metadata["spec"].when == ("variant.kind", "a", "b")


@pytest.mark.parametrize("other", [options(4), options(3, low=1)])
def test_two_declarations_of_one_option_that_differ_are_refused(other):
    with pytest.raises(TypeError, match=r"variant.kind: b and a declare different options 'size'"):
        derive(options(3), other)
