"""Spoken words: the Free Spoken Digit Dataset and Google's Speech Commands, as series of audio features."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dropout_lab.data.audio_features import Kind, stack_features
from dropout_lab.data.cache import Arrays, load_or_decode
from dropout_lab.data.checksums import joint_digest
from dropout_lab.data.dataset import Dataset
from dropout_lab.data.paths import data_root
from dropout_lab.data.wav import read_wav
from dropout_lab.errors import DataError

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
FSDD_ADDRESS = "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/heads/master.zip"
FSDD_DIGEST = "048d4a35c25a99138109f9c400bbe4392a9f5e07eb7bc98350f27b5a0fd11269"
RECORDINGS, TEST_RECORDINGS = 50, 5  # per digit and speaker; the first five are the official test set

COMMANDS_ADDRESS = "https://storage.googleapis.com/download.tensorflow.org/data/speech_commands_v0.02.tar.gz"
COMMANDS_SHA256 = "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58"
BACKGROUND = "_background_noise_"
LISTS = {"val": "validation_list.txt", "test": "testing_list.txt"}


def list_fsdd_files(root: Path) -> list[Path]:
    """Return the 3,000 recordings, in the order of digit, speaker and number."""
    folder = root / "FSDD" / "recordings"
    return [folder / f"{d}_{name}_{i}.wav" for d in range(10) for name in SPEAKERS for i in range(RECORDINGS)]


def read_fsdd(
    root: str = "",
    audio_features: Kind = "log_mel",
    frames: int = 64,
    padding: str = "front",
    split_by: str = "official",
) -> Dataset:
    """Return the Free Spoken Digit Dataset (Jackson et al. 2018): 3,000 recordings of ten digits by six speakers.

    Args:
        root: as for every data set.
        audio_features, frames, padding: see :func:`~dropout_lab.data.audio_features.stack_features`.
        split_by: ``official`` for recordings 0 to 4 of each digit and speaker as the test set; ``speaker`` for six
            splits whose test set is one speaker each.

    Raises:
        DataError: recordings are missing or changed.
    """
    place = data_root(root)
    files = list_fsdd_files(place)
    require_files(files, "fsdd")

    def decode() -> Arrays:
        verify_fsdd(place)
        return {"x": stack_features([read_wav(path) for path in files], audio_features, frames, padding)}

    x = load_or_decode("fsdd", files, place, decode, f"{audio_features} {frames} {padding}")["x"]
    number = np.arange(len(files))
    speaker = number // RECORDINGS % len(SPEAKERS)
    splits: tuple[np.ndarray, ...] = (np.flatnonzero(number % RECORDINGS < TEST_RECORDINGS),)
    if split_by == "speaker":
        splits = tuple(np.flatnonzero(speaker == i) for i in range(len(SPEAKERS)))
    y = number // (RECORDINGS * len(SPEAKERS))
    return Dataset(
        "fsdd",
        "classification",
        x,
        y,
        tuple(map(str, range(10))),
        test=splits[0],
        splits=splits if split_by == "speaker" else (),
    )


def verify_fsdd(root: Path) -> None:
    """Compare the recordings with the published ones.

    Raises:
        DataError: they differ.
    """
    folder = root / "FSDD" / "recordings"
    require_files(list_fsdd_files(root), "fsdd")
    digest = joint_digest(folder, [path.name for path in list_fsdd_files(root)])
    if digest != FSDD_DIGEST:
        raise DataError(f"{folder}: its files are damaged or were changed (joint sha256 {digest}); download them again")


def require_files(files: Sequence[Path], name: str) -> None:
    """Raise DataError if a file of a data set is missing."""
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise DataError(f"{missing[0]}: does not exist; run `dropout-lab data get {name}`, or set data.root=FOLDER")


def commands_folder(root: Path) -> Path:
    """Return the folder of Speech Commands, which is that of torchaudio."""
    return root / "SpeechCommands" / "speech_commands_v0.02"


def read_speech_commands(
    root: str = "", audio_features: Kind = "log_mel", frames: int = 64, padding: str = "front"
) -> Dataset:
    """Return Speech Commands 0.02 (Warden 2018, arXiv:1804.03209): one-second recordings of 35 words.

    The official lists define the validation and test sets. Recordings of background noise are not used.

    Raises:
        DataError: files are missing or damaged.
    """
    place = data_root(root)
    folder = commands_folder(place)
    require_files([folder / name for name in LISTS.values()], "speech_commands")
    files = sorted(path for path in folder.glob("*/*.wav") if path.parent.name != BACKGROUND)
    words = sorted({path.parent.name for path in files})
    if len(words) < 2:
        raise DataError(f"{folder}: contains no folders of words; run `dropout-lab data get speech_commands`")

    def decode() -> Arrays:
        return {"x": stack_features([read_wav(path) for path in files], audio_features, frames, padding)}

    x = load_or_decode("speech_commands", files, place, decode, f"{audio_features} {frames} {padding}")["x"]
    names = [f"{path.parent.name}/{path.name}" for path in files]
    rows = {}
    for split, listing in LISTS.items():
        listed = set((folder / listing).read_text().split())
        rows[split] = np.array([i for i, name in enumerate(names) if name in listed], dtype=np.int64)
    y = np.searchsorted(np.array(words), [path.parent.name for path in files])
    return Dataset("speech_commands", "classification", x, y, tuple(words), test=rows["test"], val=rows["val"])
