"""Images and series in ``.npz`` files: which axes are what, and what stands for white."""

import numpy as np
import pytest

from dropout_lab.data import DataError
from dropout_lab.data.array_images import channel_axis
from dropout_lab.data.arrays import read_npz

RANDOM = np.random.default_rng(1)
Y = np.arange(6) % 2
GREY = RANDOM.integers(0, 256, (6, 8, 8), np.uint8)
COLOURS = RANDOM.integers(0, 256, (6, 8, 9, 3), np.uint8)


@pytest.fixture
def read(tmp_path):
    """Save arrays and read them again."""

    def save_and_read(x, layout="auto", y=Y, **arrays):
        np.savez(tmp_path / "d.npz", x=x, y=y, **arrays)
        return read_npz(tmp_path / "d.npz", "auto", layout)

    return save_and_read


def notes_of(arrays):
    return arrays.get("notes", np.array([])).tolist()


def test_images_of_bytes_and_a_test_split(read):
    got = read(GREY, x_test=GREY[:2], y_test=[1, 1])
    assert (got["x"].dtype, got["x"].shape) == (np.uint8, (8, 1, 8, 8))
    assert np.array_equal(got["x"][6:, 0], GREY[:2])
    assert (got["test"].tolist(), got["y"].tolist()) == ([6, 7], [0, 1, 0, 1, 0, 1, 1, 1])
    assert notes_of(got) == []


def test_channels_last_become_channels_first(read):
    got = read(COLOURS)
    assert np.array_equal(got["x"], COLOURS.transpose(0, 3, 1, 2))
    assert notes_of(got) == ["channels last in the file"]
    assert np.array_equal(read(COLOURS.transpose(0, 3, 1, 2))["x"], got["x"])
    grey = read(GREY[..., None])
    assert np.array_equal(grey["x"], GREY[:, None])
    assert notes_of(grey) == ["channels last in the file"]


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((6, 3, 32, 32), 1),
        ((6, 32, 32, 3), 3),
        ((6, 32, 20, 1), 3),
        ((6, 1, 20, 32), 1),
        ((6, 3, 4, 4), 1),  # both may be channels, and one choice leaves square images
        ((6, 4, 4, 3), 3),
        ((6, 1, 1, 5), None),  # a row of 5 pixels, or one pixel of 5 channels
        ((6, 5, 64, 64), 1),
        ((6, 64, 64, 5), 3),
        ((6, 64, 8, 8), 1),  # feature maps
        ((6, 2, 20, 30), 1),
        ((6, 3, 32, 3), None),
        ((6, 3, 3, 3), None),
        ((6, 1, 28, 1), None),
        ((6, 4, 20, 3), None),
        ((6, 64, 1, 1), None),  # pooled features, or columns of 64 pixels
        ((6, 3, 3, 5), None),
        ((6, 20, 30, 5), None),
        ((6, 8, 8, 8), None),
    ],
)
def test_which_axis_holds_the_channels(shape, axis, tmp_path):
    if axis:
        assert channel_axis(tmp_path, "x", shape) == axis
        return
    with pytest.raises(
        DataError, match=r"axis 1 or axis 3; set data.layout=images for axis 1, or data.layout=channels_last"
    ):
        channel_axis(tmp_path, "x", shape)


def test_the_layout_settles_what_the_shape_does_not(read):
    x = RANDOM.integers(0, 256, (6, 3, 9, 3), np.uint8)
    assert np.array_equal(read(x, "images")["x"], x)
    assert np.array_equal(read(x, "channels_last")["x"], x.transpose(0, 3, 1, 2))
    assert np.array_equal(read(GREY.astype(float), "series")["x"], GREY)
    assert read(GREY[:, :5] - 0.5, "images")["x"].shape == (6, 1, 5, 8)
    assert np.array_equal(read(GREY[:, 0], "series")["x"], GREY[:, 0, :, None])
    for layout, array in (
        ("images", GREY[:, 0]),
        ("channels_last", GREY),
        ("series", COLOURS),
        ("series", GREY[:, 0, 0]),
    ):
        with pytest.raises(DataError, match=f"data.layout={layout} requires . (or . )?axes, but x has shape"):
            read(array, layout)


@pytest.mark.parametrize(
    ("convert", "note"),
    [
        (lambda x: x / 255, None),
        (lambda x: (x / 255).astype(np.float32), None),
        (lambda x: x.astype(np.float64), "float64 pixels from 0 to 255"),
        (lambda x: x.astype(">f4"), "float32 pixels from 0 to 255"),
        (lambda x: x.astype(np.float16), "float16 pixels from 0 to 255"),
        (lambda x: x.astype(np.int64), "int64 pixels from 0 to 255"),
        (lambda x: x.astype(np.uint16), "uint16 pixels from 0 to 255"),
        (lambda x: x.astype(np.uint16) * 257, "uint16 pixels divided by 65535"),
        (lambda x: x.astype(np.int32) * 257, "int32 pixels divided by 65535"),
        (lambda x: x * 257.0, "float64 pixels divided by 65535"),
        (lambda x: np.clip(x + 1e-4, 0, 255), "float64 pixels divided by 255"),
    ],
)
@pytest.mark.parametrize("images", [GREY, COLOURS, COLOURS.transpose(0, 3, 1, 2)])
def test_the_network_sees_what_it_sees_of_equal_bytes(read, images, convert, note):
    expected = read(images)["x"] / np.float32(255)
    got = read(convert(images), "images" if images is GREY else "auto")
    scaled = got["x"] / np.float32(255) if got["x"].dtype == np.uint8 else got["x"]
    assert scaled.dtype == np.float32
    assert np.allclose(scaled, expected, rtol=0, atol=1e-6)
    last = ["channels last in the file"] if images is COLOURS else []
    assert notes_of(got) == last + ([note] if note else [])


def test_values_that_are_no_pixels_are_left_and_said(read):
    x = COLOURS / 127.5 - 1
    got = read(x)
    assert np.array_equal(got["x"], x.astype(np.float32).transpose(0, 3, 1, 2))
    assert notes_of(got) == ["channels last in the file", "pixels from -1 to 1 are not rescaled"]
    assert notes_of(read(COLOURS.astype(int) - 900))[1].startswith("pixels from -")


def test_transparent_images_are_composited_on_white(read):
    x = np.zeros((6, 8, 8, 4), np.uint8)
    x[0, ..., 3] = 255  # opaque black
    x[1, ..., 3], x[1, ..., 0] = 51, 200
    got = read(x)
    assert got["x"].shape == (6, 3, 8, 8)
    assert got["x"][:3, :, 0, 0].tolist() == [[0, 0, 0], [244, 204, 204], [255, 255, 255]]
    assert notes_of(got) == ["channels last in the file", "RGBA composited on white"]
    floats = read(x / 255)
    assert np.allclose(floats["x"][:3, :, 0, 0] * 255, [[0, 0, 0], [244, 204, 204], [255, 255, 255]], atol=1e-4)
    bands = read(x.transpose(0, 3, 1, 2))
    assert bands["x"].shape == (6, 4, 8, 8)
    assert notes_of(bands) == ["4 channels are not changed"]


@pytest.mark.parametrize(
    ("x", "kind"),
    [
        (GREY[:, :5], "images"),
        (GREY[:, :5] > 9, "images"),
        (GREY / 255, "square"),
        (GREY.astype(int), "square"),
        (GREY[:, :5] / 255, "series"),
        (GREY - 0.5, "series"),
        (GREY[:, :5].astype(np.int16), "series"),
    ],
)
def test_three_axes_are_images_or_series(read, x, kind):
    got = read(x)
    if kind == "series":
        assert got["x"].shape == x.shape
        assert notes_of(got) == ["data.layout=images reads images"]
    else:
        assert got["x"].shape == (6, 1, *x.shape[1:])
        said = ["square and from 0 to 255, read as images; set data.layout=series to read series"]
        assert [note for note in notes_of(got) if "layout" in note] == (said if kind == "square" else [])


@pytest.mark.parametrize("layout", ["images", "series"])
def test_a_layout_that_is_given_is_not_explained(read, layout):
    assert notes_of(read(GREY / 255, layout)) == []


def test_series_keep_the_digits_that_float32_lacks(read):
    x = 1.7e12 + RANDOM.normal(size=(6, 5, 2))
    got = read(x, x_test=x[:1], y_test=[1])
    assert (got["x"].dtype, got["x"].shape) == (np.float64, (7, 5, 2))
    assert np.array_equal(got["x"][:6], x)


def test_a_test_set_of_zeros_and_ones_next_to_bytes_is_refused(tmp_path):
    dark = (np.arange(4 * 9).reshape(4, 3, 3) % 2).astype(np.uint8)
    bright = RANDOM.integers(0, 210, (12, 3, 3)).astype(np.uint8)
    path = tmp_path / "d.npz"
    np.savez(path, x_train=bright, y_train=np.arange(12) % 2, x_test=dark, y_test=[0, 1, 0, 1])
    with pytest.raises(DataError, match="x_test has values up to 1 and x_train up to 2"):
        read_npz(path, "auto")
