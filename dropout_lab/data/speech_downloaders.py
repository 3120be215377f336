"""Downloads of the speech data sets."""

from pathlib import Path

from dropout_lab.data.archives import extract_archive
from dropout_lab.data.download import download_file, staging_folder
from dropout_lab.data.speech import (
    COMMANDS_ADDRESS,
    COMMANDS_SHA256,
    FSDD_ADDRESS,
    commands_folder,
    list_fsdd_files,
    verify_fsdd,
)

MEMBER = "/recordings/"  # the recordings inside the archive of the repository


def download_fsdd(root: Path) -> None:
    """Download the Free Spoken Digit Dataset from its repository.

    Raises:
        DataError: the download failed, or the recordings differ from the published ones; the root is unchanged.
    """
    with staging_folder(root) as folder:
        unpacked = folder / "unpacked"
        unpacked.mkdir()
        archive = unpacked / "fsdd.zip"
        download_file([FSDD_ADDRESS], archive)
        extract_archive(archive, unpacked, lambda name: MEMBER in name and name.endswith(".wav"))
        names = {path.name for path in list_fsdd_files(root)}
        place = folder / "FSDD" / "recordings"
        place.mkdir(parents=True)
        for path in list(unpacked.rglob("*.wav")):
            if path.name in names:
                path.rename(place / path.name)
            else:
                path.unlink()
        verify_fsdd(folder)


def download_speech_commands(root: Path) -> None:
    """Download Speech Commands 0.02.

    Raises:
        DataError: the download failed; the root is unchanged.
    """
    with staging_folder(root) as folder:
        place = commands_folder(folder)
        place.mkdir(parents=True)
        archive = place / "speech_commands_v0.02.tar.gz"
        download_file([COMMANDS_ADDRESS], archive, COMMANDS_SHA256)
        extract_archive(archive, place)
