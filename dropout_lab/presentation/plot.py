"""The command ``dropout-lab plot``: a figure of a sweep folder in one file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dropout_lab.errors import ConfigError
from dropout_lab.presentation.folder import load_plot_data
from dropout_lab.presentation.options import choose, parse_options
from dropout_lab.presentation.plot_spec import OPTIONS, choose_figure
from dropout_lab.report.figures.data import PlotData
from dropout_lab.report.figures.spec import KINDS
from dropout_lab.report.figures.style import FORMATS

USAGE = "out=DIR, kind=, x=, y=, hue=, col=, size=, format=, title=, range= and file=; see `dropout-lab plot --help`"
HELP = f"""\
dropout-lab plot [out=DIR] [OPTION=VALUE ...]

Draws a figure of the sweep in DIR (default results/sweep) and saves it there.

  kind=KIND     {", ".join(KINDS[:5])},
                {", ".join(KINDS[5:])}; the default depends on x=
  x=NAME        a setting that varies, epoch, or a measured column
                (training time against accuracy: x=train_seconds)
  y=NAME        a measured column: test_accuracy, gap, val_loss, ...
  hue=NAMES     settings that distinguish the series (rows of a heat map)
  col=NAME      a setting with one panel per value
  size=SIZE     width: column (of a paper), page or slide
  format=FORM   pdf, svg or png, or several: format=pdf,svg
  title=TEXT    title; title=none omits title and note, for use with a caption
  range=LOW:HIGH  limits of the y axis
  file=PATH     output file (default DIR/plot_KIND_Y.pdf)

  dropout-lab plot out=DIR kind=curves y=val_loss
  dropout-lab plot out=DIR kind=heat x=rate hue=input_rate
  dropout-lab plot out=DIR x=train_seconds size=column title=none"""
DEFAULTS = {"out": "results/sweep", **OPTIONS, "format": "", "file": ""}


def command(words: Sequence[str], say: Callable[[str], None]) -> int:
    """Run ``dropout-lab plot`` and return the exit status.

    Raises:
        ConfigError: an option is invalid, or the figure cannot be drawn from the files of the folder.
    """
    if {"--help", "-h"} & set(words):
        say(HELP)
        return 0
    given = parse_options("plot", words, DEFAULTS, USAGE)
    paths, caption = write_plot(given["out"], given)
    for path in paths:
        say(str(path))
    say(caption)
    return 0


def write_plot(folder: str | Path, options: Mapping[str, str], data: PlotData | None = None) -> tuple[list[Path], str]:
    """Write a figure of a sweep folder.

    Args:
        folder: the sweep folder.
        options: values of options of the command; ``format`` and ``file`` may be left out.
        data: arms to plot; by default all arms of the folder.

    Returns:
        The files, and a sentence that describes the figure.

    Raises:
        ConfigError: an option is invalid, or the figure cannot be drawn from the files of the folder.
    """
    forms, target = _formats(options.get("format", ""), options.get("file", ""))
    from dropout_lab.report.figures.draw import describe_figure, draw_figure
    from dropout_lab.report.figures.style import render_figure

    data = load_plot_data(folder) if data is None else data
    spec = choose_figure(data, {key: value for key, value in options.items() if key in OPTIONS})
    figure, caption = draw_figure(data, spec), describe_figure(data, spec)
    name = "_".join(["plot", spec.kind, *([] if spec.kind in ("reliability", "coverage") else [spec.y])])
    stem = target or Path(folder) / name
    paths = []
    for form in forms:
        path = stem.with_name(f"{stem.name}.{form}")
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(render_figure(figure, spec.size, form, caption))
        new.replace(path)
        paths.append(path)
    return paths, caption


def _formats(form: str, file: str) -> tuple[list[str], Path | None]:
    """Return the formats to write, and the path of the file without its suffix."""
    path = Path(file) if file else None
    suffix = path.suffix.removeprefix(".").lower() if path else ""
    known = suffix if suffix in FORMATS else ""
    forms = [choose("format", name, FORMATS) for name in (form or known or FORMATS[0]).split(",")]
    if known and forms != [known]:
        raise ConfigError(f"file={file} format={form}: the suffix and the format differ; leave out one")
    return list(dict.fromkeys(forms)), path.with_suffix("") if path and known else path
