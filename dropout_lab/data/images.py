"""Images in a folder for each class, as torchvision's ImageFolder has them; with ``train`` and ``test`` above the
classes, the test part is fixed."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.dataset import DataError
from dropout_lab.data.folders import Classes, files_by_class, listed, rows_to_test

SUFFIXES = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}  # as torchvision's
GREY = {"1", "L"}  # pillow's modes


def images_of(folder: Path) -> Classes:
    """The images by part and class, as :func:`dropout_lab.data.folders.files_by_class` finds them."""
    return files_by_class(folder, SUFFIXES, "image")


def read_images(folder: Path, size: int) -> Arrays:
    """Decode the images to x uint8 [N, 1 or 3, H, W], y, the classes' names and, if it is fixed, the test part.

    Args:
        folder: of the classes, or of ``train`` and ``test``.
        size: pixels a side to resize them to; 0 if they are of one size.

    Raises:
        DataError: an image is broken, or of another size than the first.
    """
    found = images_of(folder)
    files, test = listed(found), rows_to_test(found)
    grey = all(_mode(path) in GREY for path, _ in files)
    first = _pixels(files[0][0], grey, size)
    x = np.empty((len(files), *first.shape), np.uint8)
    for row, (path, _) in enumerate(files):
        pixels = _pixels(path, grey, size)
        if pixels.shape != first.shape:
            wide, wanted = ("x".join(map(str, shape[1:])) for shape in (pixels.shape, first.shape))
            raise DataError(f"{path}: is {wide} where the first image is {wanted}; data.image_size=N resizes them")
        x[row] = pixels
    classes = list(next(iter(found.values())))
    arrays = {"x": x, "y": np.array([label for _, label in files]), "classes": np.array(classes)}
    return arrays if test is None else arrays | {"test": np.array(test)}


def _mode(path: Path) -> str:
    mode: str = _opened(path, lambda image: image.mode)
    return mode


def _pixels(path: Path, grey: bool, size: int) -> np.ndarray:
    """One image as uint8 [C, H, W]."""
    from PIL import Image

    flat = _opened(path, lambda image: image.convert("L" if grey else "RGB"))
    if size:
        flat = flat.resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.asarray(flat)
    return pixels[None] if grey else pixels.transpose(2, 0, 1)


def _opened(path: Path, use: Callable[[Any], Any]) -> Any:
    from PIL import Image

    bombs = (Image.DecompressionBombWarning, Image.DecompressionBombError)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return use(image)
    except (OSError, SyntaxError, ValueError, *bombs) as error:
        raise DataError(f"{path}: cannot be read as an image ({str(error).splitlines()[0]})") from None
