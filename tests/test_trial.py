"""Identity: equal numbers, equal hash; anything that matters, another."""

import pickle
from dataclasses import replace

import pytest
import torch

from dropout_lab.trial import NUMERICS, Trial, canonical


def ids(config):
    return Trial(canonical(config), 0).id


def test_rate_zero_is_the_same_trial_for_every_variant(config):
    same = [
        config("rate=0"),
        config("rate=0", "variant=standard"),
        config("variant=none", "rate=0.5"),
        config("rate=[0,0]"),
        config("variant=none", "input_rate=0.2"),
    ]
    assert len({ids(c) for c in same}) == 1
    point = canonical(same[2])
    assert (point.variant, point.config.rate) == ("none", 0)


def test_input_dropout_alone_is_dropout(config):
    assert canonical(config("rate=0", "input_rate=0.2")).variant == "inverted"


def test_a_list_of_equal_rates_is_that_rate(config):
    assert ids(config("rate=[0.5,0.5]")) == ids(config("rate=0.5"))
    assert ids(config("rate=[0.5,0.2]")) != ids(config("rate=[0.2,0.5]"))


def test_a_strength_matters_only_if_chosen(config):
    assert ids(config("regularizer.l2=0.5")) == ids(config())
    assert ids(config("regularizer=l2", "regularizer.l2=0.5")) != ids(config("regularizer=l2"))
    assert ids(config("regularizer=[l2,early_stopping]")) == ids(config("regularizer=[early_stopping,l2]"))
    assert ids(config("regularizer=l1", "regularizer.l1=0")) == ids(config())


def test_momentum_matters_only_to_sgd(config):
    assert ids(config("train.momentum=0.5")) == ids(config())
    assert ids(config("train=sgd", "train.momentum=0.5")) != ids(config("train=sgd"))


def test_what_is_not_in_use_or_has_no_effect_is_left_out(config):
    plain = canonical(config()).values
    unused = {"train_size", "label_noise", "normalise", "split", "digest", "noise", "root"}
    assert not {f"data.{name}" for name in unused} & set(plain)
    assert plain["data.test_fraction"] == 0.2
    assert "data.test_fraction" not in canonical(config("data=uci")).values  # its test part is the published one
    assert canonical(config("data=uci")).values["data.normalise"] == "zscore"
    both = canonical(config("regularizer=augment", "regularizer.augment=[shift,flip,shift]"))
    assert both.values["regularizer.augment"] == ["flip", "shift"]
    assert (both.values["regularizer.shift"], "regularizer.crop" in both.values) == (2, False)
    assert both.columns["regularizer.augment"] == "flip/shift"
    assert ids(config("regularizer=augment", "regularizer.augment=[]")) == ids(config())
    assert ids(config("regularizer.augment=[flip]", "regularizer.shift=3")) == ids(config())


def test_where_data_lie_is_no_part_of_a_trial(config):
    assert ids(config("data.root=here")) == ids(config("data.root=there"))
    here, there = (config("data=file", f"data.path={p}.csv", f"data.digest={16 * 'a'}") for p in ("here", "there"))
    assert ids(here) == ids(there)
    whole = config("data=file", "data.path=here.csv", f"data.digest={64 * 'a'}")
    assert ids(whole) == ids(here)


def test_floats_are_exact(config):
    assert ids(config("rate=0.30000000000000004")) == ids(config("rate=0.3"))
    assert ids(config("rate=0.3000001")) != ids(config("rate=0.3"))
    assert ids(config("train.lr=1e-3")) == ids(config("train.lr=0.001"))


def test_seed_and_numerics_are_part_of_the_hash(config, monkeypatch):
    point = canonical(config())
    assert Trial(point, 0).id != Trial(point, 1).id
    before = ids(config())
    monkeypatch.setattr("dropout_lab.trial.NUMERICS", NUMERICS + 1)
    assert ids(config()) != before


def test_two_gpus_of_a_kind_are_one_device(config):
    assert ids(replace(config(), device="cuda:0")) == ids(replace(config(), device="cuda:1"))
    assert ids(replace(config(), device="cuda")) != ids(config())


@pytest.mark.parametrize("there", [True, False])
def test_an_automatic_device_is_resolved_before_the_trial_is_identified(there, config, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    resolved = "cuda" if there else "cpu"
    made = config("device=auto")
    assert made.device == resolved
    assert ids(made) == ids(config(f"device={resolved}"))
    assert Trial(canonical(made), 0).columns["device"] == resolved


def test_columns_of_a_trial(config):
    cells = Trial(canonical(config("rate=[0.2,0.5]", "regularizer=[l2,early_stopping]")), 3).columns
    assert cells["rate"] == "0.2/0.5"
    assert cells["regularizer"] == "early_stopping+l2"
    assert (cells["early_stopping"], cells["l2"], cells.get("l1")) == (5, 1e-4, None)
    assert cells["seed"] == 3
    assert cells["base_seed"] == 0


def test_a_pickled_trial_has_no_cached_properties(config):
    trial = Trial(canonical(config("rate=0.3")), 1)
    assert trial.id  # computed and remembered, with the identity of its point
    copy = pickle.loads(pickle.dumps(trial))
    assert set(vars(copy)) == {"point", "seed"}
    assert set(vars(copy.point)) == {"config", "listed"}
    assert copy.id == trial.id
