"""The public texts: the real ones where they are, tiny ones in the true format elsewhere."""

import pickle
import zlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from sklearn.utils import Bunch

from dropout_lab import data
from dropout_lab.data import DataError, load
from dropout_lab.data import text_sets as corpora
from dropout_lab.data import text_sources as textfiles
from dropout_lab.data.text_sources import NEWSGROUPS, PUBLISHED, SCALE


@pytest.fixture
def unsummed(monkeypatch):
    """Files need not be those that were published."""
    for name, published in PUBLISHED.items():
        files = dict.fromkeys(published.files, "")
        monkeypatch.setitem(PUBLISHED, name, replace(published, files=files))


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def forget():
    """Let the next load look at the disk again."""
    data._read.cache_clear()


def words(dataset, row):
    """A text as it is read back."""
    return " ".join(dataset.tokens[number] for number in dataset.x[row] if number >= 0)


def test_rt_polarity(shared):
    dataset = load("rt_polarity", root=str(shared))
    assert np.bincount(dataset.y).tolist() == [5331, 5331]
    assert dataset.classes == ("negative", "positive")
    assert words(dataset, 0).startswith("simplistic , silly and tedious")
    assert words(dataset, 5331).startswith("the rock is destined to be the 21st century's new")


def test_the_byte_85_ends_no_sentence(shared):
    found = corpora.read_rt_polarity(shared)
    inside = [text for text in found.texts if "\x85" in text.strip("\x85 ")]
    assert inside
    assert len(found.texts) == 10_662 < sum(len(text.splitlines()) for text in found.texts)


def test_scale_data(shared):
    dataset = load("scale_data", root=str(shared), max_length=256)
    assert (dataset.task, len(dataset.y), dataset.y.dtype) == ("regression", 5006, np.float32)
    assert (dataset.y.min(), dataset.y.max()) == (0, 1)
    starts = np.cumsum([0, 1027, 1307, 902, 1770])
    for author, first, end in zip(SCALE, starts, starts[1:], strict=False):
        path = shared / "scale-data" / "scaledata" / author / f"rating.{author}"
        assert np.array_equal(dataset.y[first:end], np.loadtxt(path, dtype=np.float32))
    for label, grades in (("3class", 3), ("4class", 4)):
        graded = load("scale_data", root=str(shared), max_length=256, label=label)
        assert (graded.task, graded.outputs, graded.y.dtype) == ("classification", grades, np.int64)
        assert graded.x.tolist() == dataset.x.tolist()
        assert (np.bincount(graded.y) > 0).tolist() == [True] * grades


def test_ptb(shared):
    dataset = load("ptb", root=str(shared))
    assert [len(dataset.x) - len(dataset.val) - len(dataset.test), len(dataset.val), len(dataset.test)] == [
        929_589,
        73_760,
        82_430,
    ]
    assert len(dataset.tokens) == 10_000
    assert {"<unk>", "N", "<eos>"} <= set(dataset.tokens)
    counts = Counter(dataset.x.tolist())
    assert counts[dataset.tokens.index("<eos>")] == 42_068 + 3_370 + 3_761


def test_tinyshakespeare(shared):
    dataset = load("tinyshakespeare", root=str(shared), tokenizer="characters")
    assert (len(dataset.x), len(dataset.tokens), len(dataset.val), len(dataset.test)) == (1_115_394, 65, 55_769, 55_770)
    text = (shared / "tinyshakespeare" / "input.txt").read_text()
    assert "".join(dataset.tokens[number] for number in dataset.x[dataset.test]) == text[-55_770:]


@pytest.fixture
def imdb(tmp_path, monkeypatch):
    monkeypatch.setattr(textfiles, "IMDB_REVIEWS", 2)
    for part in ("train", "test"):
        for side, begin in (("neg", "A"), ("pos", "Oh, a")):
            for number in (0, 1):
                write(
                    tmp_path / f"aclImdb/{part}/{side}/{number}_7.txt",
                    f"{begin} {side}<br /><br />{part} Film {number}.",
                )
        write(tmp_path / f"aclImdb/{part}/urls_neg.txt", "no review")
    write(tmp_path / "aclImdb/train/unsup/0_0.txt", "no review either")
    return tmp_path


def test_imdb(imdb):
    dataset = load("imdb", root=str(imdb), tokenizer="words")
    assert dataset.y.tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    assert dataset.test.tolist() == [4, 5, 6, 7]
    assert [words(dataset, row) for row in (1, 6)] == ["a neg train film 1 .", "oh , a pos test film 0 ."]
    (imdb / "aclImdb/test/pos/1_7.txt").unlink()
    forget()
    with pytest.raises(DataError, match=r"test/pos/all 2 reviews: does not exist; run `dropout-lab data get imdb`"):
        load("imdb", root=str(imdb), tokenizer="words")


def test_a_second_start_does_not_tokenise_again(imdb, monkeypatch):
    first = load("imdb", root=str(imdb), tokenizer="words")
    forget()
    with monkeypatch.context() as patch:
        patch.setattr(corpora, "encode_corpus", lambda *args: pytest.fail("it tokenises again"))
        second = load("imdb", root=str(imdb), tokenizer="words")
    assert isinstance(second.x, np.memmap)
    assert (second.x.tolist(), second.tokens, second.classes) == (first.x.tolist(), first.tokens, first.classes)
    for other in ({"tokenizer": "spaces"}, {"max_length": 3}, {"padding": "back"}):
        changed = load("imdb", root=str(imdb), **{"tokenizer": "words", "max_length": 64, "padding": "front"} | other)
        assert (changed.x.shape, changed.x.tolist()) != (first.x.shape, first.x.tolist())
    write(imdb / "aclImdb/train/neg/0_7.txt", "something else")
    forget()
    assert words(load("imdb", root=str(imdb), tokenizer="words"), 0) == "something else"


def news(root, train='"3","Wall St.","Bears\\claw, ""back"""\n"4","Chips\x85up","two\nlines"\n'):
    write(root / "ag_news/train.csv", train)
    write(root / "ag_news/test.csv", '"1","A","b"\n"2","C","d"\n')


def test_ag_news(unsummed, tmp_path):
    news(tmp_path)
    dataset = load("ag_news", root=str(tmp_path))
    assert (dataset.y.tolist(), dataset.test.tolist()) == ([2, 3, 0, 1], [2, 3])
    assert dataset.classes == ("World", "Sports", "Business", "Sci/Tech")
    assert words(dataset, 0) == 'Wall St. Bears claw, "back"'
    assert words(dataset, 1) == "Chips up two lines"


def posts(texts, targets):
    names = ["alt.atheism", "sci.space"]
    return Bunch(data=texts, target=np.array(targets), target_names=names, filenames=np.array(["f"] * len(texts)))


def newsgroups(root, held=None):
    """As scikit-learn keeps them."""
    head = "From: a@b\nSubject: c\n\n"
    train = [f"{head}Alpha said.\n\n> quoted\nBeta.\n\n--\nMe", f"{head}> all quoted", f"{head}____"]
    held = held or {"train": posts(train, [1, 0, 0]), "test": posts([f"{head}Gamma\n\nend"], [1])}
    write(root / NEWSGROUPS, zlib.compress(pickle.dumps(held)))


def test_newsgroups(tmp_path):
    newsgroups(tmp_path)
    dataset = load("newsgroups20", root=str(tmp_path), tokenizer="words")
    assert dataset.classes == ("alt.atheism", "sci.space")
    found = {words(dataset, row): dataset.classes[dataset.y[row]] for row in range(len(dataset.x))}
    assert found == {"alpha said . beta .": "sci.space", "_ _ _ _": "alt.atheism", "gamma": "sci.space"}
    assert [words(dataset, row) for row in dataset.test] == ["gamma"]


class Program:
    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"junk", "is damaged"),
        (zlib.compress(pickle.dumps({"train": Program()})), "is not a pickle of plain arrays and is not loaded"),
        (zlib.compress(pickle.dumps([1, 2])), "does not contain scikit-learn's 20 newsgroups"),
        (zlib.compress(pickle.dumps({"train": {}, "test": {}})), "does not contain scikit-learn's"),
    ],
    ids=["broken", "program", "list", "empty"],
)
def test_a_strange_file_of_newsgroups_is_refused_unread(content, said, tmp_path, capsys):
    write(tmp_path / NEWSGROUPS, content)
    with pytest.raises(DataError, match=said) as caught:
        load("newsgroups20", root=str(tmp_path))
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""


def test_wikitext2(unsummed, tmp_path):
    for part, text in {"train": " \n = Robert = \n \n He <unk> . \n", "valid": " a \n", "test": " b c \n"}.items():
        write(tmp_path / f"wikitext-2/wiki.{part}.tokens", text)
    dataset = load("wikitext2", root=str(tmp_path))
    read = " ".join(dataset.tokens[number] for number in dataset.x)
    assert read == "<eos> = Robert = <eos> <eos> He <unk> . <eos> a <eos> b c <eos>"
    assert (dataset.val.tolist(), dataset.test.tolist()) == ([10, 11], [12, 13, 14])


def scale(root, marks="0.5\n1\n", label="rating"):
    for author in SCALE:
        folder = root / "scale-data" / "scaledata" / author
        for kind in ("rating", "label.3class", "label.4class"):
            write(folder / f"{kind}.{author}", marks if kind.endswith(label) else "0\n1\n")
        write(folder / f"subj.{author}", b"good\x85 film\nbad film\n")


@pytest.mark.parametrize(
    ("label", "marks", "said"),
    [
        ("rating", "0.5\n", "has 1 values for 2 reviews"),
        ("rating", "0.5\nx\n", "line 2 contains 'x', which is not a number"),
        ("rating", "0.5\n1.5\n", "line 2 contains 1.5, which is not a rating from 0 to 1"),
        ("rating", "nan\n1\n", "line 1 contains nan, which is not a rating from 0 to 1"),
        ("3class", "0\n3\n", "line 2 contains 3, which is not a grade from 0 to 2"),
        ("4class", "0\n-1\n", "line 2 contains -1, which is not a grade from 0 to 3"),
        ("4class", "0.5\n1\n", "line 1 contains 0.5, which is not a grade from 0 to 3"),
    ],
)
def test_wrong_ratings_are_named(label, marks, said, unsummed, tmp_path):
    scale(tmp_path, marks, label)
    with pytest.raises(DataError) as caught:
        load("scale_data", root=str(tmp_path), label=label)
    assert str(caught.value).endswith(f"{label}.Dennis+Schwartz: {said}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('"5","a","b"', "line 2 must contain a class from 1 to 4, a title and a text"),
        ('"x","a","b"', "line 2 must contain a class from 1 to 4"),
        ('"1","a"', "line 2 must contain a class from 1 to 4"),
        (f'"1","a","{"b" * 140_000}"', "line 2 cannot be read as CSV"),
    ],
    ids=["class", "word", "short", "long"],
)
def test_wrong_lines_of_news_are_named(line, said, unsummed, tmp_path):
    news(tmp_path, f'"1","a","b"\n{line}\n')
    with pytest.raises(DataError, match=rf"train\.csv: {said}"):
        load("ag_news", root=str(tmp_path))


def test_what_is_no_utf8_is_refused(unsummed, imdb):
    news(imdb, b'"1","a","caf\xe9"\n')
    with pytest.raises(DataError, match=r"train\.csv: is not UTF-8 text \(at byte 12\)"):
        load("ag_news", root=str(imdb))
    write(imdb / "aclImdb/test/neg/1_7.txt", b"\xff")
    with pytest.raises(DataError, match=r"test/neg/1_7\.txt: is not UTF-8 text"):
        load("imdb", root=str(imdb))


def test_an_empty_text_is_named_by_its_number(unsummed, tmp_path):
    write(tmp_path / "rt-polarity/rt-polarity.neg", "dull .\n\nbad .\n")
    write(tmp_path / "rt-polarity/rt-polarity.pos", "good .\n")
    with pytest.raises(DataError, match=r"^data=rt_polarity: text 2 is empty; each text requires at least one token$"):
        load("rt_polarity", root=str(tmp_path))


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_missing_says_how_to_get_it(name, tmp_path):
    with pytest.raises(
        DataError, match=rf": does not exist; run `dropout-lab data get {name}`, or set data\.root=FOLDER"
    ):
        load(name, root=str(tmp_path / "none"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["rt_polarity", "scale_data", "ptb", "tinyshakespeare"])
def test_an_altered_file_is_refused(name, shared, tmp_path):
    folder = PUBLISHED[name].folder
    for file in PUBLISHED[name].files:
        write(tmp_path / folder / file, (shared / folder / file).read_bytes())
    altered = tmp_path / folder / file
    altered.write_bytes(altered.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"is damaged or was changed \(sha256 .*; delete it and download it again"):
        load(name, root=str(tmp_path))
