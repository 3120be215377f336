"""Archives, unpacked into a folder and nowhere else."""

import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from dropout_lab.errors import DataError


def gunzip(packed: Path, path: Path) -> None:
    """Unpack a ``.gz`` file and remove it.

    Raises:
        DataError: it is broken.
    """
    try:
        with gzip.open(packed) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        path.unlink()
        raise DataError(f"{packed.name}: is a broken gzip file ({error})") from None
    packed.unlink()


def extract_archive(archive: Path, folder: Path, wanted: Callable[[str], bool] = lambda name: True) -> None:
    """Unpack the members of a tar or zip archive that are wanted, and remove the archive.

    Args:
        archive: a ``.zip``, or else a tar file of any compression.
        folder: where they go, with their paths.
        wanted: takes the name of a member.

    Raises:
        DataError: the archive is broken, or a member would land outside of the folder; then nothing is unpacked.
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
                tar.extractall(folder, members, filter="data")  # which refuses links and devices that lead out, too
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{archive.name}: is broken or not to be trusted ({error})") from None
    archive.unlink()


def _refuse(archive: Path, names: list[str]) -> None:
    for name in names:
        path = Path(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise DataError(f"{archive.name}: its member {name!r} would land outside of the folder; not unpacked")
