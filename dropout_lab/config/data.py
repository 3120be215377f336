"""The schema of ``data=``."""

from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.settings import Checked, setting


@dataclass(frozen=True)
class DataConf(Checked):
    """Which data, and how much of it is held out."""

    GROUP: ClassVar[str] = "data"
    kind: str = setting("digits", help="the data set", column="data")
    test_fraction: float = setting(
        0.2, low=0, high=0.9, open_low=True, help="part held out for the test, drawn from the base seed alone"
    )
    val_fraction: float = setting(
        0.2, low=0, high=0.9, open_low=True, help="part of the rest held out for validation, by trial seed"
    )
