"""The user-facing exceptions, each one line for the terminal, and the formatting of values and names in them."""

import difflib
import re
import unicodedata
from collections.abc import Collection
from typing import Any

# Sweeps such as range(0,0.9,0.1) yield 0.7000000000000001; settings are exact decimals of at most this many digits.
SIGNIFICANT_DIGITS = 12
DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
FEW = 8  # at most this many names are listed in full in a message
PART = 3  # a shorter word matches too many names as a substring


class ConfigError(Exception):
    """An invalid command or setting; ``str()`` is one line for the terminal."""

    @classmethod
    def of(cls, key: str, value: Any, allowed: str) -> "ConfigError":
        """Return an error that names the setting, the value given and what is allowed."""
        return cls(f"{key}={format_received(value)}: {allowed}")


class DataError(Exception):
    """Missing, damaged or malformed data; ``str()`` is one line that says how to fix it."""


def printable(text: str, kept: str = "") -> str:
    """Return a text whose control characters are written as escapes, so that they cannot steer a terminal.

    Args:
        text: any text; bytes that are not UTF-8 may appear in it as surrogates.
        kept: control characters that are kept, such as line ends.
    """
    if text.isprintable():
        return text
    return "".join(sign if sign in kept or not _steers(sign) else ascii(sign)[1:-1] for sign in text)


def _steers(sign: str) -> bool:
    """Return whether a character is a control character, a surrogate, or changes the direction of a text."""
    return unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") or sign in DIRECTIONS


def format_setting(value: Any) -> str:
    """Return a value as a user would type it: ``0.5``, ``[64,64]``, ``''``."""
    if isinstance(value, list | tuple):
        return "[" + ",".join(format_setting(v) for v in value) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float):
        return f"{value:.{SIGNIFICANT_DIGITS}g}"
    return str(value) or "''"


def format_received(value: Any) -> str:
    """Return a value as it was given, for a message: ``2.0`` is not ``2``, and number-like words are quoted."""
    if isinstance(value, list | tuple):
        return "[" + ",".join(format_received(v) for v in value) + "]"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str) and re.fullmatch(r"[-+.\d_e]*", value):
        return f"'{value}'"
    return format_setting(value)


def did_you_mean(word: str, known: Collection[str], otherwise: str, most: int = 1) -> str:
    """Return a question that suggests the closest known names, or ``otherwise`` if no name is close.

    Without a close match, known names that contain the word are suggested.

    Args:
        word: the unknown name.
        known: the valid names.
        otherwise: the text to return if there is nothing to suggest.
        most: the largest number of names to suggest.
    """
    close = difflib.get_close_matches(word, known, n=most) if word else []
    close = close or [name for name in known if len(word) >= PART and word in name][:most]
    return f"did you mean {' or '.join(map(repr, close))}?" if close else otherwise


def list_allowed(word: object, known: Collection[str]) -> str:
    """Return what is allowed instead of a word: the closest name, or all names if they are few or none is close."""
    every = f"must be one of {', '.join(known)}"
    return did_you_mean(word, known, every) if isinstance(word, str) and len(known) > FEW else every
