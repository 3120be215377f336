"""The settings of the data: the source, the files, and the preprocessing."""

from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.config.fields import Validated, setting
from dropout_lab.config.validators import (
    COLUMNS,
    ENCODING,
    HEADER,
    MOST,
    SEPARATOR,
    check_columns,
    check_digest,
    check_encoding,
    check_header,
    check_place,
    check_separator,
    check_word,
)

# Data sets by the settings that apply to them; tests compare these with the data sets of dropout_lab.data.
VISION = ("mnist", "fashion_mnist", "kmnist", "emnist", "cifar10", "cifar100", "svhn")
SYNTHETIC = ("noisy_sine", "linear_teacher")
OWN = ("file", "folder", "texts", "audio")
AUDIO = ("fsdd", "speech_commands", "audio")
LABELLED_TEXTS = ("rt_polarity", "scale_data", "imdb", "ag_news", "newsgroups20", "texts")
LANGUAGE = ("ptb", "wikitext2", "tinyshakespeare")
TEXTS = (*LABELLED_TEXTS, *LANGUAGE)
OFFICIAL_TEST = (
    *VISION,
    "fsdd",
    "speech_commands",
    "uci",
    "year_prediction_msd",
    "imdb",
    "ag_news",
    "newsgroups20",
    *LANGUAGE,
)
UCI = (
    *("bostonHousing", "concrete", "energy", "kin8nm", "naval-propulsion-plant", "power-plant"),
    *("protein-tertiary-structure", "wine-quality-red", "yacht"),
)


@dataclass(frozen=True)
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
        help="where public sets lie, or are put; if empty, DROPOUT_LAB_DATA or dropout-lab in the user's cache",
    )
    name: str = setting("yacht", choices=UCI, when=("data.kind", "uci"), source=True, help="which of the nine sets")
    split: int = setting(
        0,
        low=0,
        high=19,
        when=("data.kind", "uci", "fsdd"),
        pack="own",
        help="which published split to test on; under data.split_by=speaker, which speaker",
    )
    path: str = setting(
        "",
        check=check_place,
        allowed="the name of a file or folder",
        identity=False,
        axis=True,
        when=("data.kind", *OWN),
        source=True,
        help="data of the user: an .npz file, a table (.csv, .tsv, .txt, .data), or a folder per class",
    )
    digest: str = setting(
        "",
        check=check_digest,
        allowed="16 to 64 hex digits",
        when=("data.kind", *OWN),
        source=True,
        help="sha256 of the own data; filled in, and refused where the data are others",
    )
    target: str = setting(
        "",
        check=check_word,
        allowed="the name of a column",
        when=("data.kind", "file", "texts"),
        off="",
        source=True,
        help="column of a table to be predicted",
    )
    text: str = setting(
        "",
        check=check_word,
        allowed="the name of a column",
        when=("data.kind", "texts"),
        off="",
        source=True,
        help="column of a table with the texts",
    )
    task: str = setting(
        "auto",
        choices=("auto", "classification", "regression"),
        when=("data.kind", "file", "texts"),
        source=True,
        help="what to do with the target; auto: classes if it is words or up to 50 different whole numbers",
    )
    layout: str = setting(
        "auto",
        choices=("auto", "images", "channels_last", "series"),
        when=("data.kind", "file"),
        off="auto",
        source=True,
        help="axes of x in an .npz: images are [N, H, W] or [N, C, H, W], channels_last [N, H, W, C], series [N, T, F]",
    )
    columns: list[str] = setting(
        [],
        check=check_columns,
        allowed=COLUMNS,
        when=("data.kind", "file"),
        off=[],
        source=True,
        help="columns of a table to learn from; all but the target if empty",
    )
    drop: list[str] = setting(
        [],
        check=check_columns,
        allowed=COLUMNS,
        when=("data.kind", "file"),
        off=[],
        source=True,
        help="columns of a table to leave out, such as [id,name]",
    )
    missing: str = setting(
        "refuse",
        choices=("refuse", "mean", "median", "drop"),
        when=("data.kind", "file", "texts"),
        off="refuse",
        source=True,
        help="empty cells of a table: fill them by column from the training split, words by the most frequent one; or "
        "drop their rows",
    )
    separator: str = setting(
        "auto",
        check=check_separator,
        allowed=SEPARATOR,
        when=("data.kind", "file", "texts"),
        off="auto",
        source=True,
        help="what stands between the cells of a table; auto detects it",
    )
    encoding: str = setting(
        "auto",
        check=check_encoding,
        allowed=ENCODING,
        when=("data.kind", "file", "texts"),
        off="auto",
        source=True,
        help="encoding of a table; auto detects it",
    )
    header: str = setting(
        "auto",
        check=check_header,
        allowed=HEADER,
        when=("data.kind", "file", "texts"),
        off="auto",
        source=True,
        help="whether the first line of a table holds names; without it, columns are named 1, 2, ...",
    )
    decimal: str = setting(
        "auto",
        choices=("auto", "point", "comma"),
        when=("data.kind", "file", "texts"),
        off="auto",
        source=True,
        help="decimal sign of a table; auto detects it",
    )
    image_size: int = setting(
        0,
        low=0,
        high=4096,
        when=("data.kind", "folder"),
        off=0,
        source=True,
        help="pixels a side that images are resized to; 0: they are of one size already",
    )
    tokens: str = setting(
        "spaces",
        choices=("words", "spaces", "characters"),
        when=("data.kind", *TEXTS),
        source=True,
        help="what a token is: a lower-cased word or other sign, what stands between spaces, or a character",
    )
    length: int = setting(
        64,
        low=1,
        high=MOST,
        when=("data.kind", *LABELLED_TEXTS),
        source=True,
        help="tokens that longer texts are cut to",
    )
    pad: str = setting(
        "front",
        choices=("front", "back"),
        when=("data.kind", *LABELLED_TEXTS, *AUDIO),
        source=True,
        help="where shorter texts and recordings are filled up",
    )
    audio_features: str = setting(
        "log_mel",
        choices=("log_mel", "mfcc"),
        when=("data.kind", *AUDIO),
        source=True,
        help="features of a recording: 40 log-mel energies, or 13 MFCCs with first and second differences",
    )
    frames: int = setting(
        64, low=1, high=10_000, when=("data.kind", *AUDIO), source=True, help="frames of 10 ms; more are cut off"
    )
    split_by: str = setting(
        "official",
        choices=("official", "speaker"),
        when=("data.kind", "fsdd"),
        source=True,
        help="test set: the official recordings, or all recordings of the speaker number data.split",
    )
    vocabulary: int = setting(
        20_000,
        low=1,
        high=MOST,
        when=("data.kind", *TEXTS),
        source=True,
        help="most tokens that a model knows, the most frequent ones of the training part",
    )
    window: int = setting(
        35,
        low=1,
        high=MOST,
        when=("data.kind", *LANGUAGE),
        help="tokens of a running text that a step sees; the state is carried on, the gradient is not",
    )
    label: str = setting(
        "rating",
        choices=("rating", "3class", "4class"),
        when=("data.kind", "scale_data"),
        source=True,
        help="what is to be told from a review: its rating in [0, 1], or one of three or four grades",
    )
    examples: int = setting(
        1000, low=10, high=MOST, when=("data.kind", *SYNTHETIC), source=True, help="examples to draw"
    )
    features: int = setting(
        20, low=1, high=10_000, when=("data.kind", "linear_teacher"), source=True, help="features to draw"
    )
    noise: float = setting(
        0.1, low=0, high=MOST, when=("data.kind", *SYNTHETIC), source=True, help="standard deviation of the noise"
    )
    test_fraction: float = setting(
        0.2,
        low=0,
        high=0.9,
        open_low=True,
        unless=("data.kind", *OFFICIAL_TEST),
        help="part held out for the test, drawn from the base seed alone, where there is no official one",
    )
    val_fraction: float = setting(
        0.2,
        low=0,
        high=0.9,
        unless=("data.kind", *LANGUAGE),
        help="part of the rest held out for validation, by trial seed, where there is no official one; 0: train on all",
    )
    reconstruct: bool = setting(
        False,
        off=False,
        unless=("data.kind", *TEXTS),
        source=True,
        help="learn the examples themselves in the place of their targets: an autoencoder",
    )
    train_size: int = setting(
        0, low=0, high=100 * MOST, off=0, help="train on so many examples, drawn by class and trial seed; 0: all"
    )
    label_noise: float = setting(
        0.0, low=0, high=1, off=0.0, help="part of the training labels that is replaced by other classes"
    )
    normalise: str = setting(
        "none",
        choices=("none", "zscore", "unit"),
        off="none",
        help="by feature or channel, from the training part: mean 0 and deviation 1, or into [0, 1]",
    )
