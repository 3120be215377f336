"""Data sets by name, each one :class:`Dataset`. Nothing here imports torch."""

from functools import cache

from dropout_lab.data.dataset import Dataset
from dropout_lab.data.shipped import SHIPPED
from dropout_lab.data.split import hold_out

DATASETS = {**SHIPPED}


@cache
def load(name: str) -> Dataset:
    """The data set of this name, read once a process.

    Raises:
        KeyError: no such data set.
    """
    return DATASETS[name]()


__all__ = ["DATASETS", "Dataset", "hold_out", "load"]
