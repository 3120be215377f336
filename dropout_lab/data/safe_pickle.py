"""Pickles of strangers: a pickle is a program, so only plain values and arrays are let in (CIFAR is published so)."""

import io
import pickle
from typing import Any

from dropout_lab.errors import DataError

# The module that numpy's own pickles name has moved; these are all that an array of bytes needs.
ALLOWED = {
    (f"numpy.{package}.multiarray", "_reconstruct"): ("numpy._core.multiarray", "_reconstruct")
    for package in ("core", "_core")
} | {("numpy", name): ("numpy", name) for name in ("ndarray", "dtype")}

# scikit-learn's dict with attributes, wherever it has lain.
BUNCHES = {(f"sklearn.{module}", "Bunch") for module in ("utils", "utils._bunch", "datasets.base")}


class _Bunch(dict[str, Any]):
    """Stands for a Bunch; what else its pickle says of it than its items is not wanted."""

    def __setstate__(self, state: Any) -> None:
        """Take nothing."""


def _encode(text: str, encoding: str) -> bytes:
    """How Python 3 writes bytes in protocol 2; ``_codecs.encode`` itself could unpack bombs as well."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding}")
    return text.encode(encoding)


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):
            return _encode
        if (module, name) in BUNCHES:
            return _Bunch
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(*ALLOWED[module, name])


def load_plain_pickle(content: bytes, source: str) -> Any:
    """What a pickle holds, if that is numbers, words, lists, dicts (scikit-learn's as well) and numpy arrays.

    Args:
        content: the pickle; one of Python 2 has its strings read as Latin-1.
        source: where it is from, for the message.

    Raises:
        DataError: it holds or does anything else, or is broken.
    """
    try:
        return _Plain(io.BytesIO(content), encoding="latin1").load()
    except Exception as error:  # a broken pickle may raise anything at all
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{source}: is not a pickle of plain arrays and is not loaded ({reason})") from None
