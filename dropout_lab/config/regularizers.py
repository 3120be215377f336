"""The schema of ``regularizer=``: one schema for all regularizers, so that they can be combined."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

from dropout_lab.config.fields import Validated, list_fields, setting
from dropout_lab.config.requested_metrics import MONITOR_ALLOWED, check_monitor
from dropout_lab.config.validators import AUGMENT, MOST, check_augment
from dropout_lab.errors import ConfigError

ORDERS = ("before", "after")
_ORDER = "before dropout, between a layer and its non-linearity, or after dropout"


def _own(name: str, pack: str = "own") -> dict[str, Any]:
    """Return the common specification of a regularizer's settings: they have an effect only if it is chosen."""
    return {"when": ("regularizer.names", name), "pack": pack}


def _change(kind: str) -> dict[str, Any]:
    """Return the same as :func:`_own` for the settings of one kind of image augmentation."""
    return {"when": ("regularizer.changes", kind), "pack": "own"}


@dataclass(frozen=True)
class RegularizerConf(Validated):
    """The regularizers: ``regularizer=[l2,early_stopping]`` chooses two.

    The setting with the same name as its regularizer is its strength or mode; 0 or an empty list turns it off.
    """

    GROUP: ClassVar[str] = "regularizer"
    # The regularizers that are switched on, set by the group's files; the settings of the others have no effect.
    chosen: dict[str, bool] = field(default_factory=dict)
    # Search space of their strengths, set by the same files; see sweeps/space.py.
    tune: dict[str, Any] = field(default_factory=dict, compare=False)
    l1: float = setting(1e-5, **_own("l1"), low=0, column="l1", help="strength of L1: adds l1 * sum|w| to the loss")
    l1_from: float = setting(
        0.0,
        **_own("l1"),
        low=0,
        high=1,
        open_high=True,
        off=0.0,
        help="part of the training after which L1 is switched on; 0: from the start",
    )
    l2: float = setting(
        1e-4, **_own("l2"), low=0, column="l2", help="strength of L2: adds l2 / 2 * sum w^2 to the loss"
    )
    elastic: float = setting(
        1e-4, **_own("elastic"), low=0, help="strength of the elastic net, divided among L1 and L2 by elastic_ratio"
    )
    elastic_ratio: float = setting(0.5, **_own("elastic"), low=0, high=1, help="part of the elastic net that is L1")
    weight_decay: float = setting(
        0.01,
        **_own("weight_decay"),
        low=0,
        help="decoupled decay: each step takes the part lr * weight_decay off every weight",
    )
    max_norm: float = setting(
        3.0,
        **_own("max_norm"),
        low=0,
        open_low=True,
        column="max_norm",
        help="bound on the norm of a unit's incoming weights",
    )
    kl_sparsity: float = setting(
        1e-3,
        **_own("kl_sparsity"),
        low=0,
        help="weight in the loss of the divergence of each hidden unit's mean activation",
    )
    kl_target: float = setting(
        0.05,
        **_own("kl_sparsity"),
        low=0,
        high=1,
        open_low=True,
        open_high=True,
        help="mean activation that units are to have",
    )
    early_stopping: int = setting(
        5,
        **_own("early_stopping"),
        low=1,
        high=MOST,
        column="early_stopping",
        help="epochs without a better value of regularizer.monitor before stopping",
    )
    min_gain: float = setting(
        0.0,
        **_own("early_stopping"),
        low=0,
        off=0.0,
        help="how much better the validation loss, or what regularizer.monitor names, must be to count as better",
    )
    monitor: str = setting(
        "val_loss",
        **_own("early_stopping", "equal"),
        check=check_monitor,
        allowed=MONITOR_ALLOWED,
        off="val_loss",
        help="what early stopping reads after each epoch, on the validation split",
    )
    restore: bool = setting(
        True,
        **_own("early_stopping"),
        off=True,
        help="whether the weights of the best epoch are reported, or the last ones",
    )
    label_smoothing: float = setting(
        0.1, **_own("label_smoothing"), low=0, high=1, open_high=True, help="part of the target that all classes share"
    )
    input_noise: float = setting(
        0.1,
        **_own("input_noise"),
        low=0,
        help="standard deviation of the normal noise on the inputs, as they are normalised",
    )
    weight_noise: float = setting(
        0.02,
        **_own("weight_noise"),
        low=0,
        help="standard deviation of the normal noise on the weights, drawn at every step",
    )
    mixup: float = setting(
        0.2,
        **_own("mixup"),
        low=0,
        high=MOST,
        help="alpha: examples are mixed in pairs, by a part from Beta(alpha, alpha)",
    )
    augment: list[str] = setting(
        ["shift"],
        **_own("augment"),
        check=check_augment,
        allowed="a list of " + ", ".join(AUGMENT),
        help="change each training batch of images at random: zoom in, flip left to right, move",
    )
    crop: float = setting(
        0.8,
        **_change("crop"),
        low=0,
        high=1,
        open_low=True,
        help="smallest part of a side to zoom in on",
    )
    shift: int = setting(2, **_change("shift"), low=1, high=MOST, help="most pixels to move by, each way")
    # These change the architecture, which the trials of a pack must share.
    batch_norm: str = setting(
        "before", **_own("batch_norm", "equal"), choices=ORDERS, help=f"where batch normalisation stands: {_ORDER}"
    )
    layer_norm: str = setting(
        "before", **_own("layer_norm", "equal"), choices=ORDERS, help=f"where layer normalisation stands: {_ORDER}"
    )

    def check_together(self) -> None:
        for name in self.chosen:
            if name not in regularizer_names():
                raise ConfigError(f"no regularizer {name!r}; `dropout-lab list regularizer` shows them")

    @property
    def names(self) -> list[str]:
        """The names of the chosen regularizers, sorted; those of strength 0 are left out."""
        return sorted(name for name, on in self.chosen.items() if on and getattr(self, name))

    @property
    def changes(self) -> list[str]:
        """The image augmentations in use."""
        return self.augment if "augment" in self.names else []


@cache
def regularizer_names() -> tuple[str, ...]:
    """Return the names of all regularizers: those with a setting of the same name."""
    return tuple(entry.name for entry in list_fields(RegularizerConf) if regularizer_of(entry.name) == entry.name)


def regularizer_of(setting_name: str) -> str:
    """Return the regularizer that a setting of the group belongs to."""
    (spec,) = (entry.spec for entry in list_fields(RegularizerConf) if entry.name == setting_name)
    assert spec.when is not None
    return "augment" if spec.when[0] == "regularizer.changes" else spec.when[1]
