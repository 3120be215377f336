"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009), which are published as pickles of Python 2."""

import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dropout_lab.data.dataset import DataError
from dropout_lab.data.pickles import plain_pickle
from dropout_lab.data.sums import compare


@dataclass(frozen=True)
class Cifar:
    """The batches of one of the two sets, in the folder of the unpacked archive or still in the archive.

    Args:
        kind: torchvision's class, which knows names and checksums.
    """

    kind: str

    @property
    def published(self) -> Any:
        """What torchvision knows of the set: ``base_folder``, ``filename``, ``train_list``, ``test_list``."""
        from dropout_lab.data.torchvision_import import torchvision

        return getattr(torchvision(), self.kind)

    def find(self, root: Path) -> list[Path]:
        """The batches, or the archive if that alone is there."""
        known = self.published
        archive = root / known.filename
        found = []
        for name, _ in [*known.train_list, *known.test_list]:
            found.append(root / known.base_folder / name)
            if not found[-1].is_file():
                return [archive] if archive.is_file() else found
        return found

    def read(self, files: Sequence[Path]) -> list[np.ndarray]:
        """Images uint8 [N, 3, 32, 32] and labels [N] of both parts.

        Raises:
            DataError: a batch is damaged or is no plain pickle.
        """
        known = self.published
        sums = dict([*known.train_list, *known.test_list])
        whole = self._members(files[0], list(sums)) if files[0].name == known.filename else {}
        found: list[np.ndarray] = []
        for part in (known.train_list, known.test_list):
            images, labels = [], []
            for name, _ in part:
                path = next((path for path in files if path.name == name), files[0])
                content = whole[name] if whole else path.read_bytes()
                compare(path, content, sums[name])
                x, y = _batch(plain_pickle(content, str(path)), path)
                images.append(x)
                labels.append(y)
            found += [np.concatenate(images), np.concatenate(labels)]
        return found

    def _members(self, archive: Path, names: Sequence[str]) -> dict[str, bytes]:
        """The batches out of the archive; nothing is unpacked to disk, so no member can land anywhere."""
        found = {}
        try:
            with tarfile.open(archive) as tar:
                for name in names:
                    member = tar.extractfile(f"{self.published.base_folder}/{name}")
                    assert member is not None
                    found[name] = member.read()
        except (tarfile.TarError, KeyError, AssertionError, EOFError, OSError, zlib.error) as error:
            raise DataError(f"{archive}: is not the archive of {self.kind} or not whole ({error})") from None
        return found


def _batch(content: Any, path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        images, labels = content["data"], content["labels" if "labels" in content else "fine_labels"]
        if images.dtype != np.uint8:
            raise TypeError(f"the images are {images.dtype}")
        return images.reshape(-1, 3, 32, 32), np.array(labels, np.uint8)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(f"{path}: holds no images of 3x32x32 bytes with labels ({error})") from None
