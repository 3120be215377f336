"""Reuters RCV1 in scikit-learn's form, without its 650 MB."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.utils import Bunch

from dropout_lab.data import DataError, rcv1
from dropout_lab.data import catalog as catalogue

NAMES = ["C11", "C15", "C151", "CCAT", "E51", "G15", "GCAT", "GSPO", "M11"]


@pytest.fixture
def news(monkeypatch):
    """800 documents of 30 words: their matrix, and the topics of each."""
    random = np.random.default_rng(0)
    x = random.random((800, 30)) * (random.random((800, 30)) < np.linspace(0.9, 0.1, 30))
    topics = []
    for i in range(800):
        if i < 400:
            topics.append({"CCAT", "C15", "C151"})  # half of all: too large a topic
        elif i < 403:
            topics.append({"MCAT", "M11"})  # too small a one
        elif i < 500:
            topics.append({"CCAT", "GCAT", "C11", "GSPO"})  # two of the second level
        elif i < 520:
            topics.append({"CCAT"})  # none
        else:
            topics.append([{"CCAT", "C11"}, {"E51"}, {"GCAT", "G15"}, {"GCAT", "GSPO"}][i % 4])
    target = csr_matrix([[int(name in t) for name in NAMES] for t in topics], dtype=np.uint8)
    monkeypatch.setattr(rcv1, "WORDS", 12)

    def fetch(**options):
        (rcv1.Path(options["data_home"]) / "RCV1").mkdir()
        (rcv1.Path(options["data_home"]) / "RCV1" / "samples.pkl").write_bytes(b"a pickle")
        return Bunch(data=csr_matrix(x), target=target, target_names=np.array(NAMES, dtype=object))

    monkeypatch.setattr("sklearn.datasets.fetch_rcv1", fetch)
    return x


def test_single_topics_and_frequent_words(news, tmp_path):
    entry = catalogue.CATALOGUE["rcv1"]
    entry.get(tmp_path)
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()] == ["rcv1/rcv1.npz"]
    assert catalogue.verify_dataset(entry, tmp_path) == "280 (70 per class), 4 topics"
    dataset = rcv1.read_rcv1_dataset(str(tmp_path))
    assert dataset.classes == ("C11", "E51", "G15", "GSPO")
    assert dataset.y.tolist() == [i % 4 for i in range(520, 800)]
    words = np.sort(np.argsort(-(news[520:] > 0).sum(0), kind="stable")[:12])
    assert dataset.x.dtype == np.float16
    assert np.allclose(dataset.x, news[520:][:, words], atol=1e-3)


def test_second_level_topics_are_told_from_others():
    second = ["C11", "C42", "E51", "G15", "GCRIM", "GDIP", "M14", "GVIO", "GTOUR"]
    others = ["CCAT", "ECAT", "MCAT", "C151", "C1511", "E121", "G151", "G159", "M131"]
    assert all(rcv1.SECOND_LEVEL.fullmatch(name) for name in second)
    assert not any(rcv1.SECOND_LEVEL.fullmatch(name) for name in [*others, "GCAT"])


def test_it_trains(news, typed, tmp_path):
    catalogue.CATALOGUE["rcv1"].get(tmp_path)
    status, out, err = typed("train", "data=rcv1", f"data.root={tmp_path}", "train.epochs=2", "model.hidden=[8]")
    assert (status, err) == (0, "")
    assert "test accuracy" in out


def test_what_cannot_be_fetched_leaves_nothing(tmp_path, monkeypatch):
    def fail(**options):
        raise OSError("The SHA256 checksum differs")

    monkeypatch.setattr("sklearn.datasets.fetch_rcv1", fail)
    with pytest.raises(DataError, match=r"rcv1: could not be downloaded .*SHA256"):
        rcv1.download_rcv1(tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("spoil", ["cut", "bit", "pickle", "labels"])
def test_a_damaged_file_is_refused(spoil, news, tmp_path):
    rcv1.download_rcv1(tmp_path)
    path = rcv1.rcv1_file(tmp_path)
    content = bytearray(path.read_bytes())
    if spoil == "cut":
        path.write_bytes(content[:-100])
    elif spoil == "bit":
        content[200] ^= 1
        path.write_bytes(content)
    elif spoil == "pickle":
        np.savez(path, values=np.array([{}]), columns=1, starts=1, shape=1, y=1, classes=1)
    else:
        with np.load(path) as held:
            np.savez(path, **{**held, "y": held["y"] + 1})
    with pytest.raises(DataError, match="is damaged, or not a file of"):
        rcv1.read_rcv1_dataset(str(tmp_path))


def test_a_missing_file_says_how_to_get_it(tmp_path):
    with pytest.raises(DataError, match=r"rcv1\.npz: does not exist; run `dropout-lab data get rcv1`"):
        rcv1.read_rcv1_dataset(str(tmp_path))
