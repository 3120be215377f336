"""One record for every data set, whatever its source."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Task = Literal["classification", "regression"]


class DataError(Exception):
    """Data that are missing, damaged or not what they should be; ``str()`` is one line that says what to do."""


# eq=False: a data set is itself and no other, and so can be a key of a cache.
@dataclass(frozen=True, eq=False)
class Dataset:
    """A whole data set, in memory or mapped from disk.

    Args:
        name: as in ``data=``.
        task: ``classification`` or ``regression``.
        x: examples [N, F] for tables or [N, C, H, W] for images; float32, float16 to
            save room, or uint8 that stands for value / 255.
        y: class numbers, int64 [N], or targets, float32 [N].
        classes: names of the classes; empty for regression.
        test: rows of the official test part; None if the set has none and it is to be drawn.
        truth: the targets without their noise, float32 [N], where a synthetic set knows them.
    """

    name: str
    task: Task
    x: np.ndarray
    y: np.ndarray
    classes: tuple[str, ...] = ()
    test: np.ndarray | None = None
    truth: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(self.x.shape[1:])

    @property
    def outputs(self) -> int:
        """Outputs a model needs: one a class, or one."""
        return len(self.classes) or 1
