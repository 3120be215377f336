"""Options of the readers of recordings, and the declarations of their data sets."""

from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.data.source import DataSource
from dropout_lab.data.text_options import PadOptions
from dropout_lab.data.uci import PublishedSplitOptions
from dropout_lab.data.user_options import UserDataOptions
from dropout_lab.settings import Options, setting


@dataclass(frozen=True)
class AudioOptions(PadOptions):
    """Options of all recordings."""

    audio_features: str = setting(
        "log_mel",
        choices=("log_mel", "mfcc"),
        source=True,
        help="features of a recording: 40 log-mel energies, or 13 MFCCs with first and second differences",
    )
    frames: int = setting(
        64,
        low=1,
        high=10_000,
        source=True,
        help="maximum number of 10 ms frames per recording; longer recordings are truncated",
    )


@dataclass(frozen=True)
class SpokenDigitOptions(AudioOptions, PublishedSplitOptions):
    """Options of the free spoken digits."""

    split_by: str = setting(
        "official",
        choices=("official", "speaker"),
        source=True,
        help="test set: the official recordings, or all recordings of the speaker number data.split",
    )


@dataclass(frozen=True)
class UserAudioOptions(AudioOptions, UserDataOptions):
    """Options of the user's recordings."""


class SpokenDigitSource(DataSource):
    """Spoken digits of several speakers."""

    kinds: ClassVar[tuple[str, ...]] = ("fsdd",)
    options: ClassVar[type[Options]] = SpokenDigitOptions
    official_test: ClassVar[bool] = True


class SpeechCommandSource(DataSource):
    """Spoken words."""

    kinds: ClassVar[tuple[str, ...]] = ("speech_commands",)
    options: ClassVar[type[Options]] = AudioOptions
    official_test: ClassVar[bool] = True


class UserAudioSource(DataSource):
    """A folder of recordings per class."""

    kinds: ClassVar[tuple[str, ...]] = ("audio",)
    options: ClassVar[type[Options]] = UserAudioOptions
    of_user: ClassVar[bool] = True
