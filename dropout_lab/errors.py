"""Errors of the user, each one line for the terminal, and what such a line says about values and names."""

import difflib
import re
from collections.abc import Collection
from typing import Any

# Sweeps such as range(0,0.9,0.1) yield 0.7000000000000001; settings are exact decimals of at most this many digits.
SIGNIFICANT_DIGITS = 12
FEW = 8  # names that are read faster than they are guessed
PART = 3  # letters that say something


class ConfigError(Exception):
    """A command or value that is refused; ``str()`` is one line for the terminal."""

    @classmethod
    def of(cls, key: str, value: Any, allowed: str) -> "ConfigError":
        """Name the setting, the value received and what is allowed."""
        return cls(f"{key}={format_received(value)}: {allowed}")


class DataError(Exception):
    """Data that are missing, damaged or not what they should be; ``str()`` is one line that says what to do."""


def format_setting(value: Any) -> str:
    """A value as a user would type it: ``0.5``, ``[64,64]``, ``''``."""
    if isinstance(value, list | tuple):
        return "[" + ",".join(format_setting(v) for v in value) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float):
        return f"{value:.{SIGNIFICANT_DIGITS}g}"
    return str(value) or "''"


def format_received(value: Any) -> str:
    """A value as it came in, for a message: ``2.0`` is not ``2``, and a word that looks like a number is quoted."""
    if isinstance(value, list | tuple):
        return "[" + ",".join(format_received(v) for v in value) + "]"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str) and re.fullmatch(r"[-+.\d_e]*", value):
        return f"'{value}'"
    return format_setting(value)


def did_you_mean(word: str, known: Collection[str], otherwise: str, most: int = 1) -> str:
    """The nearest of the known names as a question, or those that hold the word; without one, what is said otherwise.

    Args:
        most: how many names to offer.
    """
    close = difflib.get_close_matches(word, known, n=most) if word else []
    close = close or [name for name in known if len(word) >= PART and word in name][:most]
    return f"did you mean {' or '.join(map(repr, close))}?" if close else otherwise


def list_allowed(word: object, known: Collection[str]) -> str:
    """What may stand in the place of a word: the nearest name, or all of them if they are few or none is near."""
    every = f"must be one of {', '.join(known)}"
    return did_you_mean(word, known, every) if isinstance(word, str) and len(known) > FEW else every
