"""From the bytes of a file to text."""

import codecs
from pathlib import Path

from dropout_lab.data.dataset import DataError

# The mark of UTF-32 begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
NAMES = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-32": "UTF-32", "utf-16": "UTF-16", "cp1252": "cp1252"}


def decode_text(content: bytes, path: Path | str) -> tuple[str, str]:
    """Decode the content of a text file by its byte order mark, else as UTF-8, else as cp1252.

    Args:
        content: the whole file.
        path: of the file, for messages.

    Returns:
        the text without a byte order mark, and the encoding: ``UTF-8``, ``UTF-16``, ``UTF-32`` or ``cp1252``.

    Raises:
        DataError: it is in none of these encodings, or holds NUL characters.
    """
    marked = [encoding for mark, encoding in MARKS.items() if content.startswith(mark)]
    for encoding in marked[:1] or ["utf-8", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            start = error.start
            continue
        if "\0" in text:
            what = "holds NUL characters, so it is no text or UTF-16 without a byte order mark"
            raise DataError(f"{path}: {what}; save it as UTF-8")
        return text, NAMES[encoding]
    tried = f"{NAMES[marked[0]]} text" if marked else f"UTF-8 or cp1252 text (at byte {start})"
    raise DataError(f"{path}: is no {tried}; save it as UTF-8")
