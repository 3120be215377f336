"""Options of the readers of the user's data."""

from dataclasses import dataclass
from typing import ClassVar

from dropout_lab.data.source import DataSource
from dropout_lab.data.text_options import LabelledTextOptions
from dropout_lab.settings import Options, setting
from dropout_lab.settings.validators import (
    COLUMNS,
    ENCODING,
    HEADER,
    SEPARATOR,
    check_columns,
    check_digest,
    check_encoding,
    check_header,
    check_place,
    check_separator,
    check_word,
)


@dataclass(frozen=True)
class UserDataOptions(Options):
    """Options of all data of the user."""

    path: str = setting(
        "",
        check=check_place,
        allowed="the name of a file or folder",
        identity=False,
        axis=True,
        source=True,
        help="user data: an .npz file, a table (.csv, .tsv, .txt, .data), or a folder with one folder per class",
    )
    digest: str = setting(
        "",
        check=check_digest,
        allowed="16 to 64 hex digits",
        source=True,
        help="sha256 of the user data; filled in automatically, different data are refused",
    )


@dataclass(frozen=True)
class TableFileOptions(UserDataOptions):
    """Options of the data that may be in a table."""

    target: str = setting(
        "",
        check=check_word,
        allowed="the name of a column",
        off="",
        source=True,
        help="target column of a table",
    )
    task: str = setting(
        "auto",
        choices=("auto", "classification", "regression"),
        source=True,
        help="kind of task; auto: classification if the target is text or has at most 50 distinct whole numbers",
    )
    missing: str = setting(
        "refuse",
        choices=("refuse", "mean", "median", "drop"),
        off="refuse",
        source=True,
        help="empty cells of a table: refuse, fill by column from the training split (text: most frequent value), or "
        "drop rows",
    )
    separator: str = setting(
        "auto",
        check=check_separator,
        allowed=SEPARATOR,
        off="auto",
        source=True,
        help="separator of the cells of a table; auto detects it",
    )
    encoding: str = setting(
        "auto",
        check=check_encoding,
        allowed=ENCODING,
        off="auto",
        source=True,
        help="encoding of a table; auto detects it",
    )
    header: str = setting(
        "auto",
        check=check_header,
        allowed=HEADER,
        off="auto",
        source=True,
        help="whether the first line of a table contains column names; without names, columns are named 1, 2, ...",
    )
    decimal: str = setting(
        "auto",
        choices=("auto", "point", "comma"),
        off="auto",
        source=True,
        help="decimal sign of a table; auto detects it",
    )


@dataclass(frozen=True)
class FileOptions(TableFileOptions):
    """Options of a table or of arrays in a file."""

    layout: str = setting(
        "auto",
        choices=("auto", "images", "channels_last", "series"),
        off="auto",
        source=True,
        help="axes of x in an .npz: images are [N, H, W] or [N, C, H, W], channels_last [N, H, W, C], series [N, T, F]",
    )
    columns: list[str] = setting(
        [],
        check=check_columns,
        allowed=COLUMNS,
        off=[],
        source=True,
        help="feature columns of a table; if empty, all columns except the target",
    )
    drop: list[str] = setting(
        [],
        check=check_columns,
        allowed=COLUMNS,
        off=[],
        source=True,
        help="columns of a table to exclude, such as [id,name]",
    )


@dataclass(frozen=True)
class UserTextOptions(TableFileOptions, LabelledTextOptions):
    """Options of texts in folders or in a column of a table."""

    text: str = setting(
        "",
        check=check_word,
        allowed="the name of a column",
        off="",
        source=True,
        help="text column of a table",
    )


@dataclass(frozen=True)
class FolderOptions(UserDataOptions):
    """Options of a folder of images."""

    image_size: int = setting(
        0,
        low=0,
        high=4096,
        off=0,
        source=True,
        help="side length in pixels to which images are resized; 0: no resizing, all images must have one size",
    )


class FileSource(DataSource):
    """A table or arrays in a file of the user."""

    kinds: ClassVar[tuple[str, ...]] = ("file",)
    options: ClassVar[type[Options]] = FileOptions
    of_user: ClassVar[bool] = True


class FolderSource(DataSource):
    """A folder of images per class."""

    kinds: ClassVar[tuple[str, ...]] = ("folder",)
    options: ClassVar[type[Options]] = FolderOptions
    of_user: ClassVar[bool] = True


class UserTextSource(DataSource):
    """Texts of the user."""

    kinds: ClassVar[tuple[str, ...]] = ("texts",)
    options: ClassVar[type[Options]] = UserTextOptions
    of_user: ClassVar[bool] = True
    is_text: ClassVar[bool] = True
