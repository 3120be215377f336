"""The supported command-line flags of Hydra, and their separation from the settings."""

import textwrap
from collections.abc import Sequence

from dropout_lab.errors import ConfigError, did_you_mean

WIDTH = 80
INFOS = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")
# Supported flags of Hydra with their allowed values (None: any one word; (): the flag takes no value).
FLAGS: dict[str, tuple[str, ...] | None] = {
    **dict.fromkeys(("--cfg", "-c"), ("job", "hydra", "all")),
    **dict.fromkeys(("--info", "-i"), INFOS),
    **dict.fromkeys(("--config-dir", "-cd", "--config-name", "-cn", "--package", "-p"), None),
    **dict.fromkeys(("--help", "-h", "--hydra-help", "--resolve", "--multirun", "-m", "--dry-run"), ()),
}
# Flags of Hydra that cannot work here, with the reason.
HIDES = "it would replace the folder of dropout-lab's own configs; write --config-dir DIR, which adds a folder"
RUNS = "a sweep always runs all points, and `dropout-lab train` runs one; leave it out"
REFUSED = {
    **dict.fromkeys(("--config-path", "-cp"), HIDES),
    **dict.fromkeys(("--run", "-r"), RUNS),
    "--experimental-rerun": "no job is pickled; run the command again that is in the first line of config.yaml",
}
PAGES = {"--cfg", "-c", "--info", "-i", "--help", "-h", "--hydra-help"}


def split_flags(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split words into flags with their values, and settings; Hydra's parser expects the flags first.

    Raises:
        ConfigError: a flag is unknown, or its value is not allowed.
    """
    flags: list[str] = []
    settings: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            settings.append(word)
            continue
        flag, equals, value = word.partition("=")
        if flag in REFUSED:
            raise ConfigError(f"{flag}: {REFUSED[flag]}")
        if flag not in FLAGS:
            raise ConfigError(
                f"no flag {flag!r}; " + did_you_mean(flag, FLAGS, "`dropout-lab sweep --help` shows them")
            )
        taken = FLAGS[flag]
        flags.append(flag)
        if taken == ():
            if equals:
                raise ConfigError(f"{flag} takes no value")
            continue
        if equals or (rest and "=" not in rest[0] and not rest[0].startswith("-")):
            flags.append(value if equals else rest.pop(0))
            if taken and flags[-1] not in taken:
                raise ConfigError(f"{flag} {flags[-1]}: must be one of {', '.join(taken)}")
        elif flag not in ("--info", "-i"):
            raise ConfigError(f"{flag} needs a value" + (f", one of {', '.join(taken)}" if taken else ""))
    return flags, settings


def page_of(flags: Sequence[str]) -> str:
    """Return the page that the flags select: the value of ``--cfg``, or else the flag itself; "" for none."""
    for flag in flags:
        if flag in PAGES:
            return flags[list(flags).index(flag) + 1] if flag in ("--cfg", "-c") else flag
    return ""


def config_flags(flags: Sequence[str]) -> list[str]:
    """Return the flags that name a config folder or the primary config, each followed by its value."""
    at = [i for i, flag in enumerate(flags) if flag in ("--config-dir", "-cd", "--config-name", "-cn")]
    return [word for i in at for word in flags[i : i + 2]]


def package_of(flags: Sequence[str]) -> str:
    """Return the value of ``--package``; "" if it is not given."""
    return next((flags[i + 1] for i, flag in enumerate(flags) if flag in ("--package", "-p")), "")


def fold_lines(text: str) -> str:
    """Return a help page with long lines folded to :data:`WIDTH` columns."""
    return "\n".join(_folded(line) if len(line) > WIDTH else line for line in text.splitlines())


def _folded(line: str) -> str:
    own = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(line, WIDTH, subsequent_indent=own + "  ", break_on_hyphens=False, break_long_words=False)
