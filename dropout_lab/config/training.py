"""The schemas of ``regularizer=`` and ``train=``."""

from dataclasses import dataclass, field
from typing import ClassVar

from dropout_lab.checks import MOST
from dropout_lab.settings import Checked, ConfigError, setting


@dataclass(frozen=True)
class RegularizerConf(Checked):
    """One schema for all regularizers, so that they combine: ``regularizer=[l2,early_stopping]``."""

    GROUP: ClassVar[str] = "regularizer"
    # Which are switched on, filled by the group's files; a strength whose regularizer is off has no effect.
    chosen: dict[str, bool] = field(default_factory=dict)
    l1: float = setting(1e-5, low=0, pack="own", column="l1", help="strength of L1: adds l1 * sum|w| to the loss")
    l2: float = setting(1e-4, low=0, pack="own", column="l2", help="strength of L2: adds l2 / 2 * sum w^2 to the loss")
    max_norm: float = setting(
        3.0, low=0, open_low=True, pack="own", column="max_norm", help="bound on the norm of a unit's incoming weights"
    )
    early_stopping: int = setting(
        5,
        low=1,
        high=MOST,
        pack="own",
        column="early_stopping",
        help="epochs without a better validation loss before stopping",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.chosen:
            if not hasattr(RegularizerConf, name) or name == "chosen":
                raise ConfigError(f"no regularizer {name!r}; `dropout-lab list regularizer` shows them")

    @property
    def names(self) -> list[str]:
        """The chosen ones, sorted; a penalty of strength 0 is no regularizer."""
        return sorted(name for name, on in self.chosen.items() if on and getattr(self, name) != 0)


@dataclass(frozen=True)
class TrainConf(Checked):
    """The training recipe."""

    GROUP: ClassVar[str] = "train"
    epochs: int = setting(30, low=1, high=MOST, help="passes over the training part")
    batch_size: int = setting(64, low=1, high=MOST, help="examples a step")
    optimizer: str = setting("adam", choices=("adam", "sgd"), help="the optimizer")
    lr: float = setting(1e-3, low=0, open_low=True, pack="own", help="learning rate")
    momentum: float = setting(
        0.9, low=0, high=1, open_high=True, when=("train.optimizer", "sgd"), help="momentum of sgd"
    )
    clip: float = setting(
        0.0,
        low=0,
        high=MOST,
        off=0.0,
        pack="own",
        help="largest norm of a step's gradient, all weights together; a longer one is scaled down; 0: any",
    )
    lr_decay: float = setting(
        1.0,
        low=0,
        open_low=True,
        high=1,
        off=1.0,
        pack="own",
        help="what the learning rate is multiplied by before each epoch after train.lr_hold; 1: it stays",
    )
    lr_hold: int = setting(
        0,
        low=0,
        high=MOST,
        pack="own",
        unless=("train.lr_decay", 1.0),
        help="epochs before the learning rate begins to fall",
    )
