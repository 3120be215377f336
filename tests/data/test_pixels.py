"""Image files of every kind as arrays."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from dropout_lab.data import DataError
from dropout_lab.data.image_header import read_header
from dropout_lab.data.images import read_images
from dropout_lab.data.pixels import read_pixels

RANDOM = np.random.default_rng(0)
COLOURS = {0: 1, 2: 3, 4: 2, 6: 4}  # channels of the colour types of PNG
FLIPS = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: a[::-1, ::-1],
    4: np.flipud,
    5: np.transpose,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).T,
    8: np.rot90,
}


def png16(path, values, kind):
    """Write a PNG of 16 bits [H, W, C], which Pillow can write only without colours."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, kind, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in values))
    content = chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    return path


def tiff(path, values, sample_format=1, planes=1):
    """Write an uncompressed TIFF [H, W, C] with tags of our choice."""
    height, width, channels = values.shape
    bits = values.dtype.itemsize * 8
    extra = struct.pack("<3H", *[bits] * 3) if channels == 3 else b""
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 2 if channels == 3 else 1, 273: 0, 277: channels}
    tags |= {278: height, 279: values.nbytes, 284: planes, 339: sample_format}
    start = 8 + 2 + 12 * len(tags) + 4
    tags[273] = start + len(extra)
    entries = b""
    for tag, value in sorted(tags.items()):
        many = tag == 258 and channels == 3
        entries += struct.pack("<HHII", tag, 3 if many else 4, 3 if many else 1, start if many else value)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)
    path.write_bytes(head + extra + values.astype(values.dtype.newbyteorder("<")).tobytes())
    return path


def save(path, image, **options):
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(path, **options)
    return path


def read(path, grey=True, size=0):
    return read_pixels(path, read_header(path), grey, size)


def deep(dtype, high, channels=1):
    return RANDOM.integers(0, high, (4, 6, channels), endpoint=True).astype(dtype)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_of_grey(tmp_path, suffix):
    values = deep("u2", 65535)[:, :, 0]
    pixels = read(save(tmp_path / f"a.{suffix}", values))
    assert (pixels.values.dtype, pixels.values.shape) == (np.float32, (1, 4, 6))
    assert np.allclose(pixels.values[0], values / 65535, atol=1e-7)


@pytest.mark.parametrize(
    ("dtype", "sample_format", "kind", "top"),
    [
        ("i2", 2, "signed 16-bit", 2**15 - 1),
        ("u4", 1, "32-bit", 2**32 - 1),
        ("i4", 2, "signed 32-bit", 2**31 - 1),
    ],
)
def test_other_integers_are_scaled_by_the_range_of_their_type(tmp_path, dtype, sample_format, kind, top):
    values = deep(dtype, top)
    path = tiff(tmp_path / "a.tif", values, sample_format)
    assert read_header(path)[2:4] == (kind, top)
    assert np.allclose(read(path).values[0], values[:, :, 0] / top, atol=1e-6)


@pytest.mark.parametrize("maximum", [65535, 4095])
def test_sixteen_bits_of_a_pgm(tmp_path, maximum):
    values = deep(">u2", maximum)[:, :, 0]
    (tmp_path / "a.pgm").write_bytes(b"P5\n6 4\n%d\n" % maximum + values.tobytes())
    assert np.allclose(read(tmp_path / "a.pgm").values[0], values / maximum, atol=1e-4)


@pytest.mark.parametrize("kind", [2, 6])
def test_sixteen_bits_of_colours_in_a_png(tmp_path, kind):
    values = deep("u2", 65535, COLOURS[kind]).astype(float)
    alpha = values[:, :, 3:] / 65535 if kind == 6 else 1.0
    expected = values[:, :, :3] / 65535 * alpha + 1 - alpha
    pixels = read(png16(tmp_path / "a.png", values, kind), grey=False)
    assert np.allclose(pixels.values.transpose(1, 2, 0), expected, atol=1e-6)
    assert pixels.transparent == (kind == 6)


def test_sixteen_bits_of_colours_in_a_tiff(tmp_path):
    values = deep("u2", 300, 3)  # in the upper bytes alone these would be black
    assert np.allclose(read(tiff(tmp_path / "a.tif", values), grey=False).values.transpose(1, 2, 0) * 65535, values)


def test_what_pillow_reduces_is_known(tmp_path):
    assert read_header(png16(tmp_path / "a.png", deep("u2", 65535, 2), 4)).reduced
    (tmp_path / "a.ppm").write_bytes(b"P6\n6 4\n65535\n" + deep(">u2", 65535, 3).tobytes())
    assert read_header(tmp_path / "a.ppm").reduced
    assert not read_header(save(tmp_path / "b.png", deep("u1", 255, 3))).reduced


@pytest.mark.parametrize(
    ("values", "options", "line"),
    [
        (np.full((4, 6, 1), -1, "i4"), {"sample_format": 2}, "negative or not finite"),
        (np.full((4, 6, 1), np.nan, "f4"), {"sample_format": 3}, "negative or not finite"),
        (np.full((4, 6, 1), 1, "i1"), {"sample_format": 2}, r"cannot be read as an image \(signed 8-bit pixels"),
        (np.full((4, 6, 3), 1, "u2"), {"planes": 2}, r"cannot be read as an image \(16-bit colours in separate planes"),
        (np.full((4, 6, 1), 1, "f8"), {"sample_format": 3}, r"cannot be read as an image \(Pillow does not recognize"),
    ],
)
def test_pixels_that_are_refused(tmp_path, values, options, line):
    with pytest.raises(DataError, match=rf"a\.tif: .*{line}"):
        read(tiff(tmp_path / "a.tif", values, **options))


@pytest.mark.parametrize("orientation", FLIPS)
@pytest.mark.parametrize(
    ("suffix", "dtype", "options"),
    [
        ("png", "u1", {}),
        ("png", "u2", {}),
        ("tif", "u1", {}),
        ("tif", "u2", {}),
        ("tif", "u2", {"compression": "tiff_lzw"}),
        ("webp", "u1", {"lossless": True}),
    ],
)
def test_every_orientation(tmp_path, orientation, suffix, dtype, options):
    values = np.arange(24, dtype=dtype).reshape(6, 4)
    tags = Image.Exif()
    tags[0x0112] = orientation
    pixels = read(save(tmp_path / f"a.{suffix}", values, exif=tags, **options))
    scale = 65535 if dtype == "u2" else 1
    assert np.allclose(pixels.values[0] * scale, FLIPS[orientation](values))
    assert pixels.rotated == (orientation > 1)


def test_damaged_metadata_do_not_matter(tmp_path):
    path = save(tmp_path / "a.jpg", np.full((4, 6), 9, "u1"), exif=b"Exif\0\0junk and more junk")
    assert not read(path).rotated


TRANSPARENT = np.dstack([np.full((4, 6, 3), 40, "u1"), np.repeat(np.array([[0, 0, 0, 51, 51, 255]], "u1"), 4, 0)])
ON_WHITE = [255, 255, 255, 212, 212, 40]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_composited_on_white(tmp_path, mode):
    pixels = read(save(tmp_path / "a.png", Image.fromarray(TRANSPARENT).convert(mode)), grey=mode == "LA")
    assert pixels.values[0, 0].tolist() == ON_WHITE
    assert (pixels.transparent, pixels.values.dtype) == (True, np.uint8)


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_a_transparent_palette(tmp_path, suffix):
    image = Image.new("P", (2, 2))
    image.putpalette([9, 8, 7, 200, 0, 0, 0, 0, 100])
    image.putdata([0, 1, 1, 2])
    pixels = read(save(tmp_path / f"a.{suffix}", image, transparency=0), grey=False)
    assert pixels.values.reshape(3, 4).T.tolist() == [[255] * 3, [200, 0, 0], [200, 0, 0], [0, 0, 100]]
    assert pixels.transparent


def test_a_colour_that_stands_for_transparency(tmp_path):
    pixels = read(save(tmp_path / "a.png", np.array([[5, 6]], "u1"), transparency=5))
    assert (pixels.values.ravel().tolist(), pixels.transparent) == ([255, 6], True)
    pixels = read(save(tmp_path / "b.png", np.array([[500, 6]], "u2"), transparency=500))
    assert np.allclose(pixels.values.ravel() * 65535, [65535, 6])
    assert pixels.transparent


def test_an_opaque_alpha_is_not_transparent(tmp_path):
    image = Image.new("RGBA", (2, 2), (1, 2, 3, 255))
    pixels = read(save(tmp_path / "a.png", image), grey=False)
    assert (pixels.values[:, 0, 0].tolist(), pixels.transparent) == ([1, 2, 3], False)


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB"])
def test_other_colour_spaces(tmp_path, mode):
    colours = Image.new("RGB", (8, 8), (200, 60, 20))
    if mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        stored = ImageCms.applyTransform(colours, ImageCms.buildTransform(*profiles, "RGB", "LAB"))
    else:
        stored = colours.convert(mode)
    assert np.allclose(read(save(tmp_path / "a.tif", stored), grey=False).values[:, 0, 0], [200, 60, 20], atol=3)


def test_the_first_of_several_frames(tmp_path):
    frames = [Image.new("L", (6, 4), value) for value in (7, 100, 200)]
    for suffix in ("gif", "tif", "png"):
        path = save(tmp_path / f"a.{suffix}", frames[0], save_all=True, append_images=frames[1:])
        assert (read_header(path).frames, read_header(path).grey) == (3, True)
        assert (read(path).values == 7).all()


def test_a_grey_palette_is_grey(tmp_path):
    values = deep("u1", 255)[:, :, 0]
    path = save(tmp_path / "a.gif", values)
    assert read_header(path).grey
    assert np.array_equal(read(path).values[0], values)
    assert not read_header(save(tmp_path / "b.gif", deep("u1", 255, 3))).grey


def folder(tmp_path, *images):
    """Save images by class: half to a, half to b."""
    for i, image in enumerate(images):
        path = tmp_path / ("a" if i < len(images) / 2 else "b")
        path.mkdir(exist_ok=True)
        save(path / f"{i}.tif", image)
    return tmp_path


def test_a_folder_of_several_depths_is_scaled_image_by_image(tmp_path):
    full = [np.full((4, 6), top, dtype) for dtype, top in (("u1", 255), ("u2", 65535), ("i4", 2**31 - 1), ("f4", 1))]
    arrays = read_images(folder(tmp_path, *full), 0)
    assert (arrays["x"].dtype, arrays["x"].min(), arrays["x"].max()) == (np.float32, 1, 1)
    assert arrays["notes"].tolist() == [
        "1 float image in [0, 1]",
        "1 16-bit image scaled by 1/65535",
        "1 signed 32-bit image scaled by 1/2147483647",
    ]


def test_float_images_have_one_range_all_together(tmp_path):
    dark, bright = np.full((4, 6), 0.5, "f4"), np.full((4, 6), 200, "f4")
    arrays = read_images(folder(tmp_path, dark, bright), 2)
    assert np.allclose(arrays["x"][:, 0, 0, 0], [0.5 / 255, 200 / 255])
    assert arrays["notes"].tolist() == ["float images in [0, 255], scaled by 1/255"]


@pytest.mark.parametrize(("value", "given"), [(256, "from 256 to 256"), (-0.5, "from -0.5 to -0.5")])
def test_float_images_of_other_ranges_are_refused(tmp_path, value, given):
    wrong = np.full((4, 6), value, "f4")
    with pytest.raises(DataError, match=rf"1\.tif: has float pixels {given}; .* must be in \[0, 1\] or \[0, 255\]"):
        read_images(folder(tmp_path, np.zeros((4, 6), "f4"), wrong), 0)


def test_a_small_part_of_the_range_is_noted(tmp_path):
    arrays = read_images(folder(tmp_path, *np.full((2, 4, 6), 655, "u2")), 0)
    assert arrays["notes"][-1] == "values only up to 0.01; data.normalise=unit scales them to [0, 1]"


def test_sixteen_bits_are_resized(tmp_path):
    arrays = read_images(folder(tmp_path, *np.full((2, 4, 6), 30000, "u2")), 3)
    assert arrays["x"].shape == (2, 1, 3, 3)
    assert np.allclose(arrays["x"], 30000 / 65535)
