"""The command ``dropout-lab data``: list, download and verify public data sets."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

from dropout_lab.cli.flags import WIDTH
from dropout_lab.config.compose import check_override as checked
from dropout_lab.config.compose import override_value
from dropout_lab.data import DataError
from dropout_lab.data.catalog import CATALOGUE, CatalogEntry, verify_dataset
from dropout_lab.data.paths import data_root
from dropout_lab.errors import ConfigError, did_you_mean

ACTIONS = ("list", "get", "check")
GROUP = "uci"  # selects all data sets whose name starts with it
HELP = """\
dropout-lab data list [NAME...]    list data sets: task, size, licence, source
dropout-lab data get NAME...       download missing files
dropout-lab data check [NAME...]   verify downloaded files by their checksums

data.root=FOLDER or the environment variable DROPOUT_LAB_DATA sets the data
folder. The nine UCI sets are named uci/yacht or, for short, yacht; uci selects
all nine."""

Say = Callable[[str], None]


def command(words: Sequence[str], say: Say, complain: Say) -> bool:
    """Run ``data ACTION [NAME...] [data.root=FOLDER]``.

    Args:
        words: the words after ``data``.
        say: prints one line of results.
        complain: prints one line about a data set that failed.

    Returns:
        whether every data set succeeded.

    Raises:
        ConfigError: the command is invalid.
    """
    action, *rest = words or [""]
    if action not in ACTIONS:
        instead = did_you_mean(action, ACTIONS, f"must be one of {', '.join(ACTIONS)}")
        raise ConfigError(f"data {action}".rstrip() + f": {instead}")
    root = data_root("")
    names: list[str] = []
    for word in rest:
        if word.startswith("-"):
            raise ConfigError(f"data {action}: no flag {word!r}")
        if "=" in word:
            if not word.startswith("data.root="):
                raise ConfigError(f"{word}: data {action} takes names, and data.root=FOLDER")
            root = data_root(override_value(checked(word)))
        else:
            names.append(word)
    entries = _entries(names)
    if action == "list":
        say(_listing(entries, root))
        return True
    if action == "get":
        if not names:
            raise ConfigError("data get: requires the name of a data set; `dropout-lab data list` shows them")
        return _each(entries, lambda entry: _get(entry, root), say, complain)
    there = entries if names else [entry for entry in entries if entry.files is not None and entry.present(root)]
    if not there:
        say(f"{root}: contains no public data set; run `dropout-lab data get NAME`")
    return _each(there, lambda entry: f"whole: {verify_dataset(entry, root)}", say, complain)


def complete_names(done: Sequence[str], begun: str) -> list[str]:
    """Return the completions that the shell offers after the given words of the command."""
    offered = ["data.root=", GROUP, *CATALOGUE] if done else list(ACTIONS)
    return [word for word in offered if word.startswith(begun) and word not in done]


def _entries(names: Sequence[str]) -> list[CatalogEntry]:
    entries: dict[str, CatalogEntry] = {}
    for name in names:
        group = [entry for entry in CATALOGUE if name == GROUP and entry.startswith(f"{GROUP}/")]
        full = name if name in CATALOGUE else f"{GROUP}/{name}"
        if not group and full not in CATALOGUE:
            every = [*CATALOGUE, *(entry.removeprefix(f"{GROUP}/") for entry in CATALOGUE)]
            raise ConfigError(
                f"no data set {name!r}; " + did_you_mean(name, every, "`dropout-lab data list` shows them")
            )
        entries.update({entry: CATALOGUE[entry] for entry in group or [full]})
    return list(entries.values()) if names else list(CATALOGUE.values())


def _each(entries: Sequence[CatalogEntry], act: Callable[[CatalogEntry], str], say: Say, complain: Say) -> bool:
    """Apply an action to every data set; a failure does not stop the others."""
    well = True
    for entry in entries:
        try:
            say(f"{entry.name}: {act(entry)}")
        except DataError as error:
            complain(str(error))
            well = False
    return well


def _get(entry: CatalogEntry, root: Path) -> str:
    if entry.get is None:
        return "needs no download"
    if entry.present(root):
        return f"is already in {root}"
    entry.get(root)
    return f"is in {root}; {verify_dataset(entry, root)}"


def _listing(entries: Sequence[CatalogEntry], root: Path) -> str:
    cards = []
    for entry in entries:
        where = "" if entry.files is None else ("on disk; " if entry.present(root) else "not on disk; ")
        lines = [f"{entry.name} ({where}{entry.task}; {entry.size})", f"licence: {entry.terms}", entry.source]
        cards.append(
            "\n".join(
                textwrap.fill(line, WIDTH, initial_indent=indent, subsequent_indent="    ")
                for line, indent in zip(lines, ("", "    ", "    "), strict=True)
            )
        )
    return "\n".join([*cards, "", f"data folder: {root}"])
