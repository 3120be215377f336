"""Identity: equal numbers, equal hash; anything that matters, another."""

from dataclasses import replace

import pytest

from dropout_lab.config import ROLES, regularizer_names, settings_table
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


CHANGED = {
    "data.test_fraction": "0.3",
    "data.val_fraction": "0.3",
    "data.root": "elsewhere",
    "data.name": "concrete",
    "data.split": "3",
    "data.path": "other.csv",
    "data.digest": "ef02ef02ef02ef02",
    "data.target": "price",
    "data.task": "regression",
    "data.layout": "series",
    "data.columns": "[a,b]",
    "data.drop": "[id]",
    "data.missing": "median",
    "data.separator": "tab",
    "data.encoding": "cp1252",
    "data.header": "false",
    "data.decimal": "comma",
    "data.image_size": "16",
    "data.text": "review",
    "data.tokens": "characters",
    "data.length": "9",
    "data.pad": "back",
    "data.vocabulary": "50",
    "data.window": "20",
    "data.label": "3class",
    "data.examples": "50",
    "data.features": "7",
    "data.noise": "0.5",
    "data.train_size": "100",
    "data.reconstruct": "true",
    "data.label_noise": "0.1",
    "data.normalise": "unit",
    "model.hidden": "[8]",
    "model.activation": "tanh",
    "model.channels": "[4]",
    "model.head": "[8]",
    "model.units": "8",
    "model.layers": "2",
    "model.embedding": "8",
    "model.width": "8",
    "model.blocks": "3",
    "model.maps": "8",
    "model.patch": "4",
    "model.heads": "2",
    "model.target": "nets:other",
    "model.digest": "ef02ef02ef02ef02",
    "regularizer.l1": "0.5",
    "regularizer.l2": "0.5",
    "regularizer.max_norm": "0.5",
    "regularizer.early_stopping": "9",
    "regularizer.l1_from": "0.5",
    "regularizer.elastic": "0.5",
    "regularizer.elastic_ratio": "0.25",
    "regularizer.weight_decay": "0.5",
    "regularizer.kl_sparsity": "0.5",
    "regularizer.kl_target": "0.2",
    "regularizer.min_gain": "0.01",
    "regularizer.restore": "false",
    "regularizer.label_smoothing": "0.2",
    "regularizer.input_noise": "0.5",
    "regularizer.weight_noise": "0.5",
    "regularizer.mixup": "0.5",
    "regularizer.augment": "[flip]",
    "regularizer.crop": "0.5",
    "regularizer.shift": "1",
    "regularizer.batch_norm": "after",
    "regularizer.layer_norm": "after",
    "paper_scale": "true",
    "train.epochs": "7",
    "train.batch_size": "7",
    "train.optimizer": "sgd",
    "train.lr": "0.5",
    "train.momentum": "0.1",
    "train.nesterov": "true",
    "train.clip": "1",
    "train.lr_decay": "0.5",
    "train.lr_hold": "2",
    "model.init": "0.1",
    "model.initial": "glorot",
    "model.bidirectional": "true",
    "model.pooling": "mean",
    "model.tied": "true",
    "embedding_rate": "0.25",
    "recurrent_rate": "0.25",
    "between_rate": "0.25",
    "output_rate": "0.25",
    "variant.gates": "own",
    "variant.activity": "2",
    "variant.slowness": "1",
    "rate": "0.25",
    "input_rate": "0.25",
    "seed": "1",
    "seeds": "2",
    "out": "elsewhere",
    "device": "cuda",
    "precision": "bf16",
    "pack": "3",
    "workers": "3",
    "profile": "linear",
    "skip_invalid": "true",
    "arms": "l2",
    "tune": "true",
    "budget": "3",
    "sampler": "grid",
    "tuning_seeds": "3",
    "read_test": "false",
    "save": "true",
    "save_predictions": "true",
    "infer.passes": "7",
    "infer.average": "logits",
    "infer.bins": "10",
    "infer.precision": "2.5",
    "infer.ood": "[noise]",
    "variant.block_size": "2",
    "variant.profile": "rising",
    "variant.mask": "batch",
    "variant.slope": "2",
    "variant.agreement": "2",
    "variant.temperature": "0.2",
    "variant.length_scale": "1",
    "variant.per": "unit",
    "variant.warm_up": "0",
    "variant.speed": "3",
    "schedule.fraction": "0.3",
    "schedule.gamma": "5",
    "schedule.steps": "2",
    "schedule.patience": "3",
}
OWN = [
    "data=file",
    "data.path=mine.csv",
    "data.digest=ab01ab01ab01ab01",
]  # with its digest given, the file is not opened here
OWN_NET = ["model=custom", "model.target=nets:small", "model.digest=ab01ab01ab01ab01"]
BASE = {
    "data.name": ["data=uci"],
    "data.split": ["data=uci"],
    **{f"data.{name}": OWN for name in ("path", "digest", "target", "task", "layout")},
    **{f"data.{name}": OWN for name in ("path", "digest", "target", "task", "columns", "drop", "missing")},
    **{f"data.{name}": OWN for name in ("separator", "encoding", "header", "decimal")},
    "data.image_size": ["data=folder", "data.path=mine", "data.digest=ab01ab01ab01ab01"],
    "data.text": ["data=texts", "data.path=mine", "data.digest=ab01ab01ab01ab01"],
    **{f"data.{name}": ["data=rt_polarity"] for name in ("tokens", "length", "pad", "vocabulary")},
    "data.window": ["data=ptb"],
    "data.label": ["data=scale_data"],
    **{f"data.{name}": ["data=linear_teacher"] for name in ("examples", "features", "noise")},
    "model.channels": ["model=cnn"],
    "model.head": ["model=cnn"],
    "model.units": ["model=lstm"],
    "model.layers": ["model=lstm"],
    "model.embedding": ["model=lstm", "data=rt_polarity"],
    "model.width": ["model=resmlp"],
    "model.blocks": ["model=resmlp"],
    "model.maps": ["model=rescnn"],
    "model.patch": ["model=transformer"],
    "model.heads": ["model=transformer"],
    **{f"model.{name}": OWN_NET for name in ("target", "digest")},
    "variant.mask": ["variant=dropconnect"],
    "variant.slope": ["variant=standout"],
    "variant.agreement": ["variant=r_drop"],
    "variant.temperature": ["variant=concrete"],
    "variant.length_scale": ["variant=concrete"],
    "variant.per": ["variant=variational_gaussian"],
    "variant.warm_up": ["variant=variational_gaussian"],
    "variant.speed": ["variant=concrete"],
    "schedule.patience": ["schedule=plateau"],
    "train.momentum": ["train=sgd"],
    "train.nesterov": ["train=sgd"],
    "train.lr_hold": ["train.lr_decay=0.9"],
    **{f"model.{name}": ["model=lstm"] for name in ("init", "bidirectional", "pooling", "tied")},
    **{f"{role}_rate": ["model=gru", "model.layers=2", "variant=variational", "data=ptb"] for role in ROLES},
    "variant.gates": ["variant=variational"],
    **{f"variant.{name}": ["variant=weight_drop"] for name in ("activity", "slowness")},
    "variant.block_size": ["variant=block"],
    "schedule.fraction": ["schedule=early"],
    "schedule.gamma": ["schedule=curriculum"],
    "schedule.steps": ["schedule=step"],
    "variant.profile": ["model.hidden=[8]"],
    "profile": ["model.hidden=[8]"],  # one site, where a profile has nothing to spread
    **{f"regularizer.{n}": [f"regularizer={n}"] for n in regularizer_names()},
    "regularizer.l1_from": ["regularizer=l1"],
    "regularizer.elastic_ratio": ["regularizer=elastic"],
    "regularizer.kl_target": ["regularizer=kl_sparsity"],
    **{f"regularizer.{n}": ["regularizer=early_stopping"] for n in ("min_gain", "restore")},
    **{f"regularizer.{n}": ["regularizer=augment", f"regularizer.augment=[{n}]"] for n in ("crop", "shift")},
}


@pytest.mark.parametrize(
    "entry", [e for e in settings_table() if e.name not in ("kind", "network")], ids=lambda e: e.key
)
def test_every_setting_is_in_the_hash_exactly_if_it_says_so(entry, config):
    base = BASE.get(entry.key, [])
    changed = config(*base, f"{entry.key}={CHANGED[entry.key]}")
    assert (ids(changed) != ids(config(*base))) == entry.spec.identity
    if entry.spec.identity:
        points = [canonical(changed), canonical(config(*base))]
        shared = len({(point.pack_key, point.noise_key) for point in points}) == 1
        assert shared == (entry.spec.pack == "own")


def test_seed_and_numerics_are_part_of_the_hash(config, monkeypatch):
    point = canonical(config())
    assert Trial(point, 0).id != Trial(point, 1).id
    before = ids(config())
    monkeypatch.setattr("dropout_lab.trial.NUMERICS", NUMERICS + 1)
    assert ids(config()) != before


def test_two_gpus_of_a_kind_are_one_device(config):
    assert ids(replace(config(), device="cuda:0")) == ids(replace(config(), device="cuda:1"))
    assert ids(replace(config(), device="cuda")) != ids(config())


def test_columns_of_a_trial(config):
    cells = Trial(canonical(config("rate=[0.2,0.5]", "regularizer=[l2,early_stopping]")), 3).columns
    assert cells["rate"] == "0.2/0.5"
    assert cells["regularizer"] == "early_stopping+l2"
    assert (cells["early_stopping"], cells["l2"], cells.get("l1")) == (5, 1e-4, None)
    assert cells["seed"] == 3
    assert cells["base_seed"] == 0
