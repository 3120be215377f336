"""Options of the readers of texts, and the declarations of the public text sets."""

from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.data.source import DataSource
from dropout_lab.settings import MOST, Options, setting


@dataclass(frozen=True)
class PadOptions(Options):
    """Options of the examples that are filled up to one length."""

    padding: str = setting(
        "front",
        choices=("front", "back"),
        source=True,
        identity_key="data.pad",
        help="where shorter texts and recordings are filled up",
    )


@dataclass(frozen=True)
class TokenOptions(Options):
    """Options of all texts."""

    tokenizer: str = setting(
        "spaces",
        choices=("words", "spaces", "characters"),
        source=True,
        identity_key="data.tokens",
        help="what a token is: a lower-cased word or other sign, what stands between spaces, or a character",
    )
    vocab_size: int = setting(
        20_000,
        low=1,
        high=MOST,
        source=True,
        identity_key="data.vocabulary",
        help="most tokens that a model knows, the most frequent ones of the training part",
    )


@dataclass(frozen=True)
class LabelledTextOptions(TokenOptions, PadOptions):
    """Options of texts with a label each."""

    max_length: int = setting(
        64, low=1, high=MOST, source=True, identity_key="data.length", help="tokens that longer texts are cut to"
    )


@dataclass(frozen=True)
class ScaleOptions(LabelledTextOptions):
    """Options of the film reviews with ratings."""

    label: str = setting(
        "rating",
        choices=("rating", "3class", "4class"),
        source=True,
        help="what is to be told from a review: its rating in [0, 1], or one of three or four grades",
    )


@dataclass(frozen=True)
class StreamOptions(TokenOptions):
    """Options of running texts."""

    bptt: int = setting(
        35,
        low=1,
        high=MOST,
        identity_key="data.window",
        help="tokens of a running text that a step sees; the state is carried on, the gradient is not",
    )


class SentenceSource(DataSource):
    """Film reviews without an official test part."""

    kinds: ClassVar[tuple[str, ...]] = ("rt_polarity",)
    options: ClassVar[type[Options]] = LabelledTextOptions
    is_text: ClassVar[bool] = True


class ScaleSource(DataSource):
    """Film reviews with ratings."""

    kinds: ClassVar[tuple[str, ...]] = ("scale_data",)
    options: ClassVar[type[Options]] = ScaleOptions
    is_text: ClassVar[bool] = True


class NewsSource(DataSource):
    """Labelled texts with an official test part."""

    kinds: ClassVar[tuple[str, ...]] = ("imdb", "ag_news", "newsgroups20")
    options: ClassVar[type[Options]] = LabelledTextOptions
    is_text: ClassVar[bool] = True
    official_test: ClassVar[bool] = True


class StreamSource(DataSource):
    """Running texts."""

    kinds: ClassVar[tuple[str, ...]] = ("ptb", "wikitext2", "tinyshakespeare")
    options: ClassVar[type[Options]] = StreamOptions
    is_text: ClassVar[bool] = True
    is_stream: ClassVar[bool] = True
    official_test: ClassVar[bool] = True
