"""Downloads of the text sets: whole and as published, or not at all."""

import hashlib
import io
import pickle
import re
import socket
import tarfile
import zipfile
import zlib
from dataclasses import replace

import pytest
from sklearn.utils import Bunch

from dropout_lab.data import DataError, download
from dropout_lab.data import catalog as catalogue
from dropout_lab.data import text_sources as textfiles
from dropout_lab.data.checksums import ALGORITHMS
from dropout_lab.data.text_sources import NEWSGROUPS, PUBLISHED

ENTRIES = catalogue.CATALOGUE


def tarred(members):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def zipped(members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def md5(content):
    return hashlib.md5(content).hexdigest()


def names_in(root):
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def meant(monkeypatch):
    """Changes what is published, as ``meant("ptb", address=...)``."""

    def change(name, **changes):
        monkeypatch.setitem(PUBLISHED, name, replace(PUBLISHED[name], **changes))

    return change


FAULTS = [
    ("cut", "cut off after"),
    ("unmeasured", r"got md5 \w+, expected"),
    ("wrong", r"got md5 \w+, expected"),
    ("missing", "HTTP 404 Not Found"),
    ("silent", "timed out"),
]

SENTENCES = {"rt-polarity.neg": b"bad film .\n" * 900, "rt-polarity.pos": b"good film .\n" * 1000}
SUMS = {name: hashlib.sha256(content).hexdigest() for name, content in SENTENCES.items()}


@pytest.fixture
def rt(server, meant):
    """Sentences at the server: as an archive, and as single files."""
    server.files |= SENTENCES
    server.files["rt.tar.gz"] = tarred({f"rt-polaritydata/{name}": held for name, held in SENTENCES.items()})
    archive, address = server.at("none") + "rt.tar.gz", server.at("none")
    meant("rt_polarity", files=SUMS, archives=(archive,), address=address)
    return meant


def test_an_archive_is_enough(rt, server, typed, tmp_path):
    status, out, err = typed("data", "get", "rt_polarity", f"data.root={tmp_path / 'data'}")
    assert (status, err) == (0, "")
    assert out == f"rt_polarity: is in {tmp_path / 'data'}; 1,900 (900 to 1,000 per class)\n"
    assert names_in(tmp_path / "data") == {f"rt-polarity/{name}" for name in SENTENCES}
    assert server.asked == ["/none/rt.tar.gz"]
    status, out, _ = typed("data", "get", "rt_polarity", f"data.root={tmp_path / 'data'}")
    assert (status, len(server.asked)) == (0, 1)
    assert "is already in" in out


@pytest.mark.parametrize("fault", ["missing", "altered", "lacking", "climbing", "broken"])
def test_single_files_stand_in_for_another_archive(fault, rt, server, tmp_path):
    others = {
        "altered": tarred({f"x/{name}": held + b"more .\n" for name, held in SENTENCES.items()}),
        "lacking": tarred({"x/rt-polarity.neg": SENTENCES["rt-polarity.neg"]}),
        "climbing": tarred({f"../{name}": held for name, held in SENTENCES.items()}),
        "broken": server.files["rt.tar.gz"][:-40],
    }
    server.files["rt.tar.gz"] = others.get(fault)
    ENTRIES["rt_polarity"].get(tmp_path / "data")
    assert names_in(tmp_path) == {f"data/rt-polarity/{name}" for name in SENTENCES}
    assert catalogue.verify_dataset(ENTRIES["rt_polarity"], tmp_path / "data") == "1,900 (900 to 1,000 per class)"


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_neither_archive_nor_files_leaves_nothing(fault, reason, rt, server, typed, tmp_path):
    if fault == "wrong":  # the last byte of a .gz matters to nobody
        server.files["rt.tar.gz"] = tarred({f"x/{name}": held[:-1] for name, held in SENTENCES.items()})
    rt("rt_polarity", archives=(server.at(fault) + "rt.tar.gz",), address=server.at(fault))
    status, out, err = typed("data", "get", "rt_polarity", f"data.root={tmp_path / 'data'}")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert not (tmp_path / "data").exists()
    with pytest.raises(DataError, match=reason.replace("md5", "sha256")):
        ENTRIES["rt_polarity"].get(tmp_path / "data")


def test_names_with_signs_are_asked_for_as_addresses(server, meant, tmp_path):
    files = PUBLISHED["scale_data"].files
    meant("scale_data", files=dict.fromkeys(files, md5(b"1\n")), archives=(), address=server.at("none"))
    server.files |= {name.replace("+", "%2B"): b"1\n" for name in files}
    ENTRIES["scale_data"].get(tmp_path)
    assert names_in(tmp_path) == {f"scale-data/{name}" for name in files}
    assert ENTRIES["scale_data"].present(tmp_path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ag_news", "80 (40 per class) in the training set, 80 (40 per class) in the test set"),
        ("ptb", "160 + 160 + 160 tokens"),
        ("tinyshakespeare", "864 + 48 + 48 tokens"),
    ],
)
def test_single_files_without_an_archive(name, said, server, meant, tmp_path):
    lines = b'"1","a","b"\n"2","c","d"\n' * 40
    meant(name, files=dict.fromkeys(PUBLISHED[name].files, md5(lines)), address=server.at("none"))
    server.files |= dict.fromkeys(PUBLISHED[name].files, lines)
    ENTRIES[name].get(tmp_path / "data")
    assert catalogue.verify_dataset(ENTRIES[name], tmp_path / "data") == said
    meant(name, address=server.at("wrong"))
    with pytest.raises(DataError, match=r"could not be downloaded .* got md5"):
        ENTRIES[name].get(tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_only_what_is_missing_is_fetched(rt, server, tmp_path):
    ENTRIES["rt_polarity"].get(tmp_path)
    (tmp_path / "rt-polarity" / "rt-polarity.pos").unlink()
    ENTRIES["rt_polarity"].get(tmp_path)
    assert server.asked == ["/none/rt.tar.gz", "/none/rt-polarity.pos"]
    assert names_in(tmp_path) == {f"rt-polarity/{name}" for name in SENTENCES}


TOKENS = {f"wiki.{part}.tokens": f" = {part} = \n \n A word . \n".encode() for part in ("train", "valid", "test")}


@pytest.fixture
def wikitext(server, meant):
    packed = zipped({f"wikitext-2/{name}": held for name, held in TOKENS.items()})
    server.files["wiki.zip"] = packed

    def at(*faults):
        addresses = tuple(server.at(fault) + "wiki.zip" for fault in faults)
        files = {name: hashlib.sha1(held).hexdigest() for name, held in TOKENS.items()}
        meant("wikitext2", files=files, archives=addresses, archive_sum=md5(packed))

    return at


def test_wikitext2_by_the_address_that_has_it(wikitext, tmp_path):
    wikitext("missing", "wrong", "none")
    ENTRIES["wikitext2"].get(tmp_path)
    assert names_in(tmp_path) == {f"wikitext-2/{name}" for name in TOKENS}
    assert catalogue.verify_dataset(ENTRIES["wikitext2"], tmp_path) == "9 + 9 + 9 tokens"
    path = tmp_path / "wikitext-2" / "wiki.test.tokens"
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(DataError, match=r"wiki\.test\.tokens: is damaged or was changed \(sha1"):
        catalogue.verify_dataset(ENTRIES["wikitext2"], tmp_path)


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_wikitext2_whole_or_not_at_all(fault, reason, wikitext, tmp_path):
    wikitext(fault)
    with pytest.raises(DataError, match=reason) as caught:
        ENTRIES["wikitext2"].get(tmp_path / "data")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "data").exists()


REVIEWS = {f"aclImdb/{part}/{i}_1.txt": b"A film." for part in textfiles.IMDB_PARTS for i in (0, 1)}
OTHERS = {"aclImdb/README": b"x", "aclImdb/train/unsup/0_0.txt": b"x", "aclImdb/train/neg/deep/0.txt": b"x"}


@pytest.fixture
def imdb(server, meant, monkeypatch):
    monkeypatch.setattr(textfiles, "IMDB_REVIEWS", 2)

    def serve(members, fault="none"):
        server.files["imdb.tar.gz"] = tarred(members)
        meant("imdb", archives=(server.at(fault) + "imdb.tar.gz",), archive_sum=md5(server.files["imdb.tar.gz"]))

    return serve


def test_imdb_keeps_the_reviews_alone(imdb, tmp_path):
    imdb(REVIEWS | OTHERS)
    assert not ENTRIES["imdb"].present(tmp_path)
    ENTRIES["imdb"].get(tmp_path)
    assert names_in(tmp_path) == set(REVIEWS)
    assert ENTRIES["imdb"].present(tmp_path)
    assert (
        catalogue.verify_dataset(ENTRIES["imdb"], tmp_path)
        == "4 (2 per class) in the training set, 4 (2 per class) in the test set"
    )


def test_imdb_with_a_review_too_few_is_not_kept(imdb, tmp_path):
    imdb({name: held for name, held in REVIEWS.items() if name != "aclImdb/test/pos/1_1.txt"})
    with pytest.raises(DataError, match="test/pos/all 2 reviews: does not exist"):
        ENTRIES["imdb"].get(tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_imdb_whole_or_not_at_all(fault, reason, imdb, tmp_path):
    imdb(REVIEWS, fault)
    with pytest.raises(DataError, match=reason):
        ENTRIES["imdb"].get(tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_newsgroups_by_scikit_learn(server, tmp_path, monkeypatch):
    """scikit-learn itself, with a small archive in the place of the real one."""
    from sklearn.datasets import _twenty_newsgroups as theirs

    groups = ("alt.atheism", "sci.space")
    archive = tarred(
        {
            f"20news-bydate-{part}/{group}/{i}": f"From: x\n\nAbout {group}\n\nend".encode()
            for part in ("train", "test")
            for group in groups
            for i in range(2)
        }
    )
    server.files["news.tar.gz"] = archive
    remote = theirs.ARCHIVE._replace(
        url=server.at("none") + "news.tar.gz", checksum=hashlib.sha256(archive).hexdigest()
    )
    monkeypatch.setattr(theirs, "ARCHIVE", remote)
    ENTRIES["newsgroups20"].get(tmp_path / "data")
    assert names_in(tmp_path) == {f"data/{NEWSGROUPS}"}
    said = "4 (2 per class) in the training set, 4 (2 per class) in the test set"
    assert catalogue.verify_dataset(ENTRIES["newsgroups20"], tmp_path / "data") == said
    held = pickle.loads(zlib.decompress((tmp_path / "data" / NEWSGROUPS).read_bytes()))
    assert isinstance(held["train"], Bunch)
    for fault in ("cut", "wrong", "missing"):
        monkeypatch.setattr(theirs, "ARCHIVE", remote._replace(url=server.at(fault) + "news.tar.gz"))
        with monkeypatch.context() as patch:
            patch.setattr("time.sleep", lambda seconds: None)  # between its tries
            with pytest.raises(DataError, match=r"^newsgroups20: could not be downloaded .*; no file was saved$"):
                ENTRIES["newsgroups20"].get(tmp_path / "other")
        assert not (tmp_path / "other").exists()


def test_the_timeout_of_others_is_put_back():
    def fails():
        seen.append(socket.getdefaulttimeout())
        raise OSError("no way\nout")

    seen = [socket.getdefaulttimeout()]
    with (
        pytest.raises(DataError, match=r"^x: could not be downloaded \(no way out\)"),
        download.limit_sklearn_downloads("x"),
    ):
        fails()
    assert [*seen, socket.getdefaulttimeout()] == [seen[0], download.TIMEOUT, seen[0]]


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_published_is_known_by_sums(name):
    published = PUBLISHED[name]
    addresses = [*published.archives, *([published.address] if published.address else [])]
    assert addresses or name == "newsgroups20"
    assert all(re.fullmatch(r"https://[\w.-]+/[\w~/.-]+", address) for address in addresses)
    single = [sum_ for sum_ in published.files.values() if len(sum_) in ALGORITHMS]
    assert len(single) == len(published.files) or name == "newsgroups20"
    assert single or published.archive_sum or name == "newsgroups20"
