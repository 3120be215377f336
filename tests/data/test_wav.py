"""WAV files in all sample formats, and damaged ones."""

import numpy as np
import pytest
from scipy.io import wavfile

from dropout_lab.data.wav import read_wav
from dropout_lab.errors import DataError

TONE = np.sin(np.arange(400) / 10)


@pytest.mark.parametrize(
    "samples",
    [
        (TONE * 32767).astype(np.int16),
        (TONE * 2147483647).astype(np.int32),
        (TONE * 127 + 128).astype(np.uint8),
        TONE.astype(np.float32),
        np.stack([TONE, TONE], 1).astype(np.float32),
    ],
    ids=["int16", "int32", "uint8", "float32", "stereo"],
)
def test_every_format_gives_the_same_samples(tmp_path, samples):
    wavfile.write(tmp_path / "a.wav", 8000, samples)
    read, rate = read_wav(tmp_path / "a.wav")
    assert (rate, read.dtype, read.shape) == (8000, np.float32, (400,))
    assert np.abs(read - TONE).max() < 0.02


def test_damaged_and_empty_files_are_refused(tmp_path):
    path = tmp_path / "a.wav"
    wavfile.write(path, 8000, (TONE * 32767).astype(np.int16))
    whole = path.read_bytes()
    for content in (b"", b"RIFF", b"not a recording", whole[:30]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"a\.wav: cannot be read as a WAV file|contains no samples"):
            read_wav(path)
    wavfile.write(path, 8000, np.zeros(0, dtype=np.int16))
    with pytest.raises(DataError, match="contains no samples"):
        read_wav(path)
    wavfile.write(path, 1, np.zeros(601, dtype=np.int16))
    with pytest.raises(DataError, match="lasts 601 s; cut recordings to at most 600 s"):
        read_wav(path)
    wavfile.write(path, 8000, np.array([0, np.nan], dtype=np.float32))
    with pytest.raises(DataError, match="not finite"):
        read_wav(path)
