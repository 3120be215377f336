"""Images in user arrays: detection of the channel axis and of the value of white."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dropout_lab.data.ranges import ROWS, Spread
from dropout_lab.errors import DataError

CHANNELS = (1, 3, 4)  # grey, RGB, RGBA
FIRST, LAST = 1, 3  # axes of the channels
UNIT = 1.001  # largest value of images in [0, 1], with tolerance for rounding in a resize
BRIGHT = 2.0  # fractional values are pixels in [0, 255] if the largest is above this
BYTE, WORD = 255, 65535  # white in 8-bit and 16-bit images
RGBA = 4


def channel_axis(path: Path, name: str, shape: Sequence[int]) -> int:
    """Return which axis of images [N, A, B, C] holds the channels: 1 or 3.

    An axis is selected if it is the only one with 1, 3 or 4 entries, or the only one that leaves square images. If the
    two rules disagree, the shape is ambiguous. If neither applies, axis 1 holds the channels if it is shorter than both
    other axes.

    Raises:
        DataError: the shape is ambiguous.
    """
    _, first, middle, last = shape
    votes = set()
    if (first in CHANNELS) != (last in CHANNELS):
        votes.add(FIRST if first in CHANNELS else LAST)
    if (middle == last) != (first == middle):
        votes.add(FIRST if middle == last else LAST)
    if not votes and first < min(middle, last):
        votes.add(FIRST)
    if len(votes) == 1:
        return votes.pop()
    sides = "x".join(map(str, shape))
    raise DataError(
        f"{path}: {name} has shape {sides}, and its channels may be axis 1 or axis 3; set data.layout=images "
        "for axis 1, or data.layout=channels_last for axis 3"
    )


def channels_first(x: np.ndarray) -> np.ndarray:
    """Return images [N, H, W, C] as [N, C, H, W]."""
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def check_scales(path: Path, spreads: dict[str, Spread]) -> None:
    """Check that the splits do not mix the ranges [0, 1] and [0, 255].

    Raises:
        DataError: two arrays have different ranges; the message names them.
    """
    unit = [name for name, s in spreads.items() if s.low >= 0 and 0 < s.high <= UNIT]
    bright = [name for name, s in spreads.items() if s.high > BRIGHT]
    if unit and bright:
        high = spreads[bright[0]].high
        problem = f"{unit[0]} has values up to 1 and {bright[0]} up to {high:g}"
        raise DataError(f"{path}: {problem}; use the same scale for all splits")


def scale_pixels(x: np.ndarray, spread: Spread) -> tuple[np.ndarray, str]:
    """Return images as uint8, or as float32 in [0, 1] if their range is known, and a note.

    Args:
        x: numbers [N, C, H, W].
        spread: the spread of x.

    Returns:
        the images, and a note on the conversion of their values; empty if there was none.
    """
    low, high = spread.low, spread.high
    if x.dtype == np.uint8:
        return x, ""
    if x.dtype.kind == "b" or (x.dtype.kind == "f" and low >= 0 and high <= UNIT):
        return np.ascontiguousarray(x, np.float32), ""
    if low >= 0 and high <= BYTE and spread.whole:
        return x.astype(np.uint8), f"{x.dtype.name} pixels from 0 to 255"
    if low >= 0 and high <= WORD and spread.whole:
        return _divided(x, WORD), f"{x.dtype.name} pixels divided by 65535"
    if low >= 0 and BRIGHT < high <= BYTE:
        return _divided(x, BYTE), f"{x.dtype.name} pixels divided by 255"
    return np.ascontiguousarray(x, np.float32), f"pixels from {low:g} to {high:g} are not rescaled"


def _divided(x: np.ndarray, white: int) -> np.ndarray:
    scaled: np.ndarray = np.divide(x, white, dtype=np.float32, casting="unsafe")
    return scaled


def flatten_alpha(x: np.ndarray) -> tuple[np.ndarray, str]:
    """Composite RGBA images on white.

    Args:
        x: images [N, 4, H, W], uint8 or float32.

    Returns:
        RGB images [N, 3, H, W] and a note; x itself if its values are not colours.
    """
    if x.dtype != np.uint8 and not (x.min() >= 0 and x.max() <= UNIT):
        return x, "4 channels that are not RGBA are not changed"
    white = 255.0 if x.dtype == np.uint8 else 1.0
    out = np.empty((len(x), 3, *x.shape[2:]), x.dtype)
    for start in range(0, len(x), ROWS):
        part = x[start : start + ROWS].astype(np.float64)
        alpha = part[:, 3:] / white
        mixed = part[:, :3] * alpha + white * (1 - alpha)
        out[start : start + ROWS] = np.round(mixed) if x.dtype == np.uint8 else mixed
    return out, "RGBA composited on white"
