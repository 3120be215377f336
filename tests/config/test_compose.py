"""Words to configs."""

import pytest

from dropout_lab.config import GROUPS, MODELS
from dropout_lab.config.compose import CONF, check_override, list_choices, parse_override, split_axis, to_config_error
from dropout_lab.errors import ConfigError


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("rte=0.1", "no setting 'rte'; did you mean 'rate'?"),
        ("model.hiden=[8]", "no setting 'model.hiden'; did you mean 'model.hidden'?"),
        ("qqq=1", "no setting 'qqq'; `dropout-lab list settings` shows them"),
        ("+x=1", "no setting 'x'; `dropout-lab list settings` shows them"),
        ("~rate", "~rate: write rate=VALUE"),
        ("rate", "cannot read 'rate': a setting is written NAME=VALUE"),
        ("variant.kind=foo", "no setting 'variant.kind'; did you mean 'variant'?"),
        ("rate=0,0.3,1.5", "rate=1.5: must be a number in [0, 1), or a list of them from input to output"),
        ("train.epochs=1.5", "train.epochs=1.5: must be a whole number in [1, 1000000]"),
        ("model=[mlp,cnn]", "model=[mlp,cnn]: must be one of cnn, custom, gru, lstm, mlp"),
        ("model=null", "model=null: must be one of cnn, custom, gru, lstm, mlp"),
        ("rate=range(0,0.9,0)", "rate=range(0,0.9,0): must have a step that leads from start to stop"),
        ("train.epochs=2.0", "train.epochs=2.0: must be a whole number in [1, 1000000]"),
        ("rate='0.5'", "rate='0.5': must be a number in [0, 1), or a list of them from input to output"),
        ("data.augment=[flip]", "no setting 'data.augment'; did you mean 'regularizer.augment'?"),
        ("regularizer=[l1,[l2]]", "regularizer=[l1,[l2]]: must be one of " + ", ".join(list_choices("regularizer"))),
        ("model=", "model='': must be one of cnn, custom, gru, lstm, mlp"),
        ("rate@x=0.5", "rate@x=0.5: write rate=VALUE"),
        ("seeds=100000000", "seeds=100000000: must be a whole number of seeds from 1 to 100000, or a list of"),
        ('out="a${"', "cannot read 'out=\"a${\"': no viable alternative at input '${'"),
        ("model=glob(x*)", "model=glob(x*): the sweep is empty, because this axis has no value"),
    ],
)
def test_a_wrong_word_is_refused_in_one_line(word, message):
    with pytest.raises(ConfigError) as caught:
        split_axis(check_override(word))
    assert str(caught.value).startswith(message)


def test_axes():
    assert split_axis(parse_override("rate=0,0.5")) == ["rate=0", "rate=0.5"]
    assert split_axis(parse_override("rate=range(0,0.3,0.1)")) == ["rate=0.0", "rate=0.1", "rate=0.2"]
    assert split_axis(parse_override("model=glob(*)")) == [f"model={name}" for name in sorted(MODELS)]
    assert split_axis(parse_override("rate=[0.1,0.2],[0.3,0.4]")) == ["rate=[0.1,0.2]", "rate=[0.3,0.4]"]


def test_a_misspelt_choice_names_the_choices(config):
    with pytest.raises(ConfigError, match="regularizer=foo: must be one of " + ", ".join(list_choices("regularizer"))):
        config("regularizer=[l2,foo]")


def test_regularizers_combine(config):
    assert config("regularizer=[l2,early_stopping]").regularizer.names == ["early_stopping", "l2"]
    assert config("regularizer=none").regularizer.names == []


def test_a_strength_of_zero_is_no_regularizer(config):
    assert config("regularizer=l2", "regularizer.l2=0").regularizer.names == []


def test_plain_values_reach_the_config_through_either_path(config):
    assert config("train=sgd").train.lr == 0.05
    assert config("train=sgd", "train.lr=0.1").train.lr == 0.1
    assert config("model=mlp", "model.hidden=[7]").model.hidden == [7]


def test_a_setting_of_another_model_is_ignored_only_if_some_model_has_it(composer):
    both = composer()
    both.config(["model=mlp", "model.channels=[8]"])
    both.config(["model=cnn", "model.channels=[8]"])
    both.check_all_taken()
    one = composer()
    one.config(["model=mlp", "model.channels=[8]"])
    with pytest.raises(ConfigError, match=r"model.channels: model=mlp has no such setting"):
        one.check_all_taken()


@pytest.mark.parametrize("group", GROUPS)
def test_every_choice_composes_and_says_what_it_is(group, config):
    for name in list_choices(group):
        config(f"{group}={name}")
        assert (CONF / group / f"{name}.yaml").read_text().startswith("# ")


def test_a_name_stays_as_typed(config):
    assert config("out=1.10").out == "1.10"
    assert config("out=1e3").out == "1e3"
    assert config('out="a=b c"').out == "a=b c"


def test_hydra_errors_become_one_line():
    assert "\n" not in str(to_config_error(ValueError("first\n\n  second\n third")))
