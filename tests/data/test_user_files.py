"""Data of the user's own, known by what they hold."""

import os
import shutil

import numpy as np
import pytest

from dropout_lab.data import DataError, fingerprint, load
from dropout_lab.data import user_files as own
from dropout_lab.errors import ConfigError
from dropout_lab.trial import Trial, canonical

X = np.random.default_rng(0).normal(size=(60, 3))
Y = np.arange(60) % 3


@pytest.fixture(autouse=True)
def no_memory(monkeypatch):
    """Look at the disk each time, whatever another test has seen."""
    monkeypatch.setattr(own, "LOOK_AGAIN", 1e-9)


def identity(config, *words):
    return Trial(canonical(config(*words)), 0).id


def test_a_trial_is_its_content_wherever_it_lies(config, folder):
    np.savez("one.npz", x=X, y=Y)
    shutil.copyfile("one.npz", "two.npz")
    first = identity(config, "data=file", "data.path=one.npz")
    assert identity(config, "data=file", "data.path=two.npz") == first
    np.savez("two.npz", x=X + 1e-3, y=Y)
    assert identity(config, "data=file", "data.path=two.npz") != first
    digest = fingerprint("file", "one.npz")
    assert identity(config, "data=file", "data.path=gone.npz", f"data.digest={digest}") == first
    assert canonical(config("data=file", "data.path=one.npz")).columns["data.digest"] == digest


def test_a_digest_that_is_given_must_fit(folder):
    np.savez("one.npz", x=X, y=Y)
    digest = fingerprint("file", "one.npz")
    whole = load("file", path="one.npz", digest=digest + 48 * "0")
    assert len(whole.x) == 60
    np.savez("one.npz", x=X[:50], y=Y[:50])
    with pytest.raises(DataError, match=f"holds other data .* than data.digest={digest}"):
        load("file", path="one.npz", digest=digest)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["data=file"], "data=file: requires data.path=FILE"),
        (["data=folder"], "data=folder: requires data.path=FOLDER"),
        (["data=file", "data.path=gone.csv"], "data.path=gone.csv: does not exist"),
        (["data=file", "data.path=."], "data.path=.: is a folder; data=folder reads images"),
        (
            ["data=file", "data.path=x.pkl"],
            "data.path=x.pkl: must end in one of .npz, .csv, .tsv, .txt, .data, tables perhaps with .gz",
        ),
        (
            ["data=folder", "data.path=x.pkl"],
            "data.path=x.pkl: is not a folder; use data=file for .npz files and tables",
        ),
    ],
)
def test_paths_that_lead_nowhere(config, folder, words, line):
    (folder / "x.pkl").write_bytes(b"x")
    with pytest.raises(ConfigError) as caught:
        canonical(config(*words))
    assert str(caught.value).startswith(line)


def test_a_pipe_is_refused_and_not_waited_for(config, folder):
    os.mkfifo("pipe.csv")
    with pytest.raises(ConfigError, match=r"data\.path=pipe\.csv: is neither a file nor a folder"):
        canonical(config("data=file", "data.path=pipe.csv"))


def test_a_sweep_over_own_files_and_what_is_refused(typed, folder):
    np.savez("a.npz", x=X, y=Y)
    (folder / "b.csv").write_text("u,v,kind\n" + "".join(f"{i},{i * i},{'ab'[i % 2]}\n" for i in range(50)))
    words = ["train.epochs=1", "model.hidden=[4]", "seeds=1"]
    status, out, err = typed("sweep", "data=file", "data.path=a.npz,b.csv", "data.target=kind", *words)
    assert (status, out) == (2, "")
    assert err == "dropout-lab: data.target=kind: applies to tables only; the target of an .npz file is its array y\n"
    status, out, err = typed("sweep", "data=file", "data.path=b.csv", "data.target=kind", *words)
    assert (status, err) == (0, "")
    (folder / "b.csv").write_text("u,v,kind\n1,2,a\n3,x,b\n")
    status, out, err = typed("sweep", "data=file", "data.path=b.csv", "data.target=kind", *words, "out=other")
    assert (status, out) == (2, "")
    said = "b.csv: line 3, column 'v': 'x' is not a finite number like the other cells of the column; "
    assert err == f"dropout-lab: {said}data.drop=[v] excludes the column\n"
    assert not (folder / "other").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["data.train_size=5000"], "data.train_size=5000: the training split has 1150 examples"),
        (["data=wine", "regularizer=augment"], "regularizer=augment: requires images, which these data do not have"),
        (["data=noisy_sine", "data.label_noise=0.1"], "data.label_noise=0.1: requires classes, which data=noisy_sine"),
        (
            ["regularizer=augment", "regularizer.shift=9"],
            "regularizer=augment: shifts images of 8x8 pixels by up to 9 pixels",
        ),
        (["regularizer.augment=[turn]"], "regularizer.augment=[turn]: must be a list of crop, flip, shift"),
        (["data.normalise=minmax"], "data.normalise=minmax: must be one of none, zscore, unit"),
        (["data=uci", "data.name=boston"], "data.name=boston: must be one of bostonHousing, concrete,"),
        (["data.root=''"], ""),
    ],
)
def test_what_is_done_to_data_must_suit_them(typed, folder, words, line):
    status, _, err = typed("sweep", *words, "out=none", "--dry-run")
    assert (status, err.count("\n")) == ((2, 1) if line else (0, 0))
    assert err.startswith(f"dropout-lab: {line}" if line else "")
    assert list(folder.iterdir()) == []


def test_a_rare_class_is_looked_for_with_every_seed(typed, folder):
    np.savez("a.npz", x=X, y=np.where(np.isin(np.arange(60), [7, 8]), "rare", "often"))
    words = ["data=file", "data.path=a.npz", "data.test_fraction=0.5", "data.val_fraction=0.5", "--dry-run"]
    found = {seed: typed("sweep", *words, f"seeds=[{seed}]")[0] for seed in range(12)}
    assert set(found.values()) == {0, 2}, "some divisions leave the class a training example, some do not"
    first = min(seed for seed, status in found.items() if status == 0)
    status, _, err = typed("sweep", *words, f"seeds=[{first},{','.join(str(s) for s in range(12) if s != first)}]")
    assert status == 2
    assert err.startswith("dropout-lab: data=file leaves no training example of class 'rare'; leave the class out, ")


def test_a_class_that_nobody_trains_on_is_named(typed, folder):
    np.savez("a.npz", x=X, y=np.where(np.arange(60) == 7, "rare", "often"))
    status, _, err = typed("sweep", "data=file", "data.path=a.npz", "seeds=20", "train.epochs=1")
    assert status == 2
    assert err.startswith("dropout-lab: data=file leaves no training example of class 'rare'; leave the class out, ")
