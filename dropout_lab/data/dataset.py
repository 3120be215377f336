"""One record for every data set, whatever its source."""

from dataclasses import dataclass
from typing import Literal

import numpy as np


# eq=False: a data set is itself and no other, and so can be a key of a cache.
@dataclass(frozen=True, eq=False)
class Dataset:
    """A whole data set in memory.

    Args:
        name: as in ``data=``.
        task: ``classification`` or ``regression``.
        x: examples, float32 [N, F] for tables or [N, C, H, W] for images.
        y: class numbers, int64 [N], or targets, float32 [N].
        classes: names of the classes; empty for regression.
        standardise: whether each feature (and the target of a regression) is to be brought to mean 0 and deviation 1
            by statistics of the training part.
        test: rows of the official test part; None if the set has none and it is to be drawn.
    """

    name: str
    task: Literal["classification", "regression"]
    x: np.ndarray
    y: np.ndarray
    classes: tuple[str, ...] = ()
    standardise: bool = False
    test: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(self.x.shape[1:])

    @property
    def outputs(self) -> int:
        """Outputs a model needs: one a class, or one."""
        return len(self.classes) or 1
