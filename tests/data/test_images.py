"""A folder of images for each class."""

import numpy as np
import pytest
from PIL import Image

from dropout_lab.data import DataError, fingerprint, load
from dropout_lab.data import user_files as own
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
    with pytest.raises(DataError, match="test/c: this class has no images in the training split"):
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
    with pytest.raises(DataError, match=r"eel: contains no image"):
        read_images(pets, 0)
    with pytest.raises(DataError, match=r"must contain one folder of images per class, for at least two classes"):
        read_images(pets / "cat", 0)


def halves(path, side, suffix="png", count=30, change=lambda image: image):
    """Save noise with a brighter left (0) or right (1) half, 8 by 8."""
    random = np.random.default_rng(side)
    for i in range(count):
        pixels = random.integers(0, 80, (8, 8), np.uint8)
        pixels[:, 4 * side : 4 * side + 4] += 80
        path.mkdir(parents=True, exist_ok=True)
        change(Image.fromarray(pixels)).save(path / f"{i}.{suffix}")


def widen(image):
    """Return an image of 16 bits."""
    return Image.fromarray(np.asarray(image).astype(np.uint16) * 200)


def to_alpha(image):
    """Return a black image whose opacity is the given one."""
    return Image.merge("LA", [Image.new("L", image.size), image])


def learn(typed, *words):
    """Train on the folder ``mine`` and return the line on the data and the accuracy that is printed."""
    status, out, err = typed("sweep", "data=folder", "data.path=mine", "rate=0", "seeds=2", *words)
    assert (status, err) == (0, "")
    accuracy = next(line for line in out.splitlines() if line.startswith("none")).split()[1].rstrip(",")
    return out.splitlines()[0], float(accuracy)


def test_a_sweep_over_train_val_and_test(typed, folder):
    for split, count in (("Train", 30), ("Valid", 6), ("Test", 10)):
        for side, name in enumerate("ab"):
            halves(folder / "mine" / split / name, side, count=count)
    line, accuracy = learn(typed, "train.epochs=15")
    assert line == "data: mine, 92 images 1x8x8, classes: a 46, b 46; train 60, val 12, test 20"
    assert accuracy == 100


@pytest.mark.parametrize(
    ("change", "note"),
    [(widen, "16-bit images scaled by 1/65535"), (to_alpha, "transparent images composited on white")],
)
def test_a_sweep_over_images_that_are_converted(typed, folder, change, note):
    for side, name in enumerate("ab"):
        halves(folder / "mine" / name, side, change=change)
    line, accuracy = learn(typed, "train.epochs=15")
    assert line.startswith(f"data: mine, 60 images 1x8x8 ({note}), classes: a 30, b 30;")
    assert accuracy == 100


def test_a_sweep_over_photographs_in_portrait_format(typed, folder):
    """A camera stores them in landscape format with a tag, an editor in portrait format."""
    tags = Image.Exif()
    tags[0x0112] = 6
    for side, name in enumerate("ab"):
        halves(folder / "mine" / name, side, "jpg", change=lambda image: image.resize((8, 12)))
        for i in range(10):
            path = folder / f"mine/{name}/{i}.jpg"
            with Image.open(path) as image:
                turned = image.transpose(Image.Transpose.ROTATE_90)
            turned.save(path, exif=tags)
    line, accuracy = learn(typed, "train.epochs=15")
    assert line.startswith("data: mine, 60 images 1x12x8 (20 images rotated by the EXIF orientation), classes:")
    assert accuracy == 100


def test_copies_of_an_editor_do_not_leak_into_the_test_set(typed, folder):
    random = np.random.default_rng(0)
    for name in "ab":
        for i in range(30):
            image = Image.fromarray(random.integers(0, 255, (8, 8), np.uint8))
            for path in (f"{i}.png", f".ipynb_checkpoints/{i}-checkpoint.png"):
                (folder / "mine" / name / path).parent.mkdir(parents=True, exist_ok=True)
                image.save(folder / "mine" / name / path)
    (folder / "mine/a/._0.png").write_bytes(b"\0\5\x16\7")
    line, accuracy = learn(typed, "train.epochs=60", "data.test_fraction=0.4")
    assert line.startswith("data: mine, 60 images 1x8x8 (61 files skipped: 61 hidden), classes: a 30, b 30;")
    assert accuracy < 75, "the labels are noise"


def test_animations_and_files_of_other_types(typed, folder):
    for side, name in enumerate("ab"):
        halves(folder / "mine" / name, side, "gif" if side else "PNG")
        (folder / f"mine/{name}/x.heic").touch()
    frames = [Image.new("L", (8, 8), value) for value in (7, 100)]
    frames[0].save(folder / "mine/b/0.gif", save_all=True, append_images=frames[1:])
    line = learn(typed, "train.epochs=1")[0]
    assert line.startswith(
        "data: mine, 60 images 1x8x8 (2 files skipped: 2 .heic; 1 multi-frame file, first frame read)"
    )


def test_an_unlabelled_test_set_is_one_line(typed, folder):
    for name in ("train/a/1.png", "train/b/1.png", "test/1.png"):
        draw(folder / "mine" / name)
    status, out, err = typed("sweep", "data=folder", "data.path=mine")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "mine/test: contains images without labels" in err


def test_leftovers_change_the_notes_and_not_the_digest(pets):
    first = fingerprint("folder", str(pets))
    assert own.folder(str(pets)).notes == ("1 file skipped: 1 .txt",)
    (pets / "cat/.DS_Store").touch()
    assert fingerprint("folder", str(pets)) == first
    assert own.folder(str(pets)).notes == ("2 files skipped: 1 .txt, 1 hidden",)
