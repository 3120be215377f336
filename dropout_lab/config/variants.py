"""The schema of ``variant=``: the dropout variant."""

from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar

from dropout_lab.config.declarations import options_of, read_components
from dropout_lab.config.derived import with_options
from dropout_lab.settings import Validated, setting

VARIANTS = read_components("dropout", "Dropout")
COLUMNS = (
    "tune kind network block_size profile mask test_scale slope kl_weight temperature length_scale granularity "
    "gate_masks "
    "ar tar lr_multiplier warm_up"
).split()


@with_options("variant.kind", {kind: options_of(variant) for kind, variant in VARIANTS.items()}, COLUMNS)
class VariantConf(Validated):
    """The dropout variant."""

    GROUP: ClassVar[str] = "variant"
    # Search space of the rate and of the variant's settings; see sweeps/space.py.
    tune: dict[str, Any] = field(default_factory=dict, compare=False)
    kind: str = setting("inverted", help="the dropout variant; none is rate 0", column="variant")
    network: str = setting(
        "as_is",
        choices=("as_is", "selu"),
        help="change to the network: selu for the non-linearity and initial weights of SELU, as_is for no change",
    )
    profile: str = setting(
        "flat",
        choices=("flat", "rising"),
        identity=False,
        help="profile used for profile=auto; rising is the linear decay rule of stochastic depth",
    )
    if TYPE_CHECKING:  # the options of the variants

        def __getattr__(self, name: str) -> Any: ...

    @property
    def layouts(self) -> list[str]:
        """The kinds of sites at which the variant acts; empty for no dropout."""
        return list(VARIANTS[self.kind].layouts) if self.kind in VARIANTS else []

    @property
    def in_sequences(self) -> bool:
        """Whether the variant applies to recurrent networks only."""
        return self.kind in VARIANTS and VARIANTS[self.kind].in_sequences

    @property
    def inside_layers(self) -> bool:
        """Whether the variant acts inside recurrent layers only, and so neither between layers nor at the input."""
        return self.in_sequences and not VARIANTS[self.kind].takes_input

    @property
    def drops_input(self) -> bool:
        """Whether ``rate`` applies to the input as well, where no ``input_rate`` is given."""
        return self.in_sequences and bool(VARIANTS[self.kind].takes_input)
