"""A folder of images for each class."""

import numpy as np
import pytest
from PIL import Image

from dropout_lab.data import DataError, fingerprint, load, own
from dropout_lab.data.images import read_images


@pytest.fixture(autouse=True)
def no_memory(monkeypatch):
    """Look at the disk each time, whatever another test has seen."""
    monkeypatch.setattr(own, "LOOK_AGAIN", 1e-9)


def draw(path, shape=(6, 5), value=0, colour=False):
    """Save an image of one brightness with a dark corner."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((*shape, 3) if colour else shape, value, np.uint8)
    pixels[0, 0] = 9
    Image.fromarray(pixels).save(path)


@pytest.fixture
def pets(tmp_path):
    """Two cats and a dog, one of them in a folder below."""
    for name, value in (("cat/2.png", 20), ("cat/more/1.PNG", 10), ("dog/x.bmp", 30)):
        draw(tmp_path / "pets" / name, value=value)
    (tmp_path / "pets/cat/notes.txt").write_text("no image")
    return tmp_path / "pets"


def test_grey_images_by_class_in_the_order_of_their_names(pets):
    dataset = load("folder", path=str(pets))
    assert (dataset.x.shape, dataset.x.dtype) == ((3, 1, 6, 5), np.uint8)
    assert dataset.x[:, 0, 1, 1].tolist() == [20, 10, 30]
    assert dataset.x[:, 0, 0, 0].tolist() == [9, 9, 9]
    assert (dataset.y.tolist(), dataset.classes) == ([0, 0, 1], ("cat", "dog"))
    assert dataset.test is None


def test_one_in_colour_makes_all_of_three_channels(pets):
    draw(pets / "dog/y.png", value=40, colour=True)
    dataset = load("folder", path=str(pets))
    assert dataset.x.shape == (4, 3, 6, 5)
    assert dataset.x[:, :, 1, 1].tolist() == [[v] * 3 for v in (20, 10, 30, 40)]


def test_a_train_and_a_test_folder_fix_the_test_part(tmp_path):
    for name in ("train/a/1.png", "train/b/1.png", "test/b/1.png"):
        draw(tmp_path / name)
    dataset = load("folder", path=str(tmp_path))
    assert (dataset.y.tolist(), dataset.test.tolist()) == ([0, 1, 1], [2])
    draw(tmp_path / "test/c/1.png")
    with pytest.raises(DataError, match="test/c: is a class without training images"):
        load("folder", path=str(tmp_path))


def test_sizes_must_agree_or_be_made_to(pets):
    draw(pets / "dog/z.png", shape=(8, 8), value=30)
    with pytest.raises(DataError, match=r"dog/z\.png: is 8x8 where the first image is 6x5; data.image_size=N"):
        load("folder", path=str(pets))
    assert load("folder", path=str(pets), image_size=4).x.shape == (4, 1, 4, 4)


def test_the_digest_is_of_names_and_contents(pets, tmp_path):
    draw(pets / "cat/0.png")
    first = fingerprint("folder", str(pets))
    pets.rename(tmp_path / "moved")
    moved = tmp_path / "moved"
    assert fingerprint("folder", str(moved)) == first
    (moved / "cat/2.png").rename(moved / "dog/2.png")
    second = fingerprint("folder", str(moved))
    assert second != first
    draw(moved / "dog/2.png", value=21)
    assert fingerprint("folder", str(moved)) not in (first, second)


def test_a_sweep_over_images_by_a_relative_path(pets, typed, folder):
    for i in range(20):
        draw(folder / f"mine/a/{i}.png", shape=(8 + i, 8), value=i)
        draw(folder / f"mine/b/{i}.png", shape=(8 + i, 8), value=200 + i)
    words = ["data=folder", "data.path=mine", "model=cnn", "model.channels=[4]", "model.head=[4]", "train.epochs=1"]
    status, out, err = typed("train", *words)
    assert (status, out) == (2, "")
    assert err.startswith("dropout-lab: mine/a/1.png: is 9x8 where the first image is 8x8; data.image_size=N")
    status, out, err = typed("train", *words, "data.image_size=8")
    assert (status, err) == (0, "")
    assert "test accuracy" in out


@pytest.mark.parametrize("broken", ["cut", "junk", "empty"])
def test_a_broken_image_is_named(pets, broken):
    path = pets / "cat/2.png"
    draw(path, shape=(60, 60), value=7)
    content = path.read_bytes()
    path.write_bytes({"cut": content[: len(content) // 2], "junk": b"junk", "empty": b""}[broken])
    with pytest.raises(DataError, match=r"cat/2\.png: cannot be read as an image") as caught:
        read_images(pets, 0)
    assert "\n" not in str(caught.value)


def test_an_image_that_would_fill_the_memory_is_refused(pets, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    with pytest.raises(DataError, match="cannot be read as an image"):
        read_images(pets, 0)


def test_folders_without_classes_or_images(pets, tmp_path):
    (pets / "eel").mkdir()
    with pytest.raises(DataError, match=r"eel: holds no image"):
        read_images(pets, 0)
    with pytest.raises(DataError, match=r"must hold a folder of images for each of two classes or more"):
        read_images(pets / "cat", 0)
