"""Decoding of an image file to an array of pixels: upright, on white, and scaled by the range of its type."""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dropout_lab.data.image_header import BYTE, FLOAT, Header, open_image, orientation_of
from dropout_lab.errors import DataError

ALPHA = {"LA", "PA", "RGBA"}  # Pillow's modes with transparency


class Pixels(NamedTuple):
    """A decoded image.

    Args:
        values: [C, H, W]; uint8, float32 in [0, 1], or for float images float32 with the stored values.
        transparent: whether the white background shows through a pixel.
        rotated: whether an orientation tag was applied.
    """

    values: np.ndarray
    transparent: bool
    rotated: bool


def read_pixels(path: Path, header: Header, grey: bool, size: int) -> Pixels:
    """Decode the first frame of an image.

    Args:
        path: the file.
        header: the header of the image.
        grey: whether to return one channel instead of three.
        size: pixels per side after resizing; 0 to keep the size.

    Raises:
        DataError: the image cannot be read, or holds negative or non-finite values.
    """
    if not header.deep:
        return open_image(path, lambda image: _decode(image, grey, size))
    values, key, rotated = _read_deep(path, header)
    if not np.isfinite(values).all() or (header.kind != FLOAT and values.min() < 0):
        raise DataError(f"{path}: has pixels that are negative or not finite, which cannot be scaled to [0, 1]")
    colours, alpha = _separate_alpha(values, key, header.top)
    if header.kind != FLOAT:
        colours = colours / header.top * alpha + (1 - alpha)
    channels = _resize(colours.astype(np.float32).transpose(2, 0, 1), size)
    return Pixels(channels if grey or len(channels) == 3 else channels.repeat(3, 0), bool(alpha.min() < 1), rotated)


def _decode(image: Any, grey: bool, size: int) -> Pixels:
    """Decode an 8-bit image."""
    from PIL import Image

    upright, rotated = _rotate(image)
    flat, transparent = _flatten(upright, "L" if grey else "RGB")
    if size:
        flat = flat.resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(flat)
    return Pixels(pixels[None] if grey else pixels.transpose(2, 0, 1), transparent, rotated)


def _rotate(image: Any) -> tuple[Any, bool]:
    """Return the upright image, and whether it was rotated."""
    from PIL import ImageOps

    tagged = image.format == "TIFF" and orientation_of(image) > 1  # Pillow rotates these on loading
    image.load()
    return (ImageOps.exif_transpose(image), True) if orientation_of(image) > 1 else (image, tagged)


def _flatten(image: Any, mode: str) -> tuple[Any, bool]:
    """Return an 8-bit image on white in the mode L or RGB, and whether white shows through."""
    from PIL import Image, ImageCms

    if image.mode in ALPHA or "transparency" in image.info:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema()[0] < BYTE:
            background = Image.new("RGBA", image.size, "white")
            return Image.alpha_composite(background, image).convert(mode), True
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        image = ImageCms.applyTransform(image, ImageCms.buildTransform(*profiles, "LAB", "RGB"))
    return image.convert(mode), False


def _read_deep(path: Path, header: Header) -> tuple[np.ndarray, Any, bool]:
    """Return the stored values [H, W, C], the value that marks transparency, and whether the image was rotated."""

    def load(image: Any, low: bool) -> tuple[np.ndarray, Any, bool]:
        if low:
            image.tile = [_in_other_order(tile, header.stored) for tile in image.tile]
        key = image.info.get("transparency")
        upright, rotated = _rotate(image)
        return np.atleast_3d(np.asarray(upright).astype(np.float64)), key, rotated

    values, key, rotated = open_image(path, lambda image: load(image, low=False))
    if header.kind == "32-bit":
        values %= 2**32  # Pillow stores them as signed numbers
    if header.mode in ("RGB", "RGBA"):  # Pillow keeps the upper bytes; swapping the byte order gives the lower ones
        values = values * 256 + open_image(path, lambda image: load(image, low=True))[0]
    return values, key, rotated


def _in_other_order(tile: Any, stored: str) -> Any:
    """Return a tile of Pillow's decoding list with the byte order swapped."""
    big = stored.endswith("B") or (stored.endswith("N") and sys.byteorder == "big")
    other = stored[:-1] + ("L" if big else "B")
    fields = (*tile[:3], (other, *tile[3][1:]) if isinstance(tile[3], tuple) else other)
    return tile._make(fields) if hasattr(tile, "_make") else fields


def _separate_alpha(values: np.ndarray, key: Any, top: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the colours [H, W, 1 or 3] and their opacity [H, W, 1] in [0, 1]."""
    if values.shape[2] == 4:
        return values[:, :, :3], values[:, :, 3:] / top
    if isinstance(key, int | tuple):
        return values, 1.0 - (values == np.array(key)).all(2, keepdims=True)
    return values, np.ones_like(values[:, :, :1])


def _resize(channels: np.ndarray, size: int) -> np.ndarray:
    """Resize float32 channels [C, H, W]."""
    from PIL import Image

    if not size:
        return channels
    resized = [Image.fromarray(c).resize((size, size), Image.Resampling.BILINEAR) for c in channels]
    return np.stack([np.asarray(channel) for channel in resized])
