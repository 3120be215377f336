"""One image file as an array of pixels, with the range of its type kept."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dropout_lab.data.dataset import DataError

WHITE = 255
GREY = {"1", "L", "LA", "I", "F"}  # Pillow's modes without colours; 16-bit modes are I;16 with a byte order
ALPHA = {"LA", "PA", "RGBA"}
CONVERTED = {"CMYK", "YCbCr", "LAB", "HSV"}
ORIENTATION = 0x0112  # tag of EXIF and TIFF; 1 is upright
SAMPLE_FORMAT = 339  # tag of TIFF; 2 is signed integers
SWAPPED = {"RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B", "RGBA;16B": "RGBA;16L", "RGBA;16L": "RGBA;16B"}
NATIVE = {"RGB;16N": "RGB;16L", "RGBA;16N": "RGBA;16L"}
FLOAT = "float"


class Header(NamedTuple):
    """What is known of an image before its pixels are decoded.

    Args:
        mode: Pillow's name for the kind of pixels.
        kind: ``8-bit``, ``16-bit``, ... or ``float``.
        top: the largest value of the type.
        grey: whether it has no colours.
        frames: number of frames or pages.
        reduced: whether Pillow reduces the pixels to 8 bits.
    """

    mode: str
    kind: str
    top: int
    grey: bool
    frames: int
    reduced: bool


class Pixels(NamedTuple):
    """A decoded image.

    Args:
        values: [C, H, W] uint8, float32 in [0, 1], or of float images float32 as they are stored.
        transparent: whether a pixel shows the white behind it.
        rotated: whether an orientation tag was applied.
    """

    values: np.ndarray
    transparent: bool
    rotated: bool


def read_header(path: Path) -> Header:
    """Read the header of an image.

    Raises:
        DataError: it cannot be read.
    """
    return _open(path, _header)


def read_pixels(path: Path, header: Header, grey: bool, size: int) -> Pixels:
    """Decode the first frame of an image, upright and on white.

    Args:
        header: of the image.
        grey: whether to make one channel instead of three.
        size: pixels per side to resize it to; 0 to leave it.

    Raises:
        DataError: it cannot be read, or holds values that are negative or not finite.
    """
    if header.top == WHITE:
        return _open(path, lambda image: _decode(image, grey, size))
    return _open(path, lambda image: _decode_deep(path, image, header, grey, size))


def _open(path: Path, use: Callable[[Any], Any]) -> Any:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as those on damaged metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return use(image)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise anything on damaged files
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"{path}: cannot be read as an image ({reason})") from None


def _header(image: Any) -> Header:
    raw = _raw_mode(image)
    kind, top = _depth(image, raw)
    grey = image.mode in GREY or image.mode.startswith("I;16") or (image.mode == "P" and _has_grey_palette(image))
    arguments = image.tile[0][3] if image.format == "PPM" and image.tile else None
    maximum = arguments[-1] if isinstance(arguments, tuple) else WHITE
    reduced = top == WHITE and (";16" in raw or maximum > WHITE)
    return Header(image.mode, kind, top, grey, _count_frames(image), reduced)


def _raw_mode(image: Any) -> str:
    """Return how the pixels are stored in the file, in Pillow's words."""
    arguments = image.tile[0][3] if image.tile else ""
    raw = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return raw if isinstance(raw, str) else ""


def _depth(image: Any, raw: str) -> tuple[str, int]:
    """Return the name of the pixels' type and its largest value."""
    if image.mode == "F":
        return FLOAT, 0
    if image.mode == "I" or image.mode.startswith("I;16"):
        if raw == "I;12":
            return "12-bit", 2**12 - 1
        signed = raw.endswith("S")
        if "16" in raw or image.format == "PPM":
            return ("signed 16-bit", 2**15 - 1) if signed else ("16-bit", 2**16 - 1)
        return ("signed 32-bit", 2**31 - 1) if signed else ("32-bit", 2**32 - 1)
    if raw in SWAPPED or raw in NATIVE:
        return "16-bit", 2**16 - 1
    if image.format == "TIFF" and 2 in _as_tuple(image.tag_v2.get(SAMPLE_FORMAT, 1)):
        raise DataError(f"{image.filename}: has signed 8-bit pixels, which are not supported; convert it to 16 bits")
    return "8-bit", WHITE


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _has_grey_palette(image: Any) -> bool:
    colours = np.array(image.getpalette("RGB")).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def _count_frames(image: Any) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # a damaged later frame does not matter
        return 2


def _orientation(image: Any) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged metadata say nothing
        return 1


def _upright(image: Any) -> tuple[Any, bool]:
    """Return the image upright, and whether it was not."""
    from PIL import ImageOps

    tagged = image.format == "TIFF" and _orientation(image) in range(2, 9)  # Pillow rotates these while it loads
    image.load()
    if _orientation(image) in range(2, 9):
        return ImageOps.exif_transpose(image), True
    return image, tagged


def _decode(image: Any, grey: bool, size: int) -> Pixels:
    from PIL import Image

    upright, rotated = _upright(image)
    flat, transparent = _flatten(upright, "L" if grey else "RGB")
    if size:
        flat = flat.resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(flat)
    return Pixels(pixels[None] if grey else pixels.transpose(2, 0, 1), transparent, rotated)


def _flatten(image: Any, mode: str) -> tuple[Any, bool]:
    """Return an image of 8 bits on white in the mode L or RGB, and whether any white shows."""
    from PIL import Image, ImageCms

    if image.mode in ALPHA or "transparency" in image.info:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema()[0] < WHITE:
            behind = Image.new("RGBA", image.size, "white")
            return Image.alpha_composite(behind, image).convert(mode), True
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.applyTransform(image, ImageCms.buildTransform(*profiles, "LAB", "RGB"))
    return image.convert(mode), False


def _decode_deep(path: Path, image: Any, header: Header, grey: bool, size: int) -> Pixels:
    """Decode an image of more than 8 bits per value."""
    from PIL import Image

    key = image.info.get("transparency")
    raw = _raw_mode(image)
    upright, rotated = _upright(image)
    values = np.asarray(upright).astype(np.float64)
    if header.kind == "32-bit":
        values %= 2**32  # Pillow keeps them as signed numbers
    if raw in SWAPPED or raw in NATIVE:  # Pillow keeps the upper bytes only; the other byte order gives the lower ones
        values = values * 256 + _open(path, lambda again: _low_bytes(again, raw))
    if not np.isfinite(values).all() or (header.kind != FLOAT and values.min() < 0):
        raise DataError(f"{path}: has pixels that are negative or not finite; they cannot be brought to [0, 1]")
    values = values.reshape(*values.shape[:2], -1)
    alpha = np.ones_like(values[:, :, :1])
    if values.shape[2] == 4:
        values, alpha = values[:, :, :3], values[:, :, 3:] / header.top
    elif key is not None and not isinstance(key, bytes):
        alpha = 1.0 - (values == np.array(key)).all(2, keepdims=True)
    if header.kind != FLOAT:
        values = values / header.top * alpha + (1 - alpha)
    channels = values.astype(np.float32).transpose(2, 0, 1)
    if size:
        resized = [Image.fromarray(c).resize((size, size), Image.Resampling.BILINEAR) for c in channels]
        channels = np.stack([np.asarray(channel) for channel in resized])
    return Pixels(channels if grey or len(channels) == 3 else channels.repeat(3, 0), bool(alpha.min() < 1), rotated)


def _low_bytes(image: Any, raw: str) -> np.ndarray:
    """Return the lower bytes of 16-bit colours, [H, W, C]."""
    other = SWAPPED[raw] if raw in SWAPPED else _opposite(raw)
    tiles = []
    for tile in image.tile:
        arguments = (other, *tile[3][1:]) if isinstance(tile[3], tuple) else other
        fields = (*tile[:3], arguments)
        tiles.append(tile._make(fields) if hasattr(tile, "_make") else fields)
    image.tile = tiles
    return np.asarray(_upright(image)[0]).astype(np.float64)


def _opposite(raw: str) -> str:
    """Return the byte order that this machine does not have."""
    import sys

    big = NATIVE[raw].replace("16L", "16B")
    return big if sys.byteorder == "little" else NATIVE[raw]
