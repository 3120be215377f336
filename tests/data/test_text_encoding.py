"""From bytes to text."""

import pytest

from dropout_lab.data import DataError
from dropout_lab.data.text_encoding import decode_text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("naïve €".encode(), "UTF-8"),
        ("naïve €".encode("utf-8-sig"), "UTF-8"),
        ("naïve €".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + "naïve €".encode("utf-16-be"), "UTF-16"),
        ("naïve €".encode("utf-32"), "UTF-32"),
        ("naïve €".encode("cp1252"), "cp1252"),
    ],
)
def test_encodings(content, expected):
    assert decode_text(content, "a.txt") == ("naïve €", expected)


def test_an_empty_file():
    assert decode_text(b"", "a.txt") == ("", "UTF-8")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"ab\x81", r"a\.txt: is not UTF-8 or cp1252 text \(at byte 2\); save it as UTF-8"),
        (b"\xff\xfea", r"a\.txt: is not UTF-16 text"),
        (b"\xef\xbb\xbfa\xff", r"a\.txt: is not UTF-8 text; save"),
        (
            "abc".encode("utf-16-le"),
            r"a\.txt: contains NUL characters, so it is not text, or is UTF-16 without a byte order",
        ),
    ],
)
def test_other_bytes_are_refused(content, line):
    with pytest.raises(DataError, match=line):
        decode_text(content, "a.txt")
