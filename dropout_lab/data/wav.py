"""Recordings in WAV files, in one folder per class."""

import struct
import warnings
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from dropout_lab.data.audio_features import HOP, WINDOW, Kind, stack_features
from dropout_lab.data.cache import Arrays
from dropout_lab.data.folders import ClassFolders, read_class_folders
from dropout_lab.errors import DataError

MOST_SECONDS = 600


def read_wav(path: Path) -> tuple[np.ndarray, int]:
    """Return the samples of a WAV file in [-1, 1], averaged over its channels, and its sampling rate.

    Returns:
        float32 [N], and samples per second.

    Raises:
        DataError: the file is damaged, compressed, empty or too long.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # chunks with metadata
            rate, samples = wavfile.read(path)
    except (ValueError, EOFError, OSError, struct.error) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: cannot be read as a WAV file ({reason}); save it as PCM") from None
    if samples.size == 0 or rate <= 0:
        raise DataError(f"{path}: contains no samples; remove it")
    if len(samples) > MOST_SECONDS * rate:
        raise DataError(f"{path}: lasts {len(samples) / rate:.0f} s; cut recordings to at most {MOST_SECONDS} s")
    if samples.dtype == np.uint8:
        samples = (samples.astype(np.float32) - 128) / 128
    elif np.issubdtype(samples.dtype, np.signedinteger):
        samples = samples.astype(np.float32) / -float(np.iinfo(samples.dtype).min)
    if not np.isfinite(samples).all():
        raise DataError(f"{path}: contains samples that are not finite")
    return samples.astype(np.float32).reshape(len(samples), -1).mean(1), int(rate)


def list_recordings(folder: Path) -> ClassFolders:
    """List the WAV files of a folder by split and class."""
    return read_class_folders(folder, {".wav"}, "recording")


def read_recordings(folder: Path, kind: Kind, frames: int, pad: str) -> Arrays:
    """Compute the features of the recordings of a folder.

    Args:
        folder: folder of the classes, or of the splits.
        kind, frames, pad: see :func:`~dropout_lab.data.audio_features.stack_features`.

    Returns:
        x [N, frames, F]; y; the names of the classes; the rows of fixed splits; notes.

    Raises:
        DataError: a recording is damaged, or the sampling rates differ.
    """
    listing = list_recordings(folder)
    signals = []
    for path, _ in listing.files:
        signals.append(read_wav(path))
        rates = signals[0][1], signals[-1][1]
        if rates[0] != rates[1]:
            raise DataError(
                f"{path}: has {rates[1]} samples per second, but the first recording {rates[0]}; resample it"
            )
    seconds = [len(signal) / rate for signal, rate in signals]
    notes = [f"{min(seconds):.2g} to {max(seconds):.3g} s at {signals[0][1]} Hz"]
    if cut := sum(value > frames * HOP + WINDOW for value in seconds):
        notes.append(f"{cut:,} longer than {frames} frames are truncated")
    arrays = {
        "x": stack_features(signals, kind, frames, pad),
        "y": np.array([label for _, label in listing.files]),
        "classes": np.array(listing.classes),
        "notes": np.array(notes),
    }
    fixed = {split: listing.rows(split) for split in ("val", "test")}
    return arrays | {split: np.array(rows) for split, rows in fixed.items() if rows is not None}
