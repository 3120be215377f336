"""A restricted unpickler for untrusted files: plain values and arrays only (CIFAR is published as pickles)."""

import io
import pickle
from typing import Any

from dropout_lab.errors import DataError

# Pickles of numpy name this module at its old or new location; an array of bytes needs nothing else.
ALLOWED = {
    (f"numpy.{package}.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct")
    for package in ("core", "_core")
} | {("numpy", name): ("numpy", name) for name in ("ndarray", "dtype")}

# scikit-learn's dict with attributes, at all its former locations.
BUNCHES = {(f"sklearn.{module}", "Bunch") for module in ("utils", "utils._bunch", "datasets.base")}


class _Bunch(dict[str, Any]):
    """Replacement of a Bunch that keeps only its items."""

    def __setstate__(self, state: Any) -> None:
        """Ignore the state."""


def _encode(text: str, encoding: str) -> bytes:
    """Encode bytes as Python 3 pickles them in protocol 2; ``_codecs.encode`` itself could also unpack bombs."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it requires the encoding {encoding}")
    return text.encode(encoding)


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):
            return _encode
        if (module, name) in BUNCHES:
            return _Bunch
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it requires {module}.{name}")
        return super().find_class(*ALLOWED[module, name])


def load_plain_pickle(content: bytes, source: str) -> Any:
    """Load a pickle of numbers, words, lists, dicts (also scikit-learn's Bunch) and numpy arrays.

    Args:
        content: the pickle; strings of Python 2 pickles are read as Latin-1.
        source: the origin, for the message.

    Raises:
        DataError: the pickle is damaged, or contains or calls anything else.
    """
    try:
        return _Plain(io.BytesIO(content), encoding="latin1").load()
    except Exception as error:  # a damaged pickle may raise any exception
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{source}: is not a pickle of plain arrays and is not loaded ({reason})") from None
