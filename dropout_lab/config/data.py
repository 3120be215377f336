"""The settings of the data: the source with its options, and the preprocessing."""

from typing import TYPE_CHECKING, Any, ClassVar

from dropout_lab.config.declarations import options_of, read_components
from dropout_lab.config.derived import with_options
from dropout_lab.settings import MOST, Validated, setting
from dropout_lab.settings.validators import check_place

SOURCES = read_components("data", "DataSource")
COLUMNS = (
    "kind root name split path digest target text task layout columns drop missing separator encoding header "
    "decimal image_size tokenizer max_length padding audio_features frames split_by vocab_size "
    "bptt label examples features noise test_fraction "
    "val_fraction reconstruct train_size label_noise normalise"
).split()


@with_options("data.kind", {kind: options_of(source) for kind, source in SOURCES.items()}, COLUMNS)
class DataConf(Validated):
    """The data set, its preprocessing, and the size of its held-out splits."""

    GROUP: ClassVar[str] = "data"
    kind: str = setting("digits", help="the data set", column="data")
    root: str = setting(
        "",
        check=check_place,
        allowed="the name of a folder",
        identity=False,
        source=True,
        help="folder of the public data sets; if empty, DROPOUT_LAB_DATA or dropout-lab in the user's cache",
    )
    test_fraction: float = setting(
        0.2,
        low=0,
        high=0.9,
        open_low=True,
        unless=("data.official_test", True),
        help="test fraction of the examples, drawn by base seed, if the data have no official test set",
    )
    val_fraction: float = setting(
        0.2,
        low=0,
        high=0.9,
        unless=("data.is_stream", True),
        help="validation fraction of the remaining examples, drawn by trial seed, if the data have no official set; "
        "0: none",
    )
    reconstruct: bool = setting(
        False,
        off=False,
        unless=("data.is_text", True),
        source=True,
        help="train an autoencoder: the targets are the examples themselves",
    )
    train_size: int = setting(
        0,
        low=0,
        high=100 * MOST,
        off=0,
        help="training-set size, a subsample stratified by class and drawn by trial seed; 0: all examples",
    )
    label_noise: float = setting(
        0.0, low=0, high=1, off=0.0, help="fraction of the training labels that are replaced by other classes"
    )
    normalise: str = setting(
        "none",
        choices=("none", "zscore", "unit"),
        off="none",
        help="scaling per feature or channel from the training split: zscore to mean 0 and deviation 1, unit to [0, 1]",
    )
    if TYPE_CHECKING:  # the options of the data sets; the two that the program replaces
        digest: str = ""
        split: int = 0

        def __getattr__(self, name: str) -> Any: ...

    @property
    def official_test(self) -> bool:
        """Whether the publisher divides the set into a training set and a test set."""
        return self.kind in SOURCES and SOURCES[self.kind].official_test

    @property
    def of_user(self) -> bool:
        """Whether the data are the user's, and identified by their content."""
        return self.kind in SOURCES and SOURCES[self.kind].of_user

    @property
    def is_text(self) -> bool:
        """Whether the examples are texts."""
        return self.kind in SOURCES and SOURCES[self.kind].is_text

    @property
    def is_stream(self) -> bool:
        """Whether the data are one running text."""
        return self.kind in SOURCES and SOURCES[self.kind].is_stream
