"""The vision sets: the real ones where they are, and tiny ones in the true formats."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from scipy.io import savemat

from dropout_lab.data import DataError, load, vision
from dropout_lab.data.torchvision_import import torchvision

RANDOM = np.random.default_rng(7)
COUNTS = (12, 6)


def idx(values):
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def md5(content):
    return hashlib.md5(content).hexdigest()


def smaller(monkeypatch, name, **changes):
    """The set of this name with so few images."""
    monkeypatch.setitem(vision.VISION, name, replace(vision.VISION[name], counts=COUNTS, **changes))


def small_labels(classes):
    return [(np.arange(count) % classes).astype(np.uint8) for count in COUNTS]


@pytest.mark.parametrize(
    ("name", "train", "test"),
    [
        (
            "mnist",
            [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
            [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
        ),
        ("fashion_mnist", [6000] * 10, [1000] * 10),
    ],
)
def test_the_real_sets_have_their_counts_per_class(name, train, test, shared):
    dataset = load(name, root=str(shared))
    assert (dataset.x.shape, dataset.x.dtype) == ((70_000, 1, 28, 28), np.uint8)
    assert isinstance(dataset.x, np.memmap)
    assert dataset.test.tolist() == list(range(60_000, 70_000))
    assert np.bincount(dataset.y[:60_000]).tolist() == train
    assert np.bincount(dataset.y[60_000:]).tolist() == test
    assert dataset.outputs == 10


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist", "emnist"])
def test_idx_sets(name, packed, tmp_path, monkeypatch):
    files = vision.VISION[name].files
    images = [RANDOM.integers(0, 256, (count, 28, 28), np.uint8) for count in COUNTS]
    labels = small_labels(10)
    contents = [idx(v) for pair in zip(images, labels, strict=True) for v in pair]
    if files.md5:
        files = replace(files, md5=tuple(map(md5, contents)))
    smaller(monkeypatch, name, files=files)
    folder = tmp_path / files.folder / "raw"
    folder.mkdir(parents=True)
    for file, content in zip(files.names, contents, strict=True):
        if packed:
            (folder / f"{file}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / file).write_bytes(content)
    dataset = vision.read_vision(name, str(tmp_path))
    upright = [i.transpose(0, 2, 1) if name == "emnist" else i for i in images]
    assert np.array_equal(dataset.x, np.concatenate(upright)[:, None])
    assert dataset.y.tolist() == np.concatenate(labels).tolist()
    assert dataset.test.tolist() == list(range(12, 18))
    assert dataset.outputs == (47 if name == "emnist" else 10)


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A tiny MNIST on disk: its folder and its files."""
    parts = [RANDOM.integers(0, 256, (count, 28, 28), np.uint8) for count in COUNTS]
    contents = [idx(v) for pair in zip(parts, small_labels(10), strict=True) for v in pair]
    smaller(monkeypatch, "mnist", files=replace(vision.VISION["mnist"].files, md5=tuple(map(md5, contents))))
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    names = vision.VISION["mnist"].files.names
    for file, content in zip(names, contents, strict=True):
        (folder / file).write_bytes(content)
    return [folder / name for name in names]


def test_a_second_start_decodes_nothing(mnist, monkeypatch):
    root = str(mnist[0].parents[2])
    first = vision.read_vision("mnist", root)
    monkeypatch.setattr(vision, "read_idx", lambda *arguments: pytest.fail("decoded again"))
    second = vision.read_vision("mnist", root)
    assert isinstance(second.x, np.memmap)
    assert second.x.filename == first.x.filename
    assert np.array_equal(second.x, first.x)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda content: content[:-100], "may be truncated"),
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "damaged or was changed"),
        (lambda content: b"<html>" + content[6:], "is not an IDX file of bytes with 3 axes"),
        (lambda content: content[:2], "is not an IDX file"),
        (lambda content: b"", "is not an IDX file"),
        (lambda content: idx(np.zeros((12, 27, 28), np.uint8)), "damaged or was changed"),
    ],
)
def test_a_spoilt_file_is_named(mnist, spoil, message):
    mnist[0].write_bytes(spoil(mnist[0].read_bytes()))
    with pytest.raises(DataError, match=message) as caught:
        vision.read_vision("mnist", str(mnist[0].parents[2]))
    assert str(mnist[0]) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_how_to_get_it(mnist):
    mnist[3].unlink()
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte: does not exist; run `dropout-lab data get mnist`"):
        vision.read_vision("mnist", str(mnist[0].parents[2]))


def test_a_broken_gzip_file_is_named(mnist):
    packed = gzip.compress(mnist[0].read_bytes())
    mnist[0].unlink()
    for broken in (packed[:-20], packed[:50] + b"xx" + packed[52:], b"no gzip"):
        mnist[0].with_name(f"{mnist[0].name}.gz").write_bytes(broken)
        with pytest.raises(DataError, match="is a broken gzip file"):
            vision.read_vision("mnist", str(mnist[0].parents[2]))


@pytest.mark.parametrize("wrong", ["labels", "shape", "count"])
def test_another_set_under_this_name_is_refused(wrong, tmp_path, monkeypatch):
    smaller(monkeypatch, "kmnist")
    folder = tmp_path / "KMNIST" / "raw"
    folder.mkdir(parents=True)
    shape = (27, 28) if wrong == "shape" else (28, 28)
    for stem, count in zip(("train", "t10k"), COUNTS, strict=True):
        count += wrong == "count"
        (folder / f"{stem}-images-idx3-ubyte").write_bytes(idx(np.zeros((count, *shape), np.uint8)))
        labels = np.full(count, 10 if wrong == "labels" else 9, np.uint8)
        (folder / f"{stem}-labels-idx1-ubyte").write_bytes(idx(labels))
    with pytest.raises(DataError, match="KMNIST/raw: is not kmnist: got images of"):
        vision.read_vision("kmnist", str(tmp_path))


def batch(images, labels, key):
    """A CIFAR batch as published: protocol 2, as Python 2 writes it."""
    return pickle.dumps({"data": images.reshape(len(images), -1), key: labels, "batch_label": "a part"}, protocol=2)


@pytest.fixture(params=["cifar10", "cifar100"])
def cifar(request, tmp_path, monkeypatch):
    """A tiny CIFAR on disk, with its checksums where torchvision's are: name, folder, images and labels."""
    known = getattr(torchvision(), request.param.upper())
    ten = request.param == "cifar10"
    counts = [2, 2, 2, 3, 3, 6] if ten else [12, 6]
    images = RANDOM.integers(0, 256, (18, 3, 32, 32), np.uint8)
    labels = RANDOM.integers(0, 10, 18).tolist()
    folder = tmp_path / known.base_folder
    folder.mkdir()
    lists, start = [], 0
    for (name, _), count in zip([*known.train_list, *known.test_list], counts, strict=True):
        rows = slice(start, start + count)
        content = batch(images[rows], labels[rows], "labels" if ten else "fine_labels")
        (folder / name).write_bytes(content)
        lists.append([name, md5(content)])
        start += count
    monkeypatch.setattr(known, "train_list", lists[:-1])
    monkeypatch.setattr(known, "test_list", lists[-1:])
    smaller(monkeypatch, request.param)
    return request.param, folder, images, labels


@pytest.mark.parametrize("packed", [False, True])
def test_cifar(cifar, packed):
    name, folder, images, labels = cifar
    if packed:
        with tarfile.open(folder.parent / f"{name[:5]}-{name[5:]}-python.tar.gz", "w:gz") as tar:
            tar.add(folder, folder.name)
        for path in folder.iterdir():
            path.unlink()
    dataset = vision.read_vision(name, str(folder.parent))
    assert np.array_equal(dataset.x, images)
    assert dataset.y.tolist() == labels
    assert dataset.outputs == int(name[5:])
    if packed:
        assert list(folder.iterdir()) == []  # read in the archive, nothing unpacked


def test_a_cifar_batch_that_is_a_program_is_not_run(cifar, monkeypatch, tmp_path):
    name, folder, _, _ = cifar
    known = getattr(torchvision(), name.upper())
    mark = tmp_path / "it ran"

    class Trojan:
        def __reduce__(self):
            return (open, (str(mark), "w"))

    content = pickle.dumps({"data": Trojan(), "labels": []}, protocol=2)
    (folder / known.test_list[0][0]).write_bytes(content)
    with pytest.raises(DataError, match="damaged or was changed"):
        vision.read_vision(name, str(folder.parent))
    monkeypatch.setattr(known, "test_list", [[known.test_list[0][0], md5(content)]])
    with pytest.raises(DataError, match=r"is not a pickle of plain arrays and is not loaded \(it requires .*open\)"):
        vision.read_vision(name, str(folder.parent))
    assert not mark.exists()


def test_cifar_with_an_archive_that_is_cut_off(cifar):
    name, folder, _, _ = cifar
    archive = folder.parent / f"{name[:5]}-{name[5:]}-python.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, folder.name)
    archive.write_bytes(archive.read_bytes()[:-2000])
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"python\.tar\.gz: is not the archive of CIFAR100?"):
        vision.read_vision(name, str(folder.parent))


@pytest.mark.parametrize("below", ["", "SVHN"])
def test_svhn(below, tmp_path, monkeypatch):
    known, lists = torchvision().SVHN, {}
    images = [RANDOM.integers(0, 256, (count, 3, 32, 32), np.uint8) for count in COUNTS]
    labels = [np.arange(count) % 10 + 1 for count in COUNTS]
    (tmp_path / below).mkdir(exist_ok=True)
    for part, x, y in zip(("train", "test"), images, labels, strict=True):
        file = io.BytesIO()
        savemat(file, {"X": x.transpose(2, 3, 1, 0), "y": y[:, None].astype(np.uint8)})
        (tmp_path / below / f"{part}_32x32.mat").write_bytes(file.getvalue())
        lists[part] = ["", f"{part}_32x32.mat", md5(file.getvalue())]
    monkeypatch.setattr(known, "split_list", lists)
    smaller(monkeypatch, "svhn")
    dataset = vision.read_vision("svhn", str(tmp_path))
    assert np.array_equal(dataset.x, np.concatenate(images))
    assert dataset.y.tolist() == (np.concatenate(labels) % 10).tolist()  # class 10 is the digit 0
    (tmp_path / below / "test_32x32.mat").write_bytes(b"MATLAB 5.0 and no more")
    with pytest.raises(DataError, match=r"test_32x32\.mat: is damaged or was changed"):
        vision.read_vision("svhn", str(tmp_path))
    lists["test"][2] = md5(b"MATLAB 5.0 and no more")
    with pytest.raises(DataError, match=r"test_32x32\.mat: is not a MATLAB file"):
        vision.read_vision("svhn", str(tmp_path))
