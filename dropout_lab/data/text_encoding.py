"""Text files of users, plain or gzip-compressed: detection of the encoding, and reading."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from dropout_lab.errors import DataError

LARGEST = 4 << 30  # bytes of a decompressed file; a few kilobytes of gzip can expand beyond any memory
CHUNK = 1 << 20
MARKS = {  # byte order marks, the longer ones first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
NAMES = {"utf-8": "UTF-8", "utf-16": "UTF-16", "utf-32": "UTF-32", "cp1252": "cp1252"}  # names in notes
OTHER_FILES = {
    b"PK\x03\x04": "an Excel workbook or another zip archive; save it as CSV",
    b"\xd0\xcf\x11\xe0": "an Excel workbook; save it as CSV",
    b"\x1f\x8b": "compressed with gzip; rename it to end in .gz",
    b"\x89PNG": "an image; data=folder reads images by class",
    b"\xff\xd8\xff": "an image; data=folder reads images by class",
    b"GIF8": "an image; data=folder reads images by class",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file; save it as CSV",
    b"\x93NUMPY": "an .npy file; save x and y with numpy.savez",
}


def encoding_of(path: Path, given: str = "auto") -> str:
    """Return the encoding of a text file, after decoding the whole file once.

    Args:
        path: the file.
        given: the encoding, or ``auto``: that of the byte order mark, else the first of UTF-8, cp1252 and Latin-1 that
            decodes the whole file.

    Raises:
        DataError: the file cannot be read, is not text, or has another encoding than the given one.
    """
    head = next(_chunks(path), b"")
    for mark, kind in OTHER_FILES.items():
        if head.startswith(mark):
            raise DataError(f"{path}: is {kind}")
    marked = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    candidates = [given] if given != "auto" else [marked] if marked else ["utf-8", "cp1252", "latin-1"]
    for name in candidates:
        error = _undecodable(path, name)
        if error is None:
            return name
    raise DataError(
        f"{path}: is not {name.upper()} text (at byte {error}); set data.encoding to the encoding of the file"
    )


def open_text(path: Path, encoding: str) -> TextIO:
    """Open a text file without translating line breaks; a byte order mark is skipped."""
    return io.TextIOWrapper(_open(path), "utf-8-sig" if encoding == "utf-8" else encoding, newline="")


def decode_text(content: bytes, path: Path | str) -> tuple[str, str]:
    """Decode the content of a text file by its byte order mark, else as UTF-8, else as cp1252.

    Args:
        content: the whole file.
        path: the path of the file, for messages.

    Returns:
        the text without a byte order mark, and the encoding: ``UTF-8``, ``UTF-16``, ``UTF-32`` or ``cp1252``.

    Raises:
        DataError: the file has none of these encodings, or contains NUL characters.
    """
    marked = [encoding for mark, encoding in MARKS.items() if content.startswith(mark)][:1]
    for encoding in marked or ["utf-8", "cp1252"]:
        try:
            text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        except UnicodeDecodeError as error:
            start = error.start
            continue
        if "\0" in text:
            what = "contains NUL characters, so it is not text, or is UTF-16 without a byte order mark"
            raise DataError(f"{path}: {what}; save it as UTF-8")
        return text, NAMES[encoding]
    tried = f"{NAMES[marked[0]]} text" if marked else f"UTF-8 or cp1252 text (at byte {start})"
    raise DataError(f"{path}: is not {tried}; save it as UTF-8")


def _undecodable(path: Path, encoding: str) -> int | None:
    """Return the position of the first byte that the encoding cannot decode; None if it decodes all bytes."""
    decoder, seen = codecs.getincrementaldecoder(encoding)(), 0
    try:
        for chunk in _chunks(path):
            text = decoder.decode(chunk)
            if "\0" in text:
                raise DataError(
                    f"{path}: contains NUL characters, so it is not text; set data.encoding=utf-16-le or "
                    "utf-16-be for UTF-16 without a byte order mark"
                )
            seen += len(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        return seen + int(getattr(error, "start", 0))
    return None


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, decompressed.

    Raises:
        DataError: the file cannot be read, or is compressed and expands to more than :data:`LARGEST` bytes.
    """
    size = 0
    try:
        with _open(path) as file:
            while chunk := file.read(CHUNK):
                size += len(chunk)
                if _compressed(path) and size > LARGEST:
                    raise DataError(
                        f"{path}: contains more than {LARGEST >> 30} GiB; decompress it first if this is intended"
                    )
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: is not a gzip file, or is incomplete ({error})") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None


def _open(path: Path) -> BinaryIO:
    return gzip.open(path) if _compressed(path) else path.open("rb")  # type: ignore[return-value]


def _compressed(path: Path) -> bool:
    return path.suffix.lower() == ".gz"
