"""What to say about a name that is not there: which one was meant, or which there are."""

import difflib
from collections.abc import Collection

FEW = 8  # names that are read faster than they are guessed
PART = 3  # letters that say something


def hint(word: str, known: Collection[str], otherwise: str, most: int = 1) -> str:
    """The nearest of the known names as a question, or those that hold the word; without one, what is said otherwise.

    Args:
        most: how many names to offer.
    """
    close = difflib.get_close_matches(word, known, n=most) if word else []
    close = close or [name for name in known if len(word) >= PART and word in name][:most]
    return f"did you mean {' or '.join(map(repr, close))}?" if close else otherwise


def one_of(word: object, known: Collection[str]) -> str:
    """What may stand in the place of a word: the nearest name, or all of them if they are few or none is near."""
    every = f"must be one of {', '.join(known)}"
    return hint(word, known, every) if isinstance(word, str) and len(known) > FEW else every
