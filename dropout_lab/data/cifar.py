"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), which are published as Python 2 pickles."""

import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dropout_lab.data.checksums import verify_digest
from dropout_lab.data.safe_pickle import load_plain_pickle
from dropout_lab.data.torchvision_import import torchvision
from dropout_lab.errors import DataError


@dataclass(frozen=True)
class CifarFiles:
    """The batch files of CIFAR-10 or CIFAR-100, in the extracted folder or inside the archive.

    Args:
        kind: name of the torchvision class with addresses and checksums.
        folder: folder of the batch files, also inside the archive.
        archive: name of the published archive.
        train: names of the training batch files.
        test: name of the test batch file.
    """

    kind: str
    folder: str
    archive: str
    train: tuple[str, ...]
    test: str

    @property
    def published(self) -> Any:
        """The torchvision class of the set, with ``url``, ``tgz_md5`` and the md5 checksums of the batch files."""
        return getattr(torchvision(), self.kind)

    def find(self, root: Path) -> list[Path]:
        """Return the batch files, or the archive if only that exists."""
        paths = []
        for name in (*self.train, self.test):
            paths.append(root / self.folder / name)
            if not paths[-1].is_file():
                archive = root / self.archive
                return [archive] if archive.is_file() else paths
        return paths

    def read(self, files: Sequence[Path]) -> list[np.ndarray]:
        """Return images uint8 [N, 3, 32, 32] and labels [N] of the training and test set.

        Raises:
            DataError: a batch file is damaged or is not a plain pickle.
        """
        sums = dict([*self.published.train_list, *self.published.test_list])
        names = (*self.train, self.test)
        if files[0].name == self.archive:
            contents = self._members(files[0], names)
            files = [files[0]] * len(names)
        else:
            contents = [path.read_bytes() for path in files]
        batches = []
        for name, path, content in zip(names, files, contents, strict=True):
            verify_digest(path, content, sums[name])
            batches.append(_batch(load_plain_pickle(content, str(path)), path))
        images, labels = ([batch[i] for batch in batches] for i in (0, 1))
        return [np.concatenate(images[:-1]), np.concatenate(labels[:-1]), images[-1], labels[-1]]

    def _members(self, archive: Path, names: Sequence[str]) -> list[bytes]:
        """Return the batch files in the archive, read in memory: no member can be written to an unexpected path."""
        members = []
        try:
            with tarfile.open(archive) as tar:
                for name in names:
                    member = tar.extractfile(f"{self.folder}/{name}")
                    if member is None:
                        raise KeyError(f"{name} is not a file")
                    members.append(member.read())
        except (tarfile.TarError, KeyError, EOFError, OSError, zlib.error) as error:
            raise DataError(f"{archive}: is not the archive of {self.kind}, or is incomplete ({error})") from None
        return members


def _batch(content: Any, path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        images, labels = content["data"], content["labels" if "labels" in content else "fine_labels"]
        if images.dtype != np.uint8:
            raise TypeError(f"the images are {images.dtype}")
        return images.reshape(-1, 3, 32, 32), np.array(labels, np.uint8)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(f"{path}: does not contain images of 3x32x32 bytes with labels ({error})") from None


CIFAR10 = CifarFiles(
    "CIFAR10",
    "cifar-10-batches-py",
    "cifar-10-python.tar.gz",
    tuple(f"data_batch_{i}" for i in range(1, 6)),
    "test_batch",
)
CIFAR100 = CifarFiles("CIFAR100", "cifar-100-python", "cifar-100-python.tar.gz", ("train",), "test")
