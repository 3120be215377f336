"""Recordings in WAV files."""

import struct
import warnings
from pathlib import Path

import numpy as np
from scipy.io import wavfile

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
