"""Downloads of the text sets: archives or single files, verified, and stored where the reader expects them."""

import re
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from urllib.parse import quote

from dropout_lab.data.archives import extract_archive
from dropout_lab.data.download import download_file, limit_sklearn_downloads, staging_folder
from dropout_lab.data.text_sources import IMDB_PARTS, NEWSGROUPS, PUBLISHED, TextSource, require_files, verify_files
from dropout_lab.errors import DataError


def download_text_set(name: str, root: Path) -> None:
    """Download the files of a text set.

    Raises:
        DataError: the download failed; the root is unchanged.
    """
    published = PUBLISHED[name]
    with staging_folder(root) as folder:
        if name == "newsgroups20":
            _newsgroups(folder)
        elif name == "imdb":
            review = re.compile(rf"(\./)?aclImdb/({'|'.join(IMDB_PARTS)})/[^/]+\.txt")
            _unpacked(published, folder, lambda member: bool(review.fullmatch(member)))
            require_files(name, folder)
        else:
            _files(name, published, folder, root)


def _files(name: str, published: TextSource, folder: Path, root: Path) -> None:
    """Download the archive, or the missing single files if the archive does not contain the expected ones."""
    place = folder / published.folder
    missing = [file for file in published.files if not (root / published.folder / file).is_file()]
    if published.archives and (not published.address or len(missing) == len(published.files)):
        try:
            _members(published, folder, place)
            verify_files(name, folder)
            return
        except DataError:
            if not published.address:
                raise
    for file in missing:
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        download_file([published.address + quote(file)], place / file, published.files[file])


def _members(published: TextSource, folder: Path, place: Path) -> None:
    opened = folder / "opened"
    opened.mkdir()
    try:
        _unpacked(published, opened, lambda member: any(f"/{member}".endswith(f"/{file}") for file in published.files))
        for path in [path for path in opened.rglob("*") if path.is_file()]:
            inside = f"/{path.relative_to(opened).as_posix()}"
            for file in published.files:
                if inside.endswith(f"/{file}"):
                    (place / file).parent.mkdir(parents=True, exist_ok=True)
                    path.replace(place / file)
    finally:
        rmtree(opened)


def _unpacked(published: TextSource, folder: Path, wanted: Callable[[str], bool]) -> None:
    archive = folder / published.archives[0].rpartition("/")[2]
    download_file(published.archives, archive, published.archive_sum)
    extract_archive(archive, folder, wanted)


def _newsgroups(folder: Path) -> None:
    """Download with scikit-learn, which knows the address and the checksum and writes the file that it reads."""
    from sklearn.datasets import fetch_20newsgroups

    with limit_sklearn_downloads("newsgroups20"):
        fetch_20newsgroups(data_home=str(folder))
    for path in sorted(folder.rglob("*"), reverse=True):
        if path != folder / NEWSGROUPS:
            path.rmdir() if path.is_dir() else path.unlink()
