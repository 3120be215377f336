"""Audio features against a second implementation by loops, and properties that follow from their definition."""

import math

import numpy as np
import pytest

from dropout_lab.data.audio_features import (
    FLOOR,
    extract_features,
    fit_length,
    log_mel,
    mel_filters,
    stack_features,
)

RATE = 8000


def naive_log_mel(signal, rate):
    """The definition, with a loop per frame, frequency and band."""
    size, hop, points = round(0.025 * rate), round(0.010 * rate), 256
    window = [0.5 - 0.5 * math.cos(2 * math.pi * n / size) for n in range(size)]
    top = 2595 * math.log10(1 + rate / 2 / 700)
    corners = [700 * (10 ** (top * i / 41 / 2595) - 1) for i in range(42)]
    rows = []
    for start in range(0, len(signal) - size + 1, hop):
        frame = [signal[start + n] * window[n] for n in range(size)]
        power = []
        for k in range(points // 2 + 1):
            real = sum(v * math.cos(2 * math.pi * k * n / points) for n, v in enumerate(frame))
            imaginary = sum(v * math.sin(2 * math.pi * k * n / points) for n, v in enumerate(frame))
            power.append((real**2 + imaginary**2) / points)
        bands = []
        for low, middle, high in zip(corners, corners[1:], corners[2:], strict=False):
            energy = 0.0
            for k, value in enumerate(power):
                f = k * rate / points
                weight = (f - low) / (middle - low) if f <= middle else (high - f) / (high - middle)
                energy += max(weight, 0) * value
            bands.append(math.log(energy + FLOOR))
        rows.append(bands)
    return np.array(rows)


def naive_mfcc(energies):
    """Orthonormal DCT-II by its sum, and slopes over five frames."""
    bands = energies.shape[1]
    scale = [math.sqrt((1 if k == 0 else 2) / bands) for k in range(13)]
    basis = [[math.cos(math.pi * k * (2 * n + 1) / (2 * bands)) for n in range(bands)] for k in range(13)]
    cepstra = np.array([[s * np.dot(b, row) for s, b in zip(scale, basis, strict=True)] for row in energies])

    def slope(rows):
        last = len(rows) - 1
        at = [[rows[min(max(t + k, 0), last)] for k in range(-2, 3)] for t in range(len(rows))]
        return np.array([sum(k * row for k, row in zip(range(-2, 3), five, strict=True)) / 10 for five in at])

    return np.concatenate([cepstra, slope(cepstra), slope(slope(cepstra))], 1)


def test_both_features_equal_a_second_implementation():
    signal = np.random.default_rng(0).normal(size=700) * 0.1
    expected = naive_log_mel(signal, RATE)
    np.testing.assert_allclose(log_mel(signal, RATE), expected, rtol=1e-9)
    np.testing.assert_allclose(extract_features(signal, RATE, "mfcc"), naive_mfcc(expected), atol=1e-4)


@pytest.mark.parametrize("frequency", [300, 1000, 2500])
def test_a_tone_is_loudest_in_its_band(frequency):
    tone = np.sin(2 * np.pi * frequency * np.arange(RATE) / RATE)
    band = extract_features(tone, RATE, "log_mel").mean(0).argmax()
    weights = mel_filters(RATE, 256)[band]
    assert abs(weights.argmax() * RATE / 256 - frequency) < 80


def test_shapes_and_silence():
    assert extract_features(np.zeros(10), RATE, "log_mel").shape == (1, 40)
    assert extract_features(np.zeros(RATE), RATE, "mfcc").shape == (98, 39)
    assert np.allclose(extract_features(np.zeros(RATE), RATE, "log_mel"), math.log(FLOOR))


def test_short_and_long_recordings_have_one_length():
    signals = [(np.random.default_rng(1).normal(size=n), RATE) for n in (900, 9000)]
    x = stack_features(signals, "log_mel", 30, "front")
    assert x.shape == (2, 30, 40)
    assert x.dtype == np.float32
    rows = extract_features(signals[0][0], RATE, "log_mel")
    assert np.array_equal(x[0, -len(rows) :], rows)
    assert np.allclose(x[0, : -len(rows)], math.log(FLOOR))
    back = fit_length(rows, 30, "back", np.zeros(40))
    assert np.array_equal(back[: len(rows)], rows)
