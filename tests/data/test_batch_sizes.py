"""Batches of an epoch, and how many examples a set trains on."""

import pytest

from dropout_lab.config import DataConf
from dropout_lab.data import DATASETS, batch_sizes, count_training, load
from dropout_lab.data.sizes import SIZES
from dropout_lab.rng import Streams
from dropout_lab.train.splits import make_splits
from dropout_lab.trial import canonical

FRACTIONS = [(0.2, 0.2), (0.1, 0.0), (0.35, 0.13)]


@pytest.mark.parametrize(
    ("examples", "batch_size", "sizes"),
    [
        (128, 64, [64, 64]),
        (130, 64, [64, 64, 2]),
        (129, 64, [64, 65]),
        (65, 64, [65]),
        (64, 64, [64]),
        (63, 64, [63]),
        (3, 2, [3]),
        (5, 2, [2, 3]),
        (1, 64, [1]),
        (1, 1, [1]),
        (3, 1, [1, 1, 1]),
    ],
)
def test_a_last_batch_of_one_joins_the_batch_before_it(examples, batch_size, sizes):
    assert batch_sizes(examples, batch_size) == sizes


def test_only_a_batch_size_or_a_set_of_one_gives_a_batch_of_one():
    for examples in range(2, 60):
        for batch_size in range(2, 60):
            sizes = batch_sizes(examples, batch_size)
            assert sum(sizes) == examples
            assert min(sizes) > 1
            assert max(sizes) <= batch_size + 1


def counted(conf):
    return count_training(
        conf.kind,
        name=conf.name,
        examples=conf.examples,
        train_size=conf.train_size,
        test_fraction=conf.test_fraction,
        val_fraction=conf.val_fraction,
    )


@pytest.mark.parametrize("kind", ["digits", "breast_cancer", "wine", "iris", "diabetes", "noisy_sine"])
@pytest.mark.parametrize(("test_fraction", "val_fraction"), FRACTIONS)
def test_the_number_of_training_examples_is_known_without_the_data(kind, test_fraction, val_fraction):
    conf = DataConf(kind=kind, test_fraction=test_fraction, val_fraction=val_fraction, examples=333)
    assert counted(conf) == len(make_splits(load(kind, examples=333), conf, Streams(0, 0))["train"])


@pytest.mark.parametrize("kind", ["mnist", "fashion_mnist", "rt_polarity", "scale_data", "uci"])
def test_and_without_the_files_of_public_sets(kind, shared):
    for name in ("yacht", "concrete", "naval-propulsion-plant") if kind == "uci" else ("yacht",):
        dataset = load(kind, root=str(shared), name=name)
        for test_fraction, val_fraction in FRACTIONS:
            conf = DataConf(kind=kind, name=name, test_fraction=test_fraction, val_fraction=val_fraction)
            assert counted(conf) == len(make_splits(dataset, conf, Streams(0, 0))["train"])


def test_where_only_the_data_can_tell_it_is_said():
    unknown = {kind for kind in DATASETS if counted(DataConf(kind=kind)) is None}
    assert unknown == set(
        "file folder texts audio rcv1 newsgroups20 speech_commands ptb wikitext2 tinyshakespeare".split()
    )
    assert SIZES.keys() < DATASETS.keys()
    assert counted(DataConf(kind="file", train_size=65)) == 65


def test_only_a_trial_whose_last_batch_joins_the_one_before_is_another_than_it_was(config):
    def marked(*words):
        return "train.last_batch" in canonical(config(*words)).identity

    assert not marked()  # 1,150 examples
    assert not marked("data.train_size=100")
    assert marked("data.train_size=65")
    assert marked("data.train_size=65", "train.batch_size=32")
    assert not marked("data.train_size=65", "train.batch_size=1")
    assert not marked("data.train_size=65", "train.batch_size=65")
    assert not marked("data.train_size=1", "train.batch_size=64")
    assert marked("train.batch_size=383")  # 3 * 383 + 1
    assert marked("data=rcv1")  # its size is not known without its file
    assert not marked("data=rcv1", "train.batch_size=1")
    assert not marked("data=ptb", "model=lstm", "data.train_size=65")
