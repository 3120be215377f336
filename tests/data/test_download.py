"""Downloads from a loopback server with faults: a file is whole or not there."""

import gzip
import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from dropout_lab.data import DataError, download, load, svhn, uci, vision
from dropout_lab.data import catalog as catalogue
from dropout_lab.data import downloaders as getting
from dropout_lab.data.checksums import joint_digest
from dropout_lab.data.cifar import CIFAR10, CIFAR100
from dropout_lab.data.download import download_file, staging_folder
from dropout_lab.data.torchvision_import import torchvision

BODY = bytes(range(256)) * 1000
MD5 = hashlib.md5(BODY).hexdigest()


@pytest.fixture
def server(server):
    """The server, with a file."""
    server.files["file"] = BODY
    return server


@pytest.mark.parametrize("fault", ["none", "slow", "moody"])
def test_what_arrives_whole_is_kept(fault, server, tmp_path):
    download_file([server.at(fault) + "file"], tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == BODY
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("fault", "md5", "reason"),
    [
        ("cut", MD5, "cut off after 128,000 of 256,000 bytes"),
        ("cut", None, "cut off after 128,000 of 256,000 bytes"),
        ("unmeasured", MD5, f"instead of {MD5}"),
        ("wrong", MD5, f"instead of {MD5}"),
        ("missing", MD5, "HTTP 404 Not Found"),
        ("busy", None, "HTTP 503 Service Unavailable"),
        ("silent", MD5, "timed out"),
    ],
)
def test_what_does_not_is_not(fault, md5, reason, server, tmp_path):
    with pytest.raises(DataError, match=reason) as caught:
        download_file([server.at(fault) + "file"], tmp_path / "file", md5)
    assert list(tmp_path.iterdir()) == []
    assert "\n" not in str(caught.value)
    assert len(server.asked) == (1 if fault == "missing" else download.TRIES)


def test_another_address_helps_out(server, tmp_path):
    addresses = [server.at(fault) + "file" for fault in ("missing", "wrong", "none")]
    download_file(addresses, tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == BODY


def test_no_network_is_said_in_one_line(tmp_path):
    with pytest.raises(DataError, match=r"file: could not be downloaded .*refused") as caught:
        download_file(["http://127.0.0.1:9/file"], tmp_path / "file")
    assert "\n" not in str(caught.value)


def test_a_file_that_was_there_survives_a_failed_download(server, tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(DataError):
        download_file([server.at("cut") + "file"], tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == b"old"


def test_an_interrupted_download_leaves_nothing(server, tmp_path, monkeypatch):
    def interrupted(response, file, bar):
        file.write(response.read(1000))
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_copy", interrupted)
    with pytest.raises(KeyboardInterrupt), staging_folder(tmp_path / "root") as folder:
        download_file([server.at("none") + "file"], folder / "file", MD5)
    assert list(tmp_path.iterdir()) == []


def test_what_is_made_aside_is_moved_only_if_all_went_well(tmp_path):
    def fail(path):
        path.write_bytes(b"x")
        raise DataError("oops")

    with pytest.raises(DataError, match="oops"), staging_folder(tmp_path) as folder:
        fail(folder / "half")
    assert list(tmp_path.iterdir()) == []
    with staging_folder(tmp_path) as folder:
        (folder / "a" / "b").mkdir(parents=True)
        (folder / "a" / "b" / "whole").write_bytes(b"x")
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()] == ["a/b/whole"]
    tmp_path.chmod(0o555)
    with pytest.raises(DataError, match=r"cannot be written; data\.root=FOLDER"), staging_folder(tmp_path):
        pass
    tmp_path.chmod(0o755)


COUNTS = (12, 6)


@pytest.fixture
def mnist(server, monkeypatch):
    """A tiny MNIST at the server, with its sums where torchvision has them."""
    known, contents, resources = torchvision().MNIST, [], []
    for axes, count, name in zip((3, 1, 3, 1), np.repeat(COUNTS, 2), vision.VISION["mnist"].files.names, strict=True):
        shape = (int(count), 28, 28)[:axes]
        values = np.arange(np.prod(shape)).reshape(shape) % (256 if axes == 3 else 10)
        head = bytes([0, 0, 8, axes]) + b"".join(int(n).to_bytes(4, "big") for n in shape)
        contents.append(head + values.astype(np.uint8).tobytes())
        packed = gzip.compress(contents[-1], mtime=0)
        server.files[f"{name}.gz"] = packed
        resources.append((f"{name}.gz", hashlib.md5(packed).hexdigest()))
    monkeypatch.setattr(known, "resources", resources)
    monkeypatch.setattr(known, "mirrors", [server.at("missing"), server.at("none")])
    files = replace(vision.VISION["mnist"].files, md5=tuple(hashlib.md5(c).hexdigest() for c in contents))
    small = replace(vision.VISION["mnist"], files=files, counts=COUNTS)
    monkeypatch.setitem(vision.VISION, "mnist", small)
    entry = catalogue._vision("mnist", "", "")
    monkeypatch.setitem(catalogue.CATALOGUE, "mnist", entry)
    return known


def test_get_check_and_get_again(mnist, server, typed, tmp_path):
    place = f"data.root={tmp_path / 'data'}"
    status, out, err = typed("data", "check", "mnist", place)
    assert (status, out) == (2, "")
    assert "train-images-idx3-ubyte: does not exist; run `dropout-lab data get mnist`" in err
    status, out, err = typed("data", "get", "mnist", place)
    assert (status, err) == (0, "")
    assert out.startswith(f"mnist: is in {tmp_path / 'data'}; 12 (1 to 2 per class) in the training set, 6 (1")
    assert {p.name for p in (tmp_path / "data").iterdir()} == {"MNIST"}
    asked = len(server.asked)
    status, out, _ = typed("data", "get", "mnist", place)
    assert (status, len(server.asked)) == (0, asked)
    assert "is there already" in out
    (tmp_path / "data/MNIST/raw/t10k-labels-idx1-ubyte").unlink()
    assert typed("data", "get", "mnist", place)[0] == 0
    assert [path for path in server.asked[asked:] if "labels" not in path] == []  # only what was missing
    path = tmp_path / "data/MNIST/raw/train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\x05")
    status, _, err = typed("data", "check", place)
    assert status == 2
    assert "train-labels-idx1-ubyte: is damaged or was changed" in err


@pytest.mark.parametrize("fault", ["cut", "wrong", "missing", "silent"])
def test_get_ends_whole_or_not_at_all(fault, mnist, server, typed, tmp_path):
    mnist.mirrors = [server.at(fault)]
    status, out, err = typed("data", "get", "mnist", f"data.root={tmp_path / 'data'}")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_get_of_cifar_unpacks_the_archive(server, tmp_path, monkeypatch):
    known, packed = torchvision().CIFAR100, io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("train", "test", "meta"):
            member = tarfile.TarInfo(f"cifar-100-python/{name}")
            member.size = 4
            archive.addfile(member, io.BytesIO(b"data"))
    server.files["c.tar.gz"] = packed.getvalue()
    monkeypatch.setattr(known, "url", server.at("none") + "c.tar.gz")
    monkeypatch.setattr(known, "tgz_md5", hashlib.md5(packed.getvalue()).hexdigest())
    entry = catalogue.CATALOGUE["cifar100"]
    entry.get(tmp_path)
    assert entry.present(tmp_path)
    assert {p.name for p in tmp_path.rglob("*") if p.is_file()} == {"train", "test", "meta"}
    with pytest.raises(DataError, match="cifar-100-python/train: is damaged or was changed"):
        catalogue.verify_dataset(entry, tmp_path)


def test_get_of_emnist_takes_the_balanced_files_out_of_the_archive(server, tmp_path, monkeypatch):
    known, packed, names = torchvision().EMNIST, io.BytesIO(), vision.VISION["emnist"].files.names
    with zipfile.ZipFile(packed, "w") as archive:
        for name in (*names, "emnist-letters-train-images-idx3-ubyte"):
            archive.writestr(f"gzip/{name}.gz", gzip.compress(name.encode()))
    server.files["gzip.zip"] = packed.getvalue()
    monkeypatch.setattr(known, "url", server.at("none") + "gzip.zip")
    monkeypatch.setattr(known, "md5", hashlib.md5(packed.getvalue()).hexdigest())
    entry = catalogue.CATALOGUE["emnist"]
    entry.get(tmp_path)
    assert entry.present(tmp_path)
    found = {p.name: p.read_text() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == {name: name for name in names}


def test_get_of_svhn_takes_what_is_missing(server, tmp_path, monkeypatch):
    lists = {part: [server.at("none") + part, f"{part}_32x32.mat", MD5] for part in ("train", "test")}
    monkeypatch.setattr(torchvision().SVHN, "split_list", lists)
    server.files |= {"train": BODY, "test": BODY}
    entry = catalogue.CATALOGUE["svhn"]
    entry.get(tmp_path)
    assert entry.present(tmp_path)
    (tmp_path / "test_32x32.mat").unlink()
    entry.get(tmp_path)
    assert entry.present(tmp_path)
    assert [path.rpartition("/")[2] for path in server.asked] == ["train", "test", "test"]


def test_the_layout_is_torchvisions():
    known = torchvision()
    for ours in (CIFAR10, CIFAR100):
        theirs = getattr(known, ours.kind)
        assert (ours.folder, ours.archive) == (theirs.base_folder, theirs.filename)
        batches = [name for name, _ in [*theirs.train_list, *theirs.test_list]]
        assert [*ours.train, ours.test] == batches
    assert {name for _, name, _ in known.SVHN.split_list.values()} >= set(svhn.FILES)
    for name in ("mnist", "fashion_mnist", "kmnist"):
        files = vision.VISION[name].files
        assert {f"{n}.gz" for n in files.names} == {n for n, _ in getattr(known, files.folder).resources}
    assert tuple(known.FashionMNIST.classes) == vision.VISION["fashion_mnist"].classes
    assert tuple(known.KMNIST.classes) == vision.VISION["kmnist"].classes
    assert tuple(known.EMNIST.classes_split_dict["balanced"]) == vision.VISION["emnist"].classes


def test_get_of_one_of_the_uci_sets(server, tmp_path, monkeypatch):
    published = tmp_path / "published"
    published.mkdir()
    files = {"data.txt": "1 2 3\n4 5 6\n", "index_features.txt": "0\n1\n", "index_target.txt": "2\n"}
    files |= {"index_train_0.txt": "0\n", "index_test_0.txt": "1\n"}
    for name, text in files.items():
        (published / name).write_text(text)
        server.files[name] = text.encode()
    table = uci.UCISet(2, 2, 1, joint_digest(published, list(files)))
    monkeypatch.setitem(uci.TABLES, "yacht", table)
    monkeypatch.setattr(getting, "ADDRESS", server.at("none").replace("{", "").replace("}", ""))
    getting.download_uci("yacht", tmp_path)
    dataset = load("uci", name="yacht", root=str(tmp_path))
    assert (dataset.x.tolist(), dataset.y.tolist(), dataset.test.tolist()) == ([[1, 2], [4, 5]], [3, 6], [1])
    server.files["index_test_0.txt"] += b"1.0\n"
    with pytest.raises(DataError, match="differ from the published files; no file was saved"):
        getting.download_uci("yacht", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_get_of_year_prediction(server, tmp_path, monkeypatch):
    monkeypatch.setattr(uci, "YEAR_ROWS", 3)
    with zipfile.ZipFile(tmp_path / "year.zip", "w") as archive:
        archive.writestr("YearPredictionMSD.txt", ("2001" + 90 * ",0.5" + "\n") * 3)
    server.files["year.zip"] = (tmp_path / "year.zip").read_bytes()
    monkeypatch.setattr(getting, "YEAR_ADDRESS", server.at("none") + "year.zip")
    entry = catalogue.CATALOGUE["year_prediction_msd"]
    entry.get(tmp_path / "data")
    assert catalogue.verify_dataset(entry, tmp_path / "data") == "3 rows"
    monkeypatch.setattr(uci, "YEAR_ROWS", 4)
    with pytest.raises(DataError, match="holds 3 x 91 numbers instead of 4 x 91"):
        entry.get(tmp_path / "other")
    assert not (tmp_path / "other").exists()
