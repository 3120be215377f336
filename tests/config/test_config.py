"""Settings: ranges, messages and the table that everything else is read off."""

import dataclasses

import pytest

from dropout_lab.config import CNNConf, Config, MLPConf, RegularizerConf, TrainConf, list_settings
from dropout_lab.errors import ConfigError, format_setting
from dropout_lab.settings.fields import Setting, round_decimal
from dropout_lab.settings.validators import check_rates


@pytest.mark.parametrize(
    "bad", [1, 1.5, 0.99999999999999, -0.1, float("nan"), float("inf"), "abc", None, True, [], [0.5, 1.0], {"a": 1}]
)
def test_rates_outside_the_half_open_interval_are_refused(bad):
    with pytest.raises(ConfigError, match=r"rate=.*must be a number in \[0, 1\)"):
        Config(model=MLPConf(), rate=bad)


@pytest.mark.parametrize("good", [0, 0.0, 0.999, [0.2, 0.5], [0, 0]])
def test_rates_inside_are_kept(good):
    assert check_rates(good) == good


def test_a_list_of_rates_must_fit_the_model():
    with pytest.raises(ConfigError, match="each of the 3 sites of model=cnn"):
        Config(model=CNNConf(), rate=[0.1, 0.2])
    Config(model=CNNConf(), rate=[0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("schema", "values", "message"),
    [
        (TrainConf, {"lr": 0.0}, "train.lr=0.0: must be a number above 0"),
        (TrainConf, {"lr": float("nan")}, "train.lr=nan: must be a number above 0"),
        (TrainConf, {"momentum": 1.0}, "train.momentum=1.0: must be a number in [0, 1)"),
        (TrainConf, {"epochs": 0}, "train.epochs=0: must be a whole number in [1, 1000000]"),
        (TrainConf, {"optimizer": "adamw"}, "train.optimizer=adamw: must be one of adam, sgd, rmsprop, adadelta"),
        (CNNConf, {"head": []}, "model.head=[]: must be a list of whole numbers in [1, 1000000]"),
        (MLPConf, {"hidden": [64, 0]}, "model.hidden=[64,0]: must be a list of whole numbers in [1, 1000000]"),
        (RegularizerConf, {"l2": -1.0}, "regularizer.l2=-1.0: must be a number of at least 0"),
    ],
)
def test_messages_name_setting_value_and_what_is_allowed(schema, values, message):
    with pytest.raises(ConfigError) as caught:
        schema(**values)
    assert str(caught.value) == message


@pytest.mark.parametrize("seeds", [0, -1, [], [1, 1], 2.5, "x", None, True, [-1]])
def test_seeds_that_are_no_seeds(seeds):
    with pytest.raises(ConfigError, match="seeds="):
        Config(model=MLPConf(), seeds=seeds)


def test_seeds_count_from_zero_or_are_a_list():
    assert Config(model=MLPConf(), seeds=3).trial_seeds == [0, 1, 2]
    assert Config(model=MLPConf(), seeds=[7, 2]).trial_seeds == [7, 2]


def test_configs_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainConf().lr = 1.0


def test_the_dust_of_binary_arithmetic_is_no_part_of_a_setting():
    assert round_decimal(0.1 * 7) == 0.7
    assert str(round_decimal(-0.0)) == "0.0"


def test_show_is_what_a_user_would_type():
    assert [format_setting(v) for v in (0.5, [64, 64], "", None, True, 1e-05)] == [
        "0.5",
        "[64,64]",
        "''",
        "null",
        "true",
        "1e-05",
    ]


def test_every_setting_has_help_a_default_in_range_and_one_entry():
    table = list_settings()
    assert len({entry.key for entry in table}) == len(table)
    for entry in table:
        assert isinstance(entry, Setting)
        assert entry.spec.help
        assert entry.checked(entry.default) == entry.default
        assert "\n" not in entry.allowed
