"""Ranges that do not end and grids that are too large are refused; large grids are planned in few operations."""

import cProfile
import pstats

import pytest

from dropout_lab.config.compose import check_override, parse_override
from dropout_lab.config.overrides import NUMBER
from dropout_lab.errors import ConfigError
from dropout_lab.sweeps.grid import expand_grid
from dropout_lab.trial import canonical

REFUSED = {
    "rate=range(0,nan)": "with finite numbers",
    "save_weights=range(-inf,inf)": "with finite numbers",
    "rate=range(0,1,inf)": "with finite numbers",
    "train.lr=range(0,1e999)": "with finite numbers",
    "data.root=range(0,1,0)": "must have a step that leads from start to stop",
    "rate=range(0.5,0.1,0.1)": "must have a step that leads from start to stop",
    "schedule.gamma=0,range(0,1,0.3)": "a list of values cannot contain range()",
    "rate=0,sort(0.1,0.2)": "a list of values cannot contain range()",
    "rate=[range(0,1)]": "a list of values cannot contain range()",
    "rate={a:range(0,1)}": "a list of values cannot contain range()",
    "hydra.verbose=range(0,inf)": "with finite numbers",
    "hydra.job.num=" + "9" * 5000: "a number is too long",
    "train.epochs=" + "9" * 400: "must be a whole number",
    "rate=" + "9" * 400: "must be a number in [0, 1)",
    "infer.tau=" + "9" * 400: "must be auto or a number above 0",
}


@pytest.mark.parametrize("word", REFUSED)
def test_ranges_and_numbers_without_end_are_refused_in_one_line(folder, typed, word):
    status, out, err = typed("sweep", word, "--dry-run")
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert REFUSED[word] in err


@pytest.mark.parametrize("command", ["sweep", "search"])
def test_too_many_arms_are_refused_with_their_number(folder, typed, command):
    axes = ("rate=range(0,0.9,0.0001)", "train.epochs=range(1,10001)")
    status, _, err = typed(command, *axes, "--dry-run")
    assert status == 2
    assert "90,000,000 arms are more than max_arms=1000000 allows; reduce the grid or set max_arms=90000000" in err


def test_a_setting_allows_more_or_fewer_arms(folder):
    assert len(expand_grid(["rate=0,0.1,0.2", "max_arms=3"])) == 3
    with pytest.raises(ConfigError, match=r"^3 arms are more than max_arms=2 allows"):
        expand_grid(["rate=0,0.1,0.2", "max_arms=2"])
    with pytest.raises(ConfigError, match=r"arms are more than max_arms=2 allows"):
        expand_grid(["variant=glob(*)", "max_arms=2"])


def test_a_long_range_that_leaves_the_allowed_numbers_is_refused_at_once(folder):
    with pytest.raises(ConfigError, match=r"must be a number in \[0, 1\)"):
        check_override("rate=range(0,1.5,0.00000001)")
    with pytest.raises(ConfigError, match="must be a whole number"):
        check_override("train.epochs=range(1,100,0.0001)")


@pytest.mark.parametrize(
    "word", ["rate=0.1", "rate=0", "train.lr=1.5e-05", "rate=00.5", "rate=1e5", "a.b=0.30000000000000004"]
)
def test_plain_numbers_are_parsed_as_by_hydra(word):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    ours, theirs = parse_override.__wrapped__(word), OverridesParser.create().parse_override(word)
    assert ours == theirs
    assert type(ours.value()) is type(theirs.value())
    assert bool(NUMBER.fullmatch(word)) == (word not in ("rate=00.5", "rate=1e5"))


def test_changed_settings_equal_replaced_ones(config):
    from dataclasses import replace

    before = config("model=cnn", "regularizer=[l2,augment]")
    assert before.changed({"rate": 0.25, "seeds": [3]}) == replace(before, rate=0.25, seeds=[3])
    with pytest.raises(ConfigError, match=r"rate=1\.5"):
        before.changed({"rate": 1.5})
    with pytest.raises(ConfigError, match="one entry for each"):
        before.changed({"rate": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]})
    with pytest.raises(TypeError, match="no field 'nothing'"):
        before.changed({"nothing": 1})


def test_planning_an_arm_takes_few_operations(arms_of):
    words = ("train.lr=0.1", "seeds=1")
    arms_of("rate=range(0,0.9,0.3)", *words)  # fills the caches
    profile = cProfile.Profile()
    with profile:
        arms = arms_of("rate=range(0,0.8999,0.003)", *words)
        assert len({trial.id + trial.point.pack_key for arm in arms for trial in arm.trials}) == 300
    calls = pstats.Stats(profile).total_calls
    assert calls / 300 < 1500  # 8,000 when each change of a config validated all of its settings


def test_the_same_identity_whichever_way_a_config_was_made(config):
    direct = canonical(config("rate=0.25", "train.lr=0.01"))
    changed = canonical(config().changed({"rate": 0.25, "train": config().train.changed({"lr": 0.01})}))
    assert direct.identity == changed.identity
    assert (direct.pack_key, direct.noise_key) == (changed.pack_key, changed.noise_key)
