"""Options of the readers of texts, and the declarations of the public text sets."""

from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.data.source import DataSource
from dropout_lab.settings import MOST, Options, setting


@dataclass(frozen=True)
class PadOptions(Options):
    """Options of examples that are padded to one length."""

    padding: str = setting(
        "front",
        choices=("front", "back"),
        source=True,
        identity_key="data.pad",
        help="side on which shorter texts and recordings are padded",
    )


@dataclass(frozen=True)
class TokenOptions(Options):
    """Options of all texts."""

    tokenizer: str = setting(
        "spaces",
        choices=("words", "spaces", "characters"),
        source=True,
        identity_key="data.tokens",
        help="kind of token: a lower-cased word or punctuation mark, a string between spaces, or a character",
    )
    vocab_size: int = setting(
        20_000,
        low=1,
        high=MOST,
        source=True,
        identity_key="data.vocabulary",
        help="maximum vocabulary size; the most frequent tokens of the training split are included",
    )


@dataclass(frozen=True)
class LabelledTextOptions(TokenOptions, PadOptions):
    """Options of texts with one label per text."""

    max_length: int = setting(
        64,
        low=1,
        high=MOST,
        source=True,
        identity_key="data.length",
        help="maximum number of tokens per text; longer texts are truncated",
    )


@dataclass(frozen=True)
class ScaleOptions(LabelledTextOptions):
    """Options of the film reviews with ratings."""

    label: str = setting(
        "rating",
        choices=("rating", "3class", "4class"),
        source=True,
        help="target of a review: its rating in [0, 1], or one of three or four grades",
    )


@dataclass(frozen=True)
class StreamOptions(TokenOptions):
    """Options of running texts."""

    bptt: int = setting(
        35,
        low=1,
        high=MOST,
        identity_key="data.window",
        help="number of tokens of running text per step; the state is carried over, the gradient is not",
    )


class SentenceSource(DataSource):
    """Film reviews without an official test set."""

    kinds: ClassVar[tuple[str, ...]] = ("rt_polarity",)
    options: ClassVar[type[Options]] = LabelledTextOptions
    is_text: ClassVar[bool] = True


class ScaleSource(DataSource):
    """Film reviews with ratings."""

    kinds: ClassVar[tuple[str, ...]] = ("scale_data",)
    options: ClassVar[type[Options]] = ScaleOptions
    is_text: ClassVar[bool] = True


class NewsSource(DataSource):
    """Labelled texts with an official test set."""

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
