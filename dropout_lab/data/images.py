"""Images in one folder per class, as in torchvision's ImageFolder, with or without folders of splits."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.folders import ClassFolders, read_class_folders
from dropout_lab.data.image_header import BYTE, FLOAT, Header, read_header
from dropout_lab.data.pixels import Pixels, read_pixels
from dropout_lab.errors import DataError

SUFFIXES = set(".png .apng .jpg .jpeg .jpe .jfif .gif .webp .bmp .dib .tif .tiff .ppm .pgm .pbm .pnm".split())
CONVERTED = {"CMYK", "YCbCr", "LAB"}  # Pillow's modes of other colour spaces
DARK = 1 / 16  # deep images whose largest value is below this may use a smaller range than their type
ROUNDING = 1e-4  # tolerance of float images outside [0, 1]


def list_images(folder: Path) -> ClassFolders:
    """List the images by split and class."""
    return read_class_folders(folder, SUFFIXES, "image")


def read_images(folder: Path, size: int) -> Arrays:
    """Decode the images of a folder.

    Args:
        folder: folder of the classes, or of the splits.
        size: pixels per side after resizing; 0 if all images have the same size.

    Returns:
        x [N, 1 or 3, H, W], uint8 or, if an image has more than 8 bits, float32 in [0, 1]; y; the names of the classes;
        the rows of fixed splits; notes on conversions.

    Raises:
        DataError: an image is damaged or differs in size from the first, or a float image has an unknown range.
    """
    listing = list_images(folder)
    paths = [path for path, _ in listing.files]
    headers = [read_header(path) for path in paths]
    grey = all(header.grey for header in headers)
    deep = any(header.deep for header in headers)
    x, counts = np.empty(0), Counter[str]()
    for row, (path, header) in enumerate(zip(paths, headers, strict=True)):
        pixels = read_pixels(path, header, grey, size)
        values = pixels.values / np.float32(BYTE) if deep and not header.deep else pixels.values
        if not row:
            x = np.empty((len(paths), *values.shape), values.dtype)
        if values.shape != x.shape[1:]:
            given, wanted = ("x".join(map(str, shape[1:])) for shape in (values.shape, x.shape[1:]))
            raise DataError(
                f"{path}: is {given}, but the first image is {wanted}; set data.image_size=N to resize all images"
            )
        x[row] = values
        counts.update(_events(header, pixels))
    notes = [*_scale_floats(x, paths, headers), *_describe(counts, len(paths)), *_describe_dark(x, headers)]
    labels = np.array([label for _, label in listing.files])
    arrays = {"x": x, "y": labels, "classes": np.array(listing.classes), "notes": np.array(notes, dtype=str)}
    fixed = {split: listing.rows(split) for split in ("val", "test")}
    return arrays | {split: np.array(rows) for split, rows in fixed.items() if rows is not None}


def _events(header: Header, pixels: Pixels) -> list[str]:
    """Return the notes that apply to one image."""
    events = []
    if header.deep and header.kind != FLOAT:
        events.append(f"{header.kind} images scaled by 1/{header.top}")
    if header.reduced:
        events.append("images of more than 8 bits per colour reduced to 8 bits by Pillow")
    if pixels.transparent:
        events.append("transparent images composited on white")
    if header.mode in CONVERTED:
        events.append(f"{header.mode} images converted to RGB")
    if pixels.rotated:
        events.append("images rotated by the EXIF orientation")
    if header.frames > 1:
        events.append("multi-frame files, first frame read")
    return events


def _describe(counts: Counter[str], total: int) -> list[str]:
    """Return the notes with their counts; a note that applies to all images has no count."""
    return [phrase if count == total else _count(count, phrase) for phrase, count in sorted(counts.items())]


def _count(number: int, phrase: str) -> str:
    """Return a number and a phrase about images or files, in the singular if the number is one."""
    return f"{number:,} {phrase if number > 1 else phrase.replace('images', 'image').replace('files', 'file')}"


def _scale_floats(x: np.ndarray, paths: Sequence[Path], headers: Sequence[Header]) -> list[str]:
    """Scale float images to [0, 1] in place, all by the same rule, and return a note on it."""
    rows = [row for row, header in enumerate(headers) if header.kind == FLOAT]
    if not rows:
        return []
    lows, highs = (np.array([measure(x[row]) for row in rows]) for measure in (np.min, np.max))
    unit = highs.max() <= 1 + ROUNDING
    if lows.min() < -ROUNDING or highs.max() > BYTE:
        worst = int(lows.argmin() if lows.min() < -ROUNDING else highs.argmax())
        given = f"has float pixels from {lows[worst]:g} to {highs[worst]:g}"
        raise DataError(f"{paths[rows[worst]]}: {given}; values of float images must be in [0, 1] or [0, 255]")
    for row in rows:
        x[row] = (x[row] if unit else x[row] / BYTE).clip(0, 1)
    phrase = f"float images in {'[0, 1]' if unit else '[0, 255], scaled by 1/255'}"
    return _describe(Counter({phrase: len(rows)}), len(x))


def _describe_dark(x: np.ndarray, headers: Sequence[Header]) -> list[str]:
    """Return a note if the images with more than 8 bits use only a small part of their range."""
    rows = [row for row, header in enumerate(headers) if header.deep]
    largest = max((float(x[row].max()) for row in rows), default=1.0)
    return [f"values only up to {largest:.2g}; data.normalise=unit scales them to [0, 1]"] if largest < DARK else []
