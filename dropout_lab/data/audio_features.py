"""Log-mel spectra and cepstral coefficients of recordings, as sequences of frames.

Frames of 25 ms every 10 ms are weighted by a Hann window. The mel scale is ``2595 log10(1 + f / 700)``, and the filters
are triangles whose corners are equally spaced on it (Davis and Mermelstein 1980, IEEE TASSP 28).
"""

from functools import cache
from typing import Literal

import numpy as np
from scipy.fft import dct, rfft

Kind = Literal["log_mel", "mfcc"]
WINDOW, HOP = 0.025, 0.010  # seconds
MELS, COEFFICIENTS = 40, 13
FLOOR = 1e-10  # added to the power of samples in [-1, 1] before the logarithm; silence is about -23
REACH = 2  # frames on either side that a delta is fitted to


def extract_features(signal: np.ndarray, rate: int, kind: Kind) -> np.ndarray:
    """Return the features of one recording.

    Args:
        signal: samples in [-1, 1], [N].
        rate: samples per second.
        kind: ``log_mel`` for 40 log-mel energies, or ``mfcc`` for 13 cepstral coefficients with their first and second
            differences (39 features).

    Returns:
        float32 [T, F], one row per frame; a recording shorter than one frame is filled with silence to one frame.
    """
    energies = log_mel(signal, rate)
    if kind == "log_mel":
        return energies.astype(np.float32)
    cepstra = dct(energies, type=2, norm="ortho", axis=1)[:, :COEFFICIENTS]
    first = differences(cepstra)
    return np.concatenate([cepstra, first, differences(first)], 1).astype(np.float32)


def log_mel(signal: np.ndarray, rate: int) -> np.ndarray:
    """Return the logarithm of the energy in each mel band, float64 [T, 40]."""
    size, step = round(WINDOW * rate), round(HOP * rate)
    signal = np.pad(signal.astype(np.float64), (0, max(size - len(signal), 0)))
    frames = np.lib.stride_tricks.sliding_window_view(signal, size)[::step]
    points = 1 << (size - 1).bit_length()
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    power = np.abs(rfft(frames * window, points)) ** 2 / points
    return np.asarray(np.log(power @ mel_filters(rate, points).T + FLOOR))


@cache
def mel_filters(rate: int, points: int) -> np.ndarray:
    """Return the triangular filters, float64 [40, points // 2 + 1]; each has its peak of 1 between two others."""
    highest = 2595 * np.log10(1 + rate / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, highest, MELS + 2) / 2595) - 1)
    frequencies = np.arange(points // 2 + 1) * rate / points
    low, middle, high = (corners[i : i + MELS, None] for i in range(3))
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    return np.maximum(np.minimum(rising, falling), 0)


def differences(features: np.ndarray) -> np.ndarray:
    """Return the slope of each feature over five frames by least squares, [T, F]; end rows are repeated."""
    padded = np.pad(features, ((REACH, REACH), (0, 0)), mode="edge")
    count = len(features)
    steps = range(1, REACH + 1)
    rise = sum(k * (padded[REACH + k : REACH + k + count] - padded[REACH - k : REACH - k + count]) for k in steps)
    return np.asarray(rise / (2 * sum(k * k for k in steps)))


def fit_length(features: np.ndarray, frames: int, pad: str, silence: np.ndarray) -> np.ndarray:
    """Cut a sequence to ``frames`` rows, or fill it with the features of silence.

    Args:
        features: [T, F].
        frames: number of rows to return.
        pad: ``front`` to fill before the sequence, ``back`` to fill after it.
        silence: features of one silent frame, [F].
    """
    kept = features[:frames]
    filling = np.broadcast_to(silence, (frames - len(kept), features.shape[1]))
    return np.concatenate([filling, kept] if pad == "front" else [kept, filling])


def stack_features(signals: list[tuple[np.ndarray, int]], kind: Kind, frames: int, pad: str) -> np.ndarray:
    """Return the features of recordings in one array, float32 [N, frames, F].

    Args:
        signals: samples in [-1, 1] and sampling rate of each recording.
        kind: as for :func:`extract_features`.
        frames: rows per recording.
        pad: as for :func:`fit_length`.
    """
    rows = []
    for signal, rate in signals:
        silence = extract_features(np.zeros(round(WINDOW * rate)), rate, kind)[0]
        rows.append(fit_length(extract_features(signal, rate, kind), frames, pad, silence))
    return np.stack(rows)
