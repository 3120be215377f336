"""Files from the network, whole or not at all.

scikit-learn's ``fetch_file`` and torchvision's ``download_url`` would do, but wait for ever on a silent server; the one
shows no progress, the other writes to where the whole file belongs and takes a cut-off one without checksum for whole.
"""

import os
import socket
import tempfile
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from shutil import rmtree
from typing import IO, Any

from tqdm import tqdm

from dropout_lab import __version__
from dropout_lab.data.checksums import ALGORITHMS, file_digest
from dropout_lab.data.paths import PRIVATE, is_writable
from dropout_lab.errors import DataError

TIMEOUT = 30.0  # seconds without a byte
TRIES = 2  # rounds through the addresses
CHUNK = 1 << 16


def download_file(addresses: Sequence[str], path: Path, published: str | None = None) -> None:
    """Download a file, showing a bar on a terminal.

    Args:
        addresses: of the same file, tried in this order.
        path: where it goes, once it is whole and as published.
        published: its md5, sha1 or sha256, if one is known; else its announced length must be right.

    Raises:
        DataError: no address gave the whole file; nothing is left behind.
    """
    problems: dict[str, str] = {}
    part = path.with_name(path.name + ".part")
    for address in list(addresses) * TRIES:
        if problems.get(address, "").startswith("HTTP 4"):
            continue  # what is not there will not be there in a moment
        try:
            _receive(address, part)
            algorithm = ALGORITHMS[len(published)] if published else ""
            found = file_digest(part, algorithm) if algorithm else None
            if found == published:
                part.replace(path)
                return
            problems[address] = f"its {algorithm} is {found} instead of {published}"
        except urllib.error.HTTPError as error:
            error.close()
            problems[address] = f"HTTP {error.code} {error.reason}"
        except (HTTPException, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            problems[address] = " ".join(str(reason).split()) or type(error).__name__
        finally:
            part.unlink(missing_ok=True)
    told = "; ".join(f"{address}: {problem}" for address, problem in problems.items())
    raise DataError(f"{path.name}: could not be downloaded ({told}); nothing is kept, the same command tries again")


def _receive(address: str, part: Path) -> None:
    """Write what an address gives to a file."""
    request = urllib.request.Request(address, headers={"User-Agent": f"dropout-lab/{__version__}"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response, part.open("wb") as file:
        total = int(response.headers["Content-Length"]) if response.headers["Content-Length"] else None
        name = part.name.removesuffix(".part")
        with tqdm(total=total, unit="B", unit_scale=True, desc=name, leave=False, disable=None, ncols=80) as bar:
            size = _copy(response, file, bar)
        file.flush()
        os.fsync(file.fileno())
    if total is not None and size != total:
        raise OSError(f"cut off after {size:,} of {total:,} bytes")


def _copy(response: HTTPResponse, file: IO[bytes], bar: Any) -> int:
    size = 0
    while chunk := response.read(CHUNK):
        file.write(chunk)
        size += len(chunk)
        bar.update(len(chunk))
    return size


@contextmanager
def limit_sklearn_downloads(name: str) -> Iterator[None]:
    """Where scikit-learn downloads a set by itself: a silent server is not waited for, and what goes wrong is one line.

    Raises:
        DataError: it could not be downloaded.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it tries again
            yield
    except (OSError, ValueError, EOFError) as error:
        reason = " ".join(str(getattr(error, "reason", None) or error).split())
        raise DataError(f"{name}: could not be downloaded ({reason}); nothing is kept") from None
    finally:
        socket.setdefaulttimeout(before)


@contextmanager
def staging_folder(root: Path) -> Iterator[Path]:
    """A folder beside the data to make things in; what lies in it at the end is moved to the same place below
    ``root``, file by file, and nothing is if the block is left by an error.

    Raises:
        DataError: the root cannot be written.
    """
    if not is_writable(root):
        raise DataError(f"{root}: cannot be written; data.root=FOLDER or DROPOUT_LAB_DATA name another place for data")
    new = [path for path in (root / PRIVATE, root) if not path.exists()]
    (root / PRIVATE).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="get-", dir=root / PRIVATE))
    try:
        yield folder
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            place = root / path.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
    finally:
        rmtree(folder, ignore_errors=True)
        for path in new:
            with suppress(OSError):  # something is in it
                path.rmdir()
