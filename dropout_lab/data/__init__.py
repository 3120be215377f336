"""Data sets by name, each loaded as a :class:`Dataset`. Nothing in this package imports torch at import time."""

from collections.abc import Callable
from functools import lru_cache
from inspect import signature
from typing import Any

from dropout_lab.data import audio_options, text_options, user_options
from dropout_lab.data.batch_sizes import batch_sizes, joins_last
from dropout_lab.data.cache import FORMAT
from dropout_lab.data.dataset import Dataset, reconstruction_of
from dropout_lab.data.rcv1 import read_rcv1_dataset
from dropout_lab.data.sizes import count_training
from dropout_lab.data.sklearn_sets import SHIPPED
from dropout_lab.data.source import SOURCES
from dropout_lab.data.speech import read_fsdd, read_speech_commands
from dropout_lab.data.synthetic import SYNTHETIC
from dropout_lab.data.text_sets import LANGUAGE, TEXTS
from dropout_lab.data.uci import read_uci, year_prediction_msd
from dropout_lab.data.user_files import OWN, fingerprint
from dropout_lab.data.vision import READERS
from dropout_lab.errors import DataError
from dropout_lab.settings.former_names import current_options

DATASETS: dict[str, Callable[..., Dataset]] = {
    **SHIPPED,
    **READERS,
    **SYNTHETIC,
    **OWN,
    "uci": read_uci,
    "year_prediction_msd": year_prediction_msd,
    "rcv1": read_rcv1_dataset,
    "fsdd": read_fsdd,
    "speech_commands": read_speech_commands,
    **TEXTS,
    **LANGUAGE,
}


def list_options(kind: str) -> set[str]:
    """Return the names of the options of a data set's reader, such as ``root`` or ``split``."""
    return set(signature(DATASETS[kind]).parameters)


def load(kind: str, /, **options: Any) -> Dataset:
    """Load a data set; it is read once per process.

    Args:
        kind: the name of the data set, as in ``data=``.
        options: settings of the reader; those that it does not accept are ignored. ``reconstruct``: use the examples
            themselves as targets.

    Raises:
        KeyError: the data set is unknown.
        DataError: the data are missing, damaged or malformed.
    """
    options, taken = current_options("data", options), list_options(kind)
    if kind in OWN and not options.get("digest"):  # the content of the path may have changed since the last call
        options["digest"] = fingerprint(kind, options.get("path", ""))
    hashable = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    chosen = tuple(sorted((key, value) for key, value in hashable.items() if key in taken))
    return _reconstructed(kind, chosen) if options.get("reconstruct") else _read(kind, chosen)


@lru_cache(maxsize=32)
def _read(kind: str, options: tuple[tuple[str, Any], ...]) -> Dataset:
    return DATASETS[kind](**dict(options))


@lru_cache(maxsize=32)
def _reconstructed(kind: str, options: tuple[tuple[str, Any], ...]) -> Dataset:
    return reconstruction_of(_read(kind, options))


__all__ = [
    "DATASETS",
    "FORMAT",
    "SOURCES",
    "DataError",
    "Dataset",
    "audio_options",
    "batch_sizes",
    "count_training",
    "fingerprint",
    "joins_last",
    "list_options",
    "load",
    "text_options",
    "user_options",
]
