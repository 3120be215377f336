"""Validators of settings that are more than a number in a range.

Each validator returns the value in canonical form, or raises ``ValueError`` with what is allowed.
"""

import codecs
import re
from pathlib import Path
from typing import Any

from dropout_lab.settings.fields import is_finite, round_decimal

RATE = "a number in [0, 1), or a list of them from input to output"


def check_rates(value: Any) -> float | list[float]:
    """Check a drop rate, or one rate per hidden site: numbers in [0, 1).

    A list of equal rates stays a list until its model is known.
    """
    items = list(value) if isinstance(value, list | tuple) else [value]
    numbers = all(isinstance(i, int | float) and not isinstance(i, bool) and is_finite(i) for i in items)
    rates = [round_decimal(item) for item in items] if numbers else []
    if not rates or not all(0 <= rate < 1 for rate in rates):
        raise ValueError(f"must be {RATE}")
    return rates if isinstance(value, list | tuple) else rates[0]


PART_RATE = "null, or a number in [0, 1)"


def check_part_rate(value: Any) -> float | None:
    """Check the rate of one part of a network; null stands for the rate of the whole network."""
    if value is None:
        return None
    if isinstance(value, list | tuple):
        raise ValueError(f"must be {PART_RATE}")
    try:
        return float(check_rates(value))  # type: ignore[arg-type]
    except ValueError:
        raise ValueError(f"must be {PART_RATE}") from None


MOST = 1_000_000  # upper bound of counts; larger values are typos or will not fit in memory
MINUTES = f"null, or a number in [0, {MOST}]"
SEEDS = "a whole number of seeds from 1 to 100000, or a list of different ones such as [0,1,2]"


def check_minutes(value: Any) -> float:
    """Check a number of minutes; null stands for 0."""
    number = not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= MOST
    if value is not None and not number:
        raise ValueError(f"must be {MINUTES}")
    return 0.0 if value is None else round_decimal(value)


def check_seeds(value: Any) -> int | list[int]:
    """Check trial seeds: a list, or N for the seeds 0..N-1."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    if any(isinstance(i, bool) or not isinstance(i, int) or i < 0 for i in items) or len(set(items)) != len(items):
        raise ValueError(f"must be {SEEDS}")
    if not items or value == 0:
        raise ValueError(f"the sweep is empty: must be {SEEDS}")
    if not isinstance(value, list | tuple) and value > 100_000:
        raise ValueError(f"must be {SEEDS}")
    return items if isinstance(value, list | tuple) else value


def check_arms(value: Any) -> Any:
    """Check the names of arms, one name or a list; unknown names are reported where the arms are built."""
    names = value if isinstance(value, list | tuple) else [value]
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError(
            "must be names of variants and regularizers, or lists of them; none is the arm without dropout and "
            "regularizers"
        )
    return value


def check_device(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"cpu|cuda(:\d+)?", value):
        raise ValueError("must be cpu, cuda or cuda:N")
    return value


def check_out(value: Any) -> str:
    """Check the name of a folder; ``~`` is the home folder."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be the name of a folder")
    if "${" in value:
        raise ValueError("must be a plain name; ${...} is not resolved here, use a shell variable")
    try:
        return str(Path(value).expanduser())
    except RuntimeError:
        raise ValueError("must not contain an unknown user name after ~") from None


def check_auto(value: Any) -> str | int:
    if value != "auto" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError("must be auto or a whole number of at least 1")
    return "auto" if value == "auto" else int(value)


def check_place(value: Any) -> str:
    """Check the name of a file or folder, or an empty string; ``~`` is the home folder."""
    return check_out(value) if value != "" else ""


def check_word(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a word")
    return value


COLUMNS = "a list of names of columns"


def check_columns(value: Any) -> list[str]:
    """Check column names and return them sorted, without duplicates. Names that look like numbers arrive as numbers."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    plain = all(isinstance(item, str | int) and not isinstance(item, bool) and item != "" for item in items)
    if not plain:
        raise ValueError(f"must be {COLUMNS}; a name such as true or 1.5 needs quotes")
    return sorted({str(item).strip() for item in items})


SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space"}
SEPARATOR = f"auto, {', '.join(SEPARATORS.values())}, or one character"


def check_separator(value: Any) -> str:
    """Check the separator of the cells of a table; the usual characters are returned by their names."""
    if value in ("auto", *SEPARATORS.values()):
        return str(value)
    if not isinstance(value, str) or len(value) != 1 or value.isalnum() or value in '"\r\n+-._':
        raise ValueError(f"must be {SEPARATOR}")
    return SEPARATORS.get(value, value)


ENCODING = "auto, or the name of an encoding such as utf-8, cp1252, latin-1 or utf-16"


def check_encoding(value: Any) -> str:
    """Check the encoding of a text file, and return Python's canonical name of it."""
    if value == "auto":
        return "auto"
    try:
        name = codecs.lookup(value).name
        "a".encode(name).decode(name)  # some codecs are not text encodings
    except (LookupError, TypeError, ValueError):
        raise ValueError(f"must be {ENCODING}") from None
    return "utf-8" if name == "utf-8-sig" else name


HEADER = "auto, true or false"


def check_header(value: Any) -> str:
    """Check whether a table has a header line; a settings file may give a boolean."""
    word = str(value).lower()
    if word not in ("auto", "true", "false"):
        raise ValueError(f"must be {HEADER}")
    return word


def check_digest(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"([0-9a-f]{16,64})?", value):
        raise ValueError("must be the first 16 to 64 hex digits of a sha256 sum")
    return value


def check_target(value: Any) -> str:
    """Check the function that builds a network, as MODULE:FUNCTION, or an empty string."""
    word = r"[^\W\d]\w*(\.[^\W\d]\w*)*"
    if not isinstance(value, str) or not re.fullmatch(rf"({word}:{word})?", value):
        raise ValueError("must be MODULE:FUNCTION, such as nets:small for the function small in nets.py")
    return value


AUGMENT = ("crop", "flip", "shift")


def check_augment(value: Any) -> list[str]:
    """Check the augmentations of a batch, and return them in the order in which they are applied."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    if any(item not in AUGMENT for item in items):
        raise ValueError(f"must be a list of {', '.join(AUGMENT)}")
    return sorted(set(items))


POSITIVE_OR_AUTO = "auto or a number above 0"


def check_positive_or_auto(value: Any) -> float | str:
    if value == "auto":
        return "auto"
    if isinstance(value, bool) or not isinstance(value, int | float) or not (is_finite(value) and value > 0):
        raise ValueError(f"must be {POSITIVE_OR_AUTO}")
    return round_decimal(value)


SHIFTS = ("noise", "permuted")
OOD = "a list of noise, permuted and names of data sets of images"


def check_ood(value: Any) -> list[str]:
    """Check the out-of-distribution inputs and return them without duplicates.

    Whether a data set fits is checked when it is loaded.
    """
    items = list(value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(item, str) and re.fullmatch(r"[a-z][a-z0-9_]*", item) for item in items):
        raise ValueError(f"must be {OOD}")
    return sorted(set(items))
