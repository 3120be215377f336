"""Downloads that produce either the complete file or nothing.

scikit-learn's ``fetch_file`` and torchvision's ``download_url`` wait forever for a silent server. In addition, the
first shows no progress, and the second writes directly to the final path and accepts a truncated file if no checksum is
given.
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

TIMEOUT = 30.0  # seconds without receiving a byte
TRIES = 2  # rounds through the addresses
CHUNK = 1 << 16


def download_file(addresses: Sequence[str], path: Path, published: str | None = None) -> None:
    """Download a file, with a progress bar on a terminal.

    Args:
        addresses: addresses of the same file, tried in this order.
        path: the final path; the file is moved there when it is complete and verified.
        published: its md5, sha1 or sha256, if known; otherwise the announced length is verified.

    Raises:
        DataError: no address provided the complete file; no file remains on disk.
    """
    problems: dict[str, str] = {}
    part = path.with_name(path.name + ".part")
    for address in list(addresses) * TRIES:
        if problems.get(address, "").startswith("HTTP 4"):
            continue  # a client error is permanent, so a retry is useless
        try:
            _receive(address, part)
            algorithm = ALGORITHMS[len(published)] if published else ""
            digest = file_digest(part, algorithm) if algorithm else None
            if digest == published:
                part.replace(path)
                return
            problems[address] = f"got {algorithm} {digest}, expected {published}"
        except urllib.error.HTTPError as error:
            error.close()
            problems[address] = f"HTTP {error.code} {error.reason}"
        except (HTTPException, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            problems[address] = " ".join(str(reason).split()) or type(error).__name__
        finally:
            part.unlink(missing_ok=True)
    reasons = "; ".join(f"{address}: {problem}" for address, problem in problems.items())
    raise DataError(
        f"{path.name}: could not be downloaded ({reasons}); no file was saved; rerun the same command to retry"
    )


def _receive(address: str, part: Path) -> None:
    """Download an address to a file."""
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
    """Limit the downloads of scikit-learn: they time out on a silent server, and errors become one line.

    Raises:
        DataError: the download failed.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn warns about each retry
            yield
    except (OSError, ValueError, EOFError) as error:
        reason = " ".join(str(getattr(error, "reason", None) or error).split())
        raise DataError(f"{name}: could not be downloaded ({reason}); no file was saved") from None
    finally:
        socket.setdefaulttimeout(before)


@contextmanager
def staging_folder(root: Path) -> Iterator[Path]:
    """Yield a temporary folder whose files are moved to the same relative paths below ``root`` at the end.

    If the block raises an exception, nothing is moved.

    Raises:
        DataError: the root is not writable.
    """
    if not is_writable(root):
        raise DataError(f"{root}: is not writable; set data.root=FOLDER or DROPOUT_LAB_DATA to another folder")
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
            with suppress(OSError):  # fails if the folder is not empty
                path.rmdir()
