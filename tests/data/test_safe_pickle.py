"""Pickles of strangers."""

import codecs
import os
import pickle

import numpy as np
import pytest
from sklearn.utils import Bunch

from dropout_lab.data import DataError
from dropout_lab.data.safe_pickle import load_plain_pickle


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_plain_values_and_arrays_pass(protocol):
    held = {"data": np.arange(6, dtype=np.uint8).reshape(2, 3), "labels": [1, 2.5, "x", None, True]}
    found = load_plain_pickle(pickle.dumps(held, protocol=protocol), "here")
    assert found["data"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["labels"] == held["labels"]


def test_what_python_2_wrote_is_read():
    # {'data': array([7], dtype=uint8)} by cPickle, protocol 2, under numpy 1: module names as they were.
    old = (
        b"\x80\x02}q\x01U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85"
        b"U\x01b\x87Rq\x05(K\x01K\x01\x85cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK\x00tb\x89U\x01\x07tbs."
    )
    assert load_plain_pickle(old, "here")["data"].tolist() == [7]


def test_a_bunch_is_its_items_and_nothing_else():
    bunch = Bunch(data=["a"], target=np.arange(1))
    found = load_plain_pickle(pickle.dumps({"train": bunch}), "here")["train"]
    assert (sorted(found), found["data"], found["target"].tolist()) == (["data", "target"], ["a"], [0])
    assert not isinstance(found, Bunch)


class Calls:
    """Pickles to a call of this function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "held",
    [
        Calls(os.system, "exit 1"),
        Calls(eval, "1 + 1"),
        Calls(getattr, "x", "upper"),
        [{"deep": Calls(exec, "raise SystemExit")}],
        Calls(np.load, "x.npy"),
        Calls(codecs.encode, b"x", "zip"),
    ],
    ids=["system", "eval", "getattr", "deep", "numpy", "codec"],
)
def test_programs_are_refused_unread(held):
    with pytest.raises(DataError, match="here: is not a pickle of plain arrays and is not loaded"):
        load_plain_pickle(pickle.dumps(held), "here")


@pytest.mark.parametrize("content", [b"", b"junk", pickle.dumps([1, 2, 3])[:-2], b"\x80\x05K"])
def test_broken_ones_are_refused(content):
    with pytest.raises(DataError, match="here: is not a pickle"):
        load_plain_pickle(content, "here")
