"""Street View House Numbers, cropped digits (Netzer et al. 2011), published as MATLAB files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dropout_lab.data.checksums import file_digest
from dropout_lab.data.torchvision_import import torchvision
from dropout_lab.errors import DataError

FILES = ("train_32x32.mat", "test_32x32.mat")


class SVHNFiles:
    """The two ``.mat`` files, in the root as with torchvision, or in a folder ``SVHN``."""

    @property
    def published(self) -> Any:
        """torchvision's entries of the training and the test set: address, file name, md5."""
        known = torchvision().SVHN.split_list
        return [known["train"], known["test"]]

    def find(self, root: Path) -> list[Path]:
        """Return the two files; only the first if it is missing."""
        folder = root / "SVHN" if (root / "SVHN" / FILES[0]).is_file() else root
        files = [folder / name for name in FILES]
        return files if files[0].is_file() else files[:1]

    def read(self, files: Sequence[Path]) -> list[np.ndarray]:
        """Return images uint8 [N, 3, 32, 32] and labels [N], training then test set; class 10 of a file is digit 0.

        Raises:
            DataError: a file is damaged or altered.
        """
        from scipy.io import loadmat

        contents: list[np.ndarray] = []
        for path, (_, _, md5) in zip(files, self.published, strict=True):
            if file_digest(path, "md5") != md5:
                raise DataError(
                    f"{path}: is damaged or was changed (its md5 is not {md5}); delete it and download it again"
                )
            try:
                content = loadmat(path, variable_names=["X", "y"])
                images, labels = content["X"].transpose(3, 2, 0, 1), content["y"].ravel()
            except Exception as error:  # scipy's reader raises many types on damaged files
                raise DataError(f"{path}: is not a MATLAB file with X and y ({type(error).__name__})") from None
            contents += [images.astype(np.uint8), (labels % 10).astype(np.uint8)]
        return contents
