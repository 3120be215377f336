"""The data of an arm are loaded, and its model is built, once for all checks before the training."""

import sys
from collections import Counter

import pytest

from dropout_lab.cli.dry_run import preview_command
from dropout_lab.errors import ConfigError
from dropout_lab.sweeps import network_check, pool, trial_inputs
from dropout_lab.sweeps.run import run_arms

WORDS = ["train.epochs=1", "seeds=2", "max_pack_size=1", "workers=1", "out=out"]


class TrainingStarted(Exception):
    """Raised in place of the training of the first pack."""


@pytest.fixture
def counts(monkeypatch):
    """Count loads of data and builds of models until the training of the first pack starts."""
    counted = Counter()

    def counting(name, function):
        def count(*args, **options):
            counted[name] += 1
            return function(*args, **options)

        return count

    def start(*args, **options):
        raise TrainingStarted

    for name in ("load", "build_pack_model"):
        function = getattr(trial_inputs, name)
        for module in [value for key, value in sys.modules.items() if key.startswith("dropout_lab.")]:
            if vars(module).get(name) is function:
                monkeypatch.setattr(module, name, counting(name, function))
    monkeypatch.setattr(pool, "train_packs", start)
    for cached in (trial_inputs._load, trial_inputs._build, network_check._rehearse):
        cached.cache_clear()
    return counted


def check(arms):
    with pytest.raises(TrainingStarted):
        run_arms(arms, print)


@pytest.mark.parametrize("skip", ["true", "false"])
@pytest.mark.parametrize("infer", ["weight_scaling", "monte_carlo"])
def test_one_load_and_one_build_per_arm(arms_of, folder, counts, skip, infer):
    check(arms_of(*WORDS, "rate=0.3", f"skip_invalid={skip}", f"infer={infer}", "data=digits", "model=cnn"))
    assert counts == {"load": 1, "build_pack_model": 1}


def test_user_data_are_loaded_once(arms_of, folder, counts):
    lines = ["a,b,y", *(f"{i},{i % 7},{'no' if i % 3 else 'yes'}" for i in range(60))]
    (folder / "own.csv").write_text("\n".join(lines))
    words = ["data=file", "data.path=own.csv", "data.target=y", "infer=monte_carlo", "skip_invalid=true", "rate=0.3"]
    check(arms_of(*WORDS, *words))
    assert counts == {"load": 1, "build_pack_model": 1}


def test_a_custom_network_is_built_once(arms_of, own_network, counts):
    check(arms_of(*WORDS, *own_network, "rate=0.3", "infer=monte_carlo", "skip_invalid=true"))
    assert counts == {"load": 1, "build_pack_model": 1}


def test_arms_with_the_same_network_share_it_and_others_have_their_own(arms_of, folder, counts):
    check(arms_of(*WORDS, "rate=0.1,0.3", "model.hidden=[8],[16]"))
    assert counts == {"load": 1, "build_pack_model": 2}


def test_a_dry_run_loads_and_builds_once(arms_of, folder, counts):
    preview_command(arms_of(*WORDS, "rate=0.3"), False)
    assert counts == {"load": 1, "build_pack_model": 1}


def test_the_second_check_of_splits_is_not_skipped_after_a_failure(arms_of, folder):
    lines = ["a,y", *(f"{i},{'rare' if i == 5 else 'common'}" for i in range(40))]
    (folder / "own.csv").write_text("\n".join(lines))
    words = ["data=file", "data.path=own.csv", "data.target=y", "data.task=classification", "seeds=20"]
    with pytest.raises(ConfigError, match="skip_invalid excludes every arm"):
        run_arms(arms_of(*WORDS[:1], *words, "rate=0.1,0.3", "skip_invalid=true", "out=out"), print)
