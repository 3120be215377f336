"""Extraction of archives, restricted to a target folder."""

import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from dropout_lab.errors import DataError


def gunzip(packed: Path, path: Path) -> None:
    """Decompress a ``.gz`` file and remove it.

    Raises:
        DataError: the file is damaged.
    """
    try:
        with gzip.open(packed) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        path.unlink()
        raise DataError(f"{packed.name}: is a broken gzip file ({error})") from None
    packed.unlink()


def extract_archive(archive: Path, folder: Path, wanted: Callable[[str], bool] = lambda name: True) -> None:
    """Extract selected members of a tar or zip archive, and remove the archive.

    Args:
        archive: a ``.zip`` file, or else a tar file with any compression.
        folder: the target folder; members keep their paths.
        wanted: returns whether to extract the member with a given name.

    Raises:
        DataError: the archive is damaged, or a member would be written outside the folder; then nothing is extracted.
    """
    try:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as opened:
                names = [name for name in opened.namelist() if wanted(name)]
                _refuse(archive, names)
                opened.extractall(folder, names)
        else:
            with tarfile.open(archive) as tar:
                members = [member for member in tar.getmembers() if wanted(member.name)]
                _refuse(archive, [member.name for member in members])
                tar.extractall(folder, members, filter="data")  # which also rejects links that lead outside
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{archive.name}: is damaged or unsafe ({error})") from None
    archive.unlink()


def _refuse(archive: Path, names: list[str]) -> None:
    for name in names:
        path = Path(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise DataError(
                f"{archive.name}: member {name!r} would be extracted outside the folder; nothing was extracted"
            )
