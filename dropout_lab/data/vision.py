"""The vision sets in torchvision's layout: location, decoding and verification of the files.

torchvision's own readers are not used because they trust the files: they unpickle CIFAR without restrictions, and a
truncated file ends in an assertion error. Addresses and checksums are torchvision's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np

from dropout_lab.data.cache import Arrays, load_or_decode
from dropout_lab.data.cifar import CIFAR10, CIFAR100
from dropout_lab.data.dataset import Dataset
from dropout_lab.data.idx import read_idx
from dropout_lab.data.paths import data_root
from dropout_lab.data.source import DataSource
from dropout_lab.data.svhn import SVHNFiles
from dropout_lab.errors import DataError

DIGITS = tuple("0123456789")
FASHION = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
KANA = "o,ki,su,tsu,na,ha,ma,ya,re,wo"
OBJECTS = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck"
# Letters whose lower and upper case look the same share one class (Cohen et al. 2017).
BALANCED = (*DIGITS, *"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *"abdefghnqrt")
# Checksums of the decompressed files: training images and labels, test images and labels. torchvision lists only those
# of the archives.
MNIST_MD5 = (
    "6bbc9ace898e44ae57da46a324031adb",
    "a25bea736e30d166cdddb491f175f624",
    "2646ac647ad5339dbf082846283269ea",
    "27ae3e4e09519cfbb04c329615203637",
)
FASHION_MD5 = (
    "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "9018921c3c673c538a1fc5bad174d6f9",
    "8181f5470baa50b63fa0f6fddb340f0a",
    "15d484375f8d13e6eb1aabb0c3f46965",
)


class VisionFiles(Protocol):
    """The files of one set on disk."""

    def find(self, root: Path) -> list[Path]:
        """Return the files of the set; the first missing file ends the list."""
        ...

    def read(self, files: Sequence[Path]) -> list[np.ndarray]:
        """Return training images uint8 [N, C, H, W] and labels [N], test images and labels."""
        ...


@dataclass(frozen=True)
class IdxFiles:
    """Four IDX files in ``<folder>/raw``, plain or as ``.gz``.

    Args:
        folder: torchvision's name of the folder.
        stems: prefixes of the names of training and test files.
        md5: checksums of the decompressed files, where known.
        transposed: whether rows and columns of each image are swapped in the file.
    """

    folder: str
    stems: tuple[str, str] = ("train", "t10k")
    md5: tuple[str, ...] = ()
    transposed: bool = False

    @property
    def names(self) -> list[str]:
        return [f"{stem}-{kind}-ubyte" for stem in self.stems for kind in ("images-idx3", "labels-idx1")]

    def find(self, root: Path) -> list[Path]:
        paths = []
        for name in self.names:
            plain, packed = root / self.folder / "raw" / name, root / self.folder / "raw" / f"{name}.gz"
            paths.append(packed if packed.is_file() and not plain.is_file() else plain)
            if not paths[-1].is_file():
                break
        return paths

    def read(self, files: Sequence[Path]) -> list[np.ndarray]:
        sums: Sequence[str | None] = self.md5 or [None] * 4
        parts = [read_idx(path, 1 if i % 2 else 3, md5) for i, (path, md5) in enumerate(zip(files, sums, strict=True))]
        for images in (0, 2):
            upright = parts[images].transpose(0, 2, 1) if self.transposed else parts[images]
            parts[images] = upright[:, None]
        return parts


@dataclass(frozen=True)
class VisionSet:
    """A vision set.

    Args:
        name: as in ``data=``.
        files: its files on disk.
        classes: the names of the classes.
        counts: number of training and test images.
        shape: shape of an image, [C, H, W].
    """

    name: str
    files: VisionFiles
    classes: tuple[str, ...]
    counts: tuple[int, int]
    shape: tuple[int, int, int] = field(default=(1, 28, 28))

    def decode(self, files: Sequence[Path]) -> Arrays:
        """Decode the set to arrays x and y: first the training set, then the test set.

        Raises:
            DataError: a file is damaged, or its content is not this set.
        """
        train, train_labels, test, test_labels = self.files.read(files)
        for images, labels, count in ((train, train_labels, self.counts[0]), (test, test_labels, self.counts[1])):
            wanted = (count, *self.shape)
            if images.shape != wanted or labels.shape != (count,) or labels.max() >= len(self.classes):
                raise DataError(
                    f"{files[0].parent}: is not {self.name}: got images of {images.shape} and labels of "
                    f"{labels.shape}, but expected {wanted} and ({count},) with {len(self.classes)} classes"
                )
        x, y = np.concatenate([train, test]), np.concatenate([train_labels, test_labels])
        return {"x": np.ascontiguousarray(x), "y": y.astype(np.int64)}


ALL = [
    VisionSet("mnist", IdxFiles("MNIST", md5=MNIST_MD5), DIGITS, (60_000, 10_000)),
    VisionSet("fashion_mnist", IdxFiles("FashionMNIST", md5=FASHION_MD5), tuple(FASHION.split(",")), (60_000, 10_000)),
    VisionSet("kmnist", IdxFiles("KMNIST"), tuple(KANA.split(",")), (60_000, 10_000)),
    VisionSet(
        "emnist",
        IdxFiles("EMNIST", ("emnist-balanced-train", "emnist-balanced-test"), transposed=True),
        BALANCED,
        (112_800, 18_800),
    ),
    VisionSet("cifar10", CIFAR10, tuple(OBJECTS.split(",")), (50_000, 10_000), (3, 32, 32)),
    VisionSet("cifar100", CIFAR100, tuple(f"class {i}" for i in range(100)), (50_000, 10_000), (3, 32, 32)),
    VisionSet("svhn", SVHNFiles(), DIGITS, (73_257, 26_032), (3, 32, 32)),
]
VISION = {vision.name: vision for vision in ALL}


class VisionSource(DataSource):
    """The vision sets."""

    kinds: ClassVar[tuple[str, ...]] = (
        "mnist",
        "fashion_mnist",
        "kmnist",
        "emnist",
        "cifar10",
        "cifar100",
        "svhn",
    )
    official_test: ClassVar[bool] = True


def read_vision(name: str, root: str = "") -> Dataset:
    """Return a vision set with its official test set.

    Raises:
        DataError: files are missing, damaged or differ from the published ones.
    """
    vision, place = VISION[name], data_root(root)
    files = vision.files.find(place)
    if not files[-1].is_file():
        raise DataError(f"{files[-1]}: does not exist; run `dropout-lab data get {name}`, or set data.root=FOLDER")
    arrays = load_or_decode(name, files, place, lambda: vision.decode(files))
    test = np.arange(vision.counts[0], sum(vision.counts))
    return Dataset(name, "classification", arrays["x"], arrays["y"], vision.classes, test=test)


READERS: dict[str, Callable[..., Dataset]] = {name: partial(read_vision, name) for name in VISION}
