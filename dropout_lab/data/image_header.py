"""Metadata of an image file, read before its pixels are decoded."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from dropout_lab.errors import DataError

FLOAT = "float"
BYTE = 255
T = TypeVar("T")
GREY = {"1", "L", "LA", "I", "F"}  # Pillow's modes without colours; 16-bit modes are I;16 with a byte order
ORIENTATION = 0x0112  # tag of EXIF and TIFF; 1 is upright
BITS_PER_SAMPLE, SAMPLE_FORMAT = 258, 339  # tags of TIFF; format 2 is signed integers


class Header(NamedTuple):
    """Metadata of an image.

    Args:
        mode: Pillow's name of the pixel type.
        stored: Pillow's name of the storage format in the file.
        kind: ``8-bit``, ``16-bit``, ... or ``float``.
        top: the largest value of the type; 0 for floats.
        grey: whether the image has no colours.
        frames: number of frames or pages.
        reduced: whether Pillow reduces the pixels to 8 bits.
    """

    mode: str
    stored: str
    kind: str
    top: int
    grey: bool
    frames: int
    reduced: bool

    @property
    def deep(self) -> bool:
        """Whether a value needs more than 8 bits."""
        return self.top != BYTE


def open_image(path: Path, use: Callable[[Any], T]) -> T:
    """Open an image and return the result of a function of it.

    Raises:
        DataError: the file cannot be read as an image, or would need too much memory.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as warnings about damaged metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Given a path, Pillow 13 maps uncompressed TIFF files into memory, and then swaps width and height of
            # rotated ones.
            with path.open("rb") as file, Image.open(file) as image:
                return use(image)
    except (DataError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise DataError(f"{path}: cannot be read as an image (Pillow does not recognize its content)") from None
    except Exception as error:  # Pillow's decoders raise any exception on damaged files
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(f"{path}: cannot be read as an image ({reason})") from None


def read_header(path: Path) -> Header:
    """Read the header of an image.

    Raises:
        DataError: the file cannot be read as an image.
    """
    return open_image(path, _header)


def orientation_of(image: Any) -> int:
    """Return the orientation tag of an image, 1 to 8; 1 if it has none."""
    try:
        value = int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # damaged metadata count as no metadata
        return 1
    return value if value in range(1, 9) else 1


def _header(image: Any) -> Header:
    arguments = image.tile[0][3] if image.tile else ""
    stored = str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)
    kind, top = _depth(image, stored)
    grey = image.mode in GREY or image.mode.startswith("I;16") or (image.mode == "P" and _has_grey_palette(image))
    maximum = arguments[-1] if image.format == "PPM" and isinstance(arguments, tuple) else BYTE
    reduced = top == BYTE and (";16" in stored or maximum > BYTE)
    return Header(image.mode, stored, kind, top, grey, _count_frames(image), reduced)


def _depth(image: Any, stored: str) -> tuple[str, int]:
    """Return the name of the pixel type and its largest value."""
    if image.mode == "F":
        return FLOAT, 0
    if image.mode == "I" or image.mode.startswith("I;16"):
        if stored == "I;12":
            return "12-bit", 2**12 - 1
        signed = stored.endswith("S")
        if "16" in stored or image.format == "PPM":  # Pillow scales PGM files to 16 bits
            return ("signed 16-bit", 2**15 - 1) if signed else ("16-bit", 2**16 - 1)
        return ("signed 32-bit", 2**31 - 1) if signed else ("32-bit", 2**32 - 1)
    if stored.startswith(("RGB;16", "RGBA;16")):
        return "16-bit", 2**16 - 1
    if image.format == "TIFF":
        if 2 in _as_tuple(image.tag_v2.get(SAMPLE_FORMAT, 1)):
            raise ValueError("signed 8-bit pixels are not supported; convert it to 16 bits")
        if max(_as_tuple(image.tag_v2.get(BITS_PER_SAMPLE, 8))) > 8 and ";16" not in stored:
            raise ValueError("16-bit colours in separate planes are not supported; convert it to PNG")
    return "8-bit", BYTE


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
