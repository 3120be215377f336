"""User arrays in an ``.npz`` file: tables [N, F], series [N, T, F] or images.

The array names are those of :mod:`dropout_lab.data.array_names`. The splits ``val`` and ``test`` are fixed if the file
contains them.
"""

from functools import reduce
from operator import or_
from pathlib import Path

import numpy as np

from dropout_lab.data.array_images import (
    FIRST,
    LAST,
    RGBA,
    channel_axis,
    channels_first,
    check_scales,
    flatten_alpha,
    scale_pixels,
)
from dropout_lab.data.array_labels import column_of, is_one_hot, join_columns
from dropout_lab.data.array_names import choose_arrays, show
from dropout_lab.data.cache import Arrays
from dropout_lab.data.labels import NUMBERS, encode_target
from dropout_lab.data.npz import list_arrays, load_arrays
from dropout_lab.data.ranges import Spread, check_finite, check_spans, measure_spread, widen
from dropout_lab.errors import DataError

AXES = {"series": (2, 3), "images": (3, 4), "channels_last": (4,), "auto": (1, 2, 3, 4)}  # number of axes
WHITE = 255  # largest pixel value of an 8-bit image
REMEDIES = {
    "c": "save np.concatenate([x.real, x.imag], -1)",
    "M": "convert times to numbers, with x.astype('datetime64[s]').astype(float)",
    "m": "convert durations to numbers, with x / np.timedelta64(1, 's')",
    "U": "convert words to numbers, with x.astype(float) or as one-hot columns",
    "S": "convert words to numbers, with x.astype(float) or as one-hot columns",
    "V": "save np.lib.recfunctions.structured_to_unstructured(x)",
}


def read_npz(path: Path, task: str, layout: str = "auto") -> Arrays:
    """Decode an ``.npz`` file to x and y and, where present, class names, rows of the splits and notes.

    Args:
        path: the file.
        task: ``classification``, ``regression`` or ``auto``.
        layout: ``images`` for [N, H, W] or [N, C, H, W], ``channels_last`` for [N, H, W, C], ``series`` for [N, T, F]
            or [N, T], or ``auto``; see :func:`_layout`.

    Raises:
        DataError: the file is damaged, or its arrays do not fit together.
    """
    held = list_arrays(path)
    names = choose_arrays(path, held)
    arrays = load_arrays(path, names.values())
    splits = [split for split in ("train", "val", "test") if ("x", split) in names]
    parts = {names["x", split]: arrays[names["x", split]] for split in splits}
    targets = {names["y", split]: arrays[names["y", split]] for split in splits}
    _check_examples(path, parts, layout)
    x, notes = _examples(path, parts, layout)
    y, said = _targets(path, targets, [len(part) for part in parts.values()], task)
    notes += said
    unused = [name for name in held if name not in names.values()]
    notes += [f"not used: {show(unused)}"] if unused else []
    ends = np.cumsum([len(part) for part in parts.values()])
    rows = zip(splits, np.split(np.arange(len(x)), ends[:-1]), strict=True)
    fixed = {split: numbers for split, numbers in rows if split != "train"}
    return {"x": x, **y, **fixed, **({"notes": np.array(notes)} if notes else {})}


def _check_examples(path: Path, parts: dict[str, np.ndarray], layout: str) -> None:
    """Check that the arrays are examples and that the splits have the same kind and shape.

    Raises:
        DataError: an array is invalid or differs from the first one.
    """
    for name, x in parts.items():
        shape = "x".join(map(str, x.shape))
        if x.dtype.kind not in NUMBERS:
            remedy = REMEDIES.get(x.dtype.kind, "save numbers")
            raise DataError(f"{path}: {name} has shape {shape} and type {x.dtype}; must be numbers: {remedy}")
        if x.ndim not in AXES["auto"] or 0 in x.shape:
            kinds = "[N, F], series [N, T, F] or images [N, H, W] or [N, C, H, W]"
            raise DataError(f"{path}: {name} is {shape or 'a single number'}; must be a non-empty table {kinds}")
        if x.ndim not in AXES[layout]:
            axes = " or ".join(map(str, AXES[layout]))
            raise DataError(f"{path}: data.layout={layout} requires {axes} axes, but {name} has shape {shape}")
        check_finite(path, name, x)
    (first, x), *others = parts.items()
    for name, other in others:
        if other.shape[1:] != x.shape[1:]:
            shapes = " and ".join("x".join(map(str, each.shape[1:])) or "single numbers" for each in (x, other))
            raise DataError(f"{path}: the examples of {first} and {name} have different shapes, {shapes}")
        if other.dtype.kind != x.dtype.kind:
            problem = "save both with the same type and scale"
            raise DataError(f"{path}: {first} is {x.dtype} and {name} is {other.dtype}; {problem}")


def _examples(path: Path, parts: dict[str, np.ndarray], layout: str) -> tuple[np.ndarray, list[str]]:
    """Return the examples of all splits in the form of :class:`Dataset`, and notes."""
    first = next(iter(parts))
    axes = parts[first].ndim
    if axes >= 3 and layout != "series":
        spreads = {name: measure_spread(x) for name, x in parts.items()}
        spread = reduce(or_, spreads.values())
        chosen, note = _layout(parts[first], spread) if layout == "auto" else (layout, "")
        if chosen != "series":
            check_scales(path, spreads)
            x, notes = _images(path, parts, layout, spread)
            return x, [note] * bool(note) + notes
    else:
        note = f"{first} has one axis and is read as one feature" if axes == 1 else ""
    x = np.concatenate([widen(path, name, _features_last(x, layout)) for name, x in parts.items()])
    check_spans(path, first, x)
    return x, [note] * bool(note)


def _features_last(x: np.ndarray, layout: str) -> np.ndarray:
    return x[..., None] if x.ndim == (2 if layout == "series" else 1) else x


def _layout(x: np.ndarray, spread: Spread) -> tuple[str, str]:
    """Return whether examples with three or four axes are images or series, and a note if it is not obvious.

    Four axes are images. Three axes are images [N, H, W] if they hold unsigned integers or booleans, or if the images
    are square with values from 0 to 255; otherwise they are series [N, T, F].
    """
    if x.ndim == 4:
        return "images", ""
    if x.dtype.kind in "bu":
        return (
            "images",
            ""
            if x.dtype.kind == "b" or x.dtype.itemsize == 1
            else "unsigned integers, read as images; set data.layout=series to read series",
        )
    if x.shape[1] == x.shape[2] and spread.low >= 0 and spread.high <= WHITE:
        return "images", "square and from 0 to 255, read as images; set data.layout=series to read series"
    return "series", "data.layout=images reads images"


def _images(path: Path, parts: dict[str, np.ndarray], layout: str, spread: Spread) -> tuple[np.ndarray, list[str]]:
    first = next(iter(parts))
    if len({x.dtype.newbyteorder("=") for x in parts.values()}) > 1 and parts[first].dtype.kind != "f":
        types = " and ".join(f"{name} is {x.dtype}" for name, x in parts.items())
        raise DataError(f"{path}: {types}; save all images with the same type and scale")
    x = np.concatenate(list(parts.values()))
    notes = []
    x = x[:, None] if x.ndim == 3 else x
    axis = {"images": FIRST, "channels_last": LAST}.get(layout) or (
        FIRST if parts[first].ndim == 3 else channel_axis(path, first, x.shape)
    )
    if axis == LAST:
        x = channels_first(x)
        notes.append("channels last in the file")
    x, note = scale_pixels(x, spread)
    notes += [note] * bool(note)
    if x.shape[1] == RGBA:
        x, note = flatten_alpha(x) if axis == LAST else (x, "4 channels are not changed")
        notes.append(note)
    return x, notes


def _targets(path: Path, parts: dict[str, np.ndarray], counts: list[int], task: str) -> tuple[Arrays, list[str]]:
    """Return the targets of all splits in the form of :func:`encode_target`, and notes."""
    one_hot = {name: is_one_hot(y) for name, y in parts.items()}
    widths = {y.shape[1:] if one_hot[name] else () for name, y in parts.items()}
    columns = {name: column_of(path, name, y, n) for (name, y), n in zip(parts.items(), counts, strict=True)}
    if len(widths) > 1:
        shapes = " and ".join(f"{name} is {'x'.join(map(str, y.shape))}" for name, y in parts.items())
        raise DataError(f"{path}: {shapes}; the targets of all splits must have the same shape")
    y = join_columns(path, columns)
    if not any(one_hot.values()):
        return encode_target(path, y, task), []
    if task == "regression":
        raise DataError(
            f"{path}: {next(iter(parts))} has one-hot rows; data.task=regression requires one number per example"
        )
    width = widths.pop()[0]
    return encode_target(path, y, "classification"), [f"one-hot rows of {width} as classes 0 to {width - 1}"]
