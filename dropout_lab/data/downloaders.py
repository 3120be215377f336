"""Downloads of the public vision and UCI sets: fetched, verified, and stored where the reader expects them."""

from pathlib import Path
from typing import Any

from dropout_lab.data.archives import extract_archive, gunzip
from dropout_lab.data.checksums import joint_digest
from dropout_lab.data.cifar import CifarFiles
from dropout_lab.data.download import download_file, staging_folder
from dropout_lab.data.svhn import SVHNFiles
from dropout_lab.data.torchvision_import import torchvision
from dropout_lab.data.uci import ADDRESS, TABLES, YEAR_ADDRESS, list_year_files, read_year
from dropout_lab.data.vision import VISION, IdxFiles
from dropout_lab.errors import DataError


def download_vision(name: str, root: Path) -> None:
    """Download the missing files of a vision set, with torchvision's addresses and checksums.

    Raises:
        DataError: the download failed; the root is unchanged.
    """
    files = VISION[name].files
    with staging_folder(root) as folder:
        if isinstance(files, CifarFiles):
            known = files.published
            download_file([known.url], folder / files.archive, known.tgz_md5)
            extract_archive(folder / files.archive, folder)
        elif isinstance(files, SVHNFiles):
            for address, file, md5 in files.published:
                if not (root / file).is_file():
                    download_file([address], folder / file, md5)
        elif isinstance(files, IdxFiles):
            raw = folder / files.folder / "raw"
            raw.mkdir(parents=True)
            _idx(files, raw, root / files.folder / "raw")


def _idx(files: IdxFiles, raw: Path, place: Path) -> None:
    known: Any = getattr(torchvision(), files.folder)
    if files.folder == "EMNIST":  # one archive holds all variants of EMNIST
        download_file([known.url], raw / "gzip.zip", known.md5)
        extract_archive(
            raw / "gzip.zip", raw, lambda name: name.removeprefix("gzip/").removesuffix(".gz") in files.names
        )
        for name in files.names:
            gunzip(raw / "gzip" / f"{name}.gz", raw / name)
        return
    for file, md5 in known.resources:
        name = file.removesuffix(".gz")
        if not (place / name).is_file() and not (place / file).is_file():
            download_file([mirror + file for mirror in known.mirrors], raw / file, md5)
            gunzip(raw / file, raw / name)


def download_uci(name: str, root: Path) -> None:
    """Download one of the nine UCI sets with its splits, from the repository that published them.

    Raises:
        DataError: the download failed; the root is unchanged.
    """
    table = TABLES[name]
    with staging_folder(root) as folder:
        place = folder / "uci" / name
        place.mkdir(parents=True)
        for file in table.files:
            download_file([ADDRESS.format(name) + file], place / file)
        if joint_digest(place, table.files) != table.sha256:
            raise DataError(
                f"uci/{name}: the files at {ADDRESS.format(name)} differ from the published files; no file was saved"
            )


def download_year(root: Path) -> None:
    """Download YearPredictionMSD. It has no published checksum, so the number of rows is verified instead.

    Raises:
        DataError: the download failed; the root is unchanged.
    """
    with staging_folder(root) as folder:
        archive = folder / list_year_files(root)[1].relative_to(root)
        archive.parent.mkdir(parents=True)
        download_file([YEAR_ADDRESS], archive)
        read_year(archive)
