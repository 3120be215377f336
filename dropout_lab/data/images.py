"""Images in a folder for each class, as torchvision's ImageFolder has them; with ``train`` and ``test`` above the
classes, the test part is fixed."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dropout_lab.data.cache import Arrays
from dropout_lab.data.dataset import DataError

SUFFIXES = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}  # as torchvision's
GREY = {"1", "L"}  # pillow's modes


def images_of(folder: Path) -> dict[str, dict[str, list[Path]]]:
    """The images by part (``train`` and ``test``, or an empty name) and class, all in the order of their names.

    Raises:
        DataError: there is no class, or a class without an image.
    """
    parts = ["train", "test"] if {p.name for p in _folders(folder)} == {"train", "test"} else [""]
    found = {part: {c.name: _images(c) for c in _folders(folder / part)} for part in parts}
    classes = list(found[parts[0]])
    if len(classes) < 2:
        raise DataError(f"{folder / parts[0]}: must hold a folder of images for each of two classes or more")
    for part, group in found.items():
        for name, images in group.items():
            if name not in classes:
                raise DataError(f"{folder / part / name}: is a class without training images")
            if not images:
                raise DataError(f"{folder / part / name}: holds no image ({', '.join(sorted(SUFFIXES))})")
    return found


def _folders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _images(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def read_images(folder: Path, size: int) -> Arrays:
    """Decode the images to x uint8 [N, 1 or 3, H, W], y, the classes' names and, if it is fixed, the test part.

    Args:
        folder: of the classes, or of ``train`` and ``test``.
        size: pixels a side to resize them to; 0 if they are of one size.

    Raises:
        DataError: an image is broken, or of another size than the first.
    """
    found = images_of(folder)
    classes = list(next(iter(found.values())))
    files = [(path, classes.index(name)) for group in found.values() for name, paths in group.items() for path in paths]
    grey = all(_mode(path) in GREY for path, _ in files)
    first = _pixels(files[0][0], grey, size)
    x = np.empty((len(files), *first.shape), np.uint8)
    for row, (path, _) in enumerate(files):
        pixels = _pixels(path, grey, size)
        if pixels.shape != first.shape:
            wide, wanted = ("x".join(map(str, shape[1:])) for shape in (pixels.shape, first.shape))
            raise DataError(f"{path}: is {wide} where the first image is {wanted}; data.image_size=N resizes them")
        x[row] = pixels
    arrays = {"x": x, "y": np.array([label for _, label in files]), "classes": np.array(classes)}
    if "test" in found:
        arrays["test"] = np.arange(sum(map(len, found["train"].values())), len(files))
    return arrays


def _mode(path: Path) -> str:
    return _opened(path, lambda image: str(image.mode))


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
