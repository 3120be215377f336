"""Renamed settings: former and current names give the same trials, and ids are those of earlier versions."""

import json

import pandas as pd
import pytest

from dropout_lab.config import current_words, list_settings, update_settings
from dropout_lab.settings.fields import DeprecatedSetting
from dropout_lab.settings.former_names import FORMER_KEYS, current_options
from dropout_lab.studies.loader import parse_study
from dropout_lab.trial import Trial, canonical

from .studies.conftest import BASE
from .test_settings_in_identity import BASE as NEEDED
from .test_settings_in_identity import CHANGED


def first_row(folder):
    return pd.read_csv(f"{folder}/trials.csv", dtype=str, keep_default_na=False).iloc[0]


@pytest.mark.parametrize("former", FORMER_KEYS)
def test_the_identity_holds_the_former_key(former, config):
    current = FORMER_KEYS[former]
    needed, value = NEEDED.get(current, []), CHANGED[current]
    entry = next(entry for entry in list_settings() if entry.key == current)
    assert entry.identity_key == former
    with pytest.warns(DeprecatedSetting, match=f"{former} is deprecated and will be removed; write {current}="):
        words = current_words([*needed, f"{former}={value}"])
    points = [canonical(config(*words)), canonical(config(*needed, f"{current}={value}"))]
    assert Trial(points[0], 0).id == Trial(points[1], 0).id
    identity = json.loads(points[0].identity)
    assert current not in identity
    assert (former in identity) == entry.spec.identity


# Ids of trials that a version with the former names computed.
IDS = {
    "data=rt_polarity data.tokens=characters": "b0046765822a",
    "data=rt_polarity data.length=9": "95102af228ab",
    "data=rt_polarity data.pad=back": "325a47209f55",
    "data=rt_polarity data.vocabulary=50": "68b67864e5c7",
    "data=ptb data.window=20": "23fddf7e4b1e",
    "regularizer=l1 regularizer.l1_from=0.5": "a185c0643597",
    "regularizer=elastic regularizer.elastic_ratio=0.25": "9ea754832095",
    "regularizer=early_stopping regularizer.min_gain=0.01": "16fd80f4858c",
    "regularizer=early_stopping regularizer.restore=false": "f5650b166981",
    "paper_scale=true": "b4cb59d3b4f4",
    "train.clip=1": "a928cdac5842",
    "model=lstm model.init=0.1": "40e8c1173b0d",
    "model=gru model.layers=2 variant=variational data=ptb between_rate=0.25": "63f7f991865a",
    "variant=variational variant.gates=own": "0da4abd85ef0",
    "variant=weight_drop variant.activity=2": "a6acc5327103",
    "variant=weight_drop variant.slowness=1": "ed9a291724eb",
    "seed=1": "cb6cf682ef48",
    "pack=3": "a1b8ce506a6e",
    "read_test=false": "45511b3efabb",
    "save=true": "a1b8ce506a6e",
    "infer.precision=2.5": "a1b8ce506a6e",
    "variant=r_drop variant.agreement=2": "1df738fe058c",
    "variant=variational_gaussian variant.per=unit": "ad721536a503",
    "variant=concrete variant.speed=3": "fe4e1226584f",
    "variant=alpha model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "5637aa7d385f",
    "variant=attention model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "cbfe55b4a3ea",
    "variant=block model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "f7f57e363860",
    "variant=concrete model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "22cfcfad02b6",
    "variant=cutout model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "3723969fd969",
    "variant=dropblock model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "9920c2baacba",
    "variant=dropconnect model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "72f33d3b3fd9",
    "variant=fast model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "5b05dbd1982d",
    "variant=feature_alpha model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "462a32dab57d",
    "variant=gaussian model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "87eb6f39c1d6",
    "variant=inverted model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "c9aa98197ecc",
    "variant=maxdropout model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "655c63875d42",
    "variant=naive model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "03ad88d8c1c7",
    "variant=non_recurrent model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "272456490264",
    "variant=none model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "49ad544cee60",
    "variant=r_drop model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "ed06cb2b1049",
    "variant=recurrent model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "7dc2df6a061f",
    "variant=rnndrop model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "4e82aa43dd4b",
    "variant=sparse_variational model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "e38bcf47e05d",
    "variant=spatial model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "d30daeae262b",
    "variant=standard model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "a96831e3ccf5",
    "variant=standout model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "dbc21cf59562",
    "variant=stochastic_depth model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "4c46f07e49f8",
    "variant=uniform model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "9228030851ca",
    "variant=variational model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "6d49270c1a60",
    "variant=variational_gaussian model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "4ee59d282bb9",
    "variant=weight_drop model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "1a646bd936a4",
    "variant=zoneout model=lstm data=ptb seed=3 model.layers=2 between_rate=0.2": "13bba149334a",
}


@pytest.mark.parametrize("words", IDS)
@pytest.mark.filterwarnings("ignore::dropout_lab.settings.fields.DeprecatedSetting")
def test_ids_are_those_of_earlier_versions(words, config):
    assert Trial(canonical(config(*current_words(words.split()))), 1).id == IDS[words]


@pytest.mark.parametrize("former", FORMER_KEYS)
def test_stored_settings_are_read_under_their_current_name(former):
    current = FORMER_KEYS[former]
    (group, _, old), new = former.rpartition("."), current.rpartition(".")[2]
    stored = {group: {old: 3}} if group else {old: 3}
    update_settings(stored, warn=False)
    assert stored == ({group: {new: 3}} if group else {new: 3})


def test_a_study_over_base_seeds_is_still_paired_by_trial_seed():
    study = parse_study("a", {**BASE, "replicates": ["base_seed", "seed", "train.clip"]})
    assert study.replicates == ["base_seed", "seed", "train.grad_clip_norm"]


def test_the_reader_of_data_takes_former_names():
    with pytest.warns(DeprecatedSetting, match="tokens= is deprecated and will be removed; write tokenizer="):
        assert current_options("data", {"tokens": "words", "root": "a"}) == {"tokenizer": "words", "root": "a"}


@pytest.mark.parametrize(
    ("place", "text", "current"),
    [
        ("model/mine.yaml", "defaults: [lstm, _self_]\nunits: 4\ninit: 0.1\n", {"model.init_range": "0.1"}),
        ("train/mine.yaml", "defaults: [sgd, _self_]\nclip: 0.25\n", {"train.grad_clip_norm": "0.25"}),
        ("regularizer/mine.yaml", "defaults: [l1, _self_]\nl1_from: 0.5\n", {"regularizer.l1_start": "0.5"}),
        ("variant/mine.yaml", "defaults: [concrete, _self_]\nspeed: 3\n", {"variant.lr_multiplier": "3"}),
    ],
)
def test_files_of_every_group_may_use_former_names(place, text, current, typed, folder):
    path = folder / "mine" / place
    path.parent.mkdir(parents=True)
    path.write_text(text)
    words = ["--config-dir", "mine", f"{path.parent.name}=mine", "train.epochs=1", "rate=0.3", "out=out"]
    status, _, err = typed("train", *words)
    assert (status, err.count("is deprecated")) == (0, 1)
    assert {key: first_row("out")[key] for key in current} == current
    path.write_text(text + "clipp: 1\n")
    status, _, err = typed("train", *words[:-1], "out=refused")
    assert (status, err.count("\n"), "clipp'" in err.splitlines()[-1]) == (2, 2, True)


def test_a_file_of_the_whole_config_may_use_former_names(typed, folder):
    path = folder / "mine" / "train" / "whole.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("# @package _global_\nseed: 3\ntrain: {clip: 0.5}\n")
    status, _, err = typed(
        "train", "--config-dir", "mine", "train=whole", "model.hidden=[8]", "train.epochs=1", "out=out"
    )
    assert (status, err.count("is deprecated")) == (0, 2)
    assert first_row("out")[["base_seed", "train.grad_clip_norm"]].tolist() == ["3", "0.5"]
