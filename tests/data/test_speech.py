"""Speech data: tiny sets in the published layouts, downloads from a loopback server, folders of the user."""

import io
import tarfile
import zipfile

import numpy as np
import pytest
from scipy.io import wavfile

from dropout_lab.data import DataError, load, speech, speech_downloaders
from dropout_lab.data.catalog import CATALOGUE, verify_dataset
from dropout_lab.data.checksums import joint_digest

RATE = 8000


def write_tone(path, frequency, seconds=0.3, rate=RATE):
    path.parent.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(frequency)
    count = round(seconds * rate)
    samples = np.sin(2 * np.pi * frequency * np.arange(count) / rate) + 0.1 * draw.normal(size=count)
    wavfile.write(path, rate, (samples * 10000).astype(np.int16))


@pytest.fixture
def digits(tmp_path, monkeypatch):
    """A spoken digit set with two recordings per digit and speaker, and its own checksum."""
    monkeypatch.setattr(speech, "RECORDINGS", 2)
    monkeypatch.setattr(speech, "TEST_RECORDINGS", 1)
    files = speech.list_fsdd_files(tmp_path)
    for number, path in enumerate(files):
        write_tone(path, 300 + 150 * (number // 12) + number % 12)
    folder = tmp_path / "FSDD/recordings"
    monkeypatch.setattr(speech, "FSDD_DIGEST", joint_digest(folder, [path.name for path in files]))
    return tmp_path


def test_spoken_digits_have_an_official_and_a_speaker_split(digits):
    dataset = load("fsdd", root=str(digits), frames=20)
    assert dataset.x.shape == (120, 20, 40)
    assert dataset.y.tolist() == [d for d in range(10) for _ in range(12)]
    assert dataset.test.tolist() == list(range(0, 120, 2))
    by_speaker = load("fsdd", root=str(digits), frames=20, split_by="speaker")
    names = [path.name for path in speech.list_fsdd_files(digits)]
    for rows, speaker in zip(by_speaker.splits, speech.SPEAKERS, strict=True):
        assert {names[row].split("_")[1] for row in rows} == {speaker}
        assert len(rows) == 20
    assert load("fsdd", root=str(digits), frames=20, audio_features="mfcc").x.shape == (120, 20, 39)


def test_changed_and_missing_recordings_are_refused(digits):
    path = speech.list_fsdd_files(digits)[7]
    write_tone(path, 1234)
    with pytest.raises(DataError, match="damaged or were changed"):
        load("fsdd", root=str(digits), frames=21)
    path.unlink()
    with pytest.raises(DataError, match=f"{path.name}: does not exist; run `dropout-lab data get fsdd`"):
        load("fsdd", root=str(digits), frames=21)


def test_a_sweep_by_held_out_speaker(digits, typed):
    words = ["data=fsdd", f"data.root={digits}", "model=lstm", "model.units=8", "train.epochs=2", "data.frames=20"]
    status, _, err = typed("sweep", *words, "data.split_by=speaker", "data.split=0,5", "seeds=1", "rate=0,0.3")
    assert (status, err) == (0, "")
    status, _, err = typed("sweep", *words, "data.split_by=speaker", "data.split=6", "seeds=1")
    assert status == 2
    assert "data.split=6: fsdd has 6 splits, 0 to 5" in err
    status, _, err = typed("sweep", *words, "data.split=2", "seeds=1")
    assert status == 2
    assert "data.split=2: applies with data.split_by=speaker only" in err


def test_downloading_spoken_digits(digits, server, tmp_path_factory, monkeypatch):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in speech.list_fsdd_files(digits):
            archive.write(path, f"free-spoken-digit-dataset-master/recordings/{path.name}")
        archive.writestr("free-spoken-digit-dataset-master/README.md", "x")
    server.files["fsdd.zip"] = packed.getvalue()
    monkeypatch.setattr(speech_downloaders, "FSDD_ADDRESS", server.at("none") + "fsdd.zip")
    root = tmp_path_factory.mktemp("root")
    CATALOGUE["fsdd"].get(root)
    assert verify_dataset(CATALOGUE["fsdd"], root) == "120 recordings by 6 speakers"
    assert sorted(path.name for path in root.iterdir() if not path.name.startswith(".")) == ["FSDD"]
    server.files["fsdd.zip"] = packed.getvalue().replace(b"0_george_0", b"9_george_9")
    other = tmp_path_factory.mktemp("other")
    with pytest.raises(DataError):
        CATALOGUE["fsdd"].get(other)
    assert list(other.rglob("*.wav")) == []


def write_commands(folder):
    for number, word in enumerate(("yes", "no", "up")):
        for i in range(4):
            write_tone(folder / word / f"{i}.wav", 300 + 400 * number + i, 1.0, 16000)
    write_tone(folder / "_background_noise_/hum.wav", 50)
    (folder / "validation_list.txt").write_text("yes/0.wav\nno/0.wav\nup/0.wav\n")
    (folder / "testing_list.txt").write_text("yes/1.wav\nno/1.wav\nup/1.wav\n")


def test_downloading_and_reading_speech_commands(tmp_path, server, monkeypatch):
    write_commands(tmp_path / "source")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(tmp_path / "source", ".")
    server.files["commands.tar.gz"] = packed.getvalue()
    monkeypatch.setattr(speech_downloaders, "COMMANDS_ADDRESS", server.at("none") + "commands.tar.gz")
    root = tmp_path / "root"
    with pytest.raises(DataError, match=speech_downloaders.COMMANDS_SHA256):
        CATALOGUE["speech_commands"].get(root)
    monkeypatch.setattr(speech_downloaders, "COMMANDS_SHA256", None)
    CATALOGUE["speech_commands"].get(root)
    assert verify_dataset(CATALOGUE["speech_commands"], root) == "12 recordings of 3 words"
    dataset = load("speech_commands", root=str(root), frames=100)
    assert dataset.classes == ("no", "up", "yes")
    assert dataset.x.shape == (12, 100, 40)
    assert (dataset.val.tolist(), dataset.test.tolist()) == ([0, 4, 8], [1, 5, 9])


def test_a_folder_of_recordings_of_the_user(tmp_path, typed):
    for number, word in enumerate(("cat", "dog")):
        for i in range(20):
            write_tone(tmp_path / f"pets/{word}/{i}.wav", 400 + 900 * number + i, 0.2 + i / 100)
    words = ["sweep", "data=audio", f"data.path={tmp_path / 'pets'}", "model=gru", "model.units=8", "seeds=2"]
    status, out, err = typed(*words, "train.epochs=2", "data.frames=25", "rate=0,0.2")
    assert (status, err) == (0, "")
    assert "series of 25 steps with 40 features" in out
    assert "longer than 25 frames are truncated" in out
    write_tone(tmp_path / "pets/dog/21.wav", 500, rate=16000)
    status, _, err = typed(*words)
    assert status == 2
    assert "21.wav: has 16000 samples per second, but the first recording 8000; resample it" in err
