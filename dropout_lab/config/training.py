"""The schema of ``train=``."""

from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.checks import MOST
from dropout_lab.settings import Checked, setting


@dataclass(frozen=True)
class TrainConf(Checked):
    """The training recipe."""

    GROUP: ClassVar[str] = "train"
    epochs: int = setting(30, low=1, high=MOST, help="passes over the training part")
    batch_size: int = setting(
        64, low=1, high=MOST, help="examples per step; a last batch of one joins the batch before it"
    )
    optimizer: str = setting("adam", choices=("adam", "sgd", "rmsprop", "adadelta"), help="the optimizer")
    lr: float = setting(1e-3, low=0, open_low=True, pack="own", help="learning rate")
    momentum: float = setting(
        0.9, low=0, high=1, open_high=True, when=("train.optimizer", "sgd"), help="momentum of sgd"
    )
    nesterov: bool = setting(
        False, off=False, when=("train.optimizer", "sgd"), help="whether the momentum of sgd looks ahead, as Nesterov's"
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
