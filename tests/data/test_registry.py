"""What can be loaded, and what the settings know of it."""

import inspect
from dataclasses import fields, replace

import numpy as np
import pytest

from dropout_lab.config import Config, MLPConf, has_effect
from dropout_lab.config import data as dataconf
from dropout_lab.data import DATASETS, SOURCES, list_options, load
from dropout_lab.data.vision import VISION, VisionSource
from dropout_lab.settings.fields import list_fields


@pytest.mark.parametrize("kind", DATASETS)
def test_settings_and_readers_agree_on_what_a_set_takes(kind):
    config = Config(model=MLPConf(), data=replace(dataconf.DataConf(), kind=kind))
    asked = {e.name for e in list_fields(dataconf.DataConf) if e.spec.source and has_effect(e, config)} - {"root"}
    of_reader = asked - {"reconstruct"}  # which is done to what any of them has read
    assert of_reader == list_options(kind) - {"root", "seed"}
    assert set(config.source) == asked | {"root", "seed"}
    defaults = {n: p.default for n, p in inspect.signature(DATASETS[kind]).parameters.items()}
    empty = {name for name in of_reader if defaults[name] == ()}  # lists are given as tuples
    assert {n: getattr(config.data, n) or () if n in empty else getattr(config.data, n) for n in of_reader} == {
        n: defaults[n] for n in of_reader
    }


def test_every_set_is_declared():
    assert dataconf.SOURCES.keys() == SOURCES.keys() == DATASETS.keys()
    assert set(VisionSource.kinds) == set(VISION)


def test_declarations_read_from_the_text_equal_the_imported_classes():
    for kind, source in SOURCES.items():
        read = dataconf.SOURCES[kind]
        for fact in ("official_test", "of_user", "is_text", "is_stream"):
            assert getattr(read, fact) == getattr(source, fact)
        assert [(f.name, f.type, f.metadata) for f in fields(read.options)] == [
            (f.name, f.type, f.metadata) for f in fields(source.options)
        ]


def test_options_that_a_set_does_not_take_make_no_second_copy():
    assert load("digits") is load("digits", root="elsewhere", seed=3)


@pytest.mark.parametrize(
    ("kind", "shape", "counts"),
    [
        ("iris", (150, 4), [50, 50, 50]),
        ("wine", (178, 13), [59, 71, 48]),
        ("breast_cancer", (569, 30), [212, 357]),
    ],
)
def test_shipped_tables(kind, shape, counts):
    dataset = load(kind)
    assert dataset.x.shape == shape
    assert np.bincount(dataset.y).tolist() == counts
    assert len(dataset.classes) == len(counts)
