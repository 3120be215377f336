"""The schema of ``regularizer=``: one schema for all regularizers, so that they can be combined."""

from dataclasses import field, fields
from typing import TYPE_CHECKING, Any, ClassVar

from dropout_lab.config.declarations import read_options
from dropout_lab.config.derived import with_options
from dropout_lab.errors import ConfigError
from dropout_lab.settings import Validated, list_fields

OPTIONS = read_options("regularizers", "Regularizer")
COLUMNS = (
    "chosen tune l1 l1_start l2 elastic l1_ratio weight_decay max_norm kl_sparsity kl_target early_stopping "
    "min_delta monitor restore_best label_smoothing input_noise weight_noise mixup augment crop shift "
    "batch_norm layer_norm"
).split()


@with_options("regularizer.names", OPTIONS, COLUMNS)
class RegularizerConf(Validated):
    """The regularizers: ``regularizer=[l2,early_stopping]`` chooses two.

    The setting with the same name as its regularizer is its strength or mode; 0 or an empty list turns it off.
    """

    GROUP: ClassVar[str] = "regularizer"
    # The regularizers that are switched on, set by the group's files; the settings of the others have no effect.
    chosen: dict[str, bool] = field(default_factory=dict)
    # Search space of their strengths, set by the same files; see sweeps/space.py.
    tune: dict[str, Any] = field(default_factory=dict, compare=False)
    if TYPE_CHECKING:  # the options of the regularizers

        def __getattr__(self, name: str) -> Any: ...

    def check_together(self) -> None:
        for name in self.chosen:
            if name not in OPTIONS:
                raise ConfigError(f"no regularizer {name!r}; see `dropout-lab list regularizer`")

    @property
    def names(self) -> list[str]:
        """The names of the chosen regularizers, sorted; those of strength 0 are left out."""
        return sorted(name for name, on in self.chosen.items() if on and getattr(self, name))

    @property
    def changes(self) -> list[str]:
        """The image augmentations in use."""
        changes: list[str] = self.augment if "augment" in self.names else []
        return changes


def regularizer_names() -> list[str]:
    """Return the names of all regularizers, in the order of their settings."""
    return [entry.name for entry in list_fields(RegularizerConf) if entry.name in OPTIONS]


def regularizer_of(setting_name: str) -> str:
    """Return the regularizer that a setting of the group belongs to."""
    return next(name for name, options in OPTIONS.items() if setting_name in [f.name for f in fields(options)])
