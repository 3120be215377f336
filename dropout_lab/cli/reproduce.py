"""The command ``dropout-lab reproduce``: run studies of the literature and compare measured with published results."""

import shlex
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

from dropout_lab.cli.flags import WIDTH
from dropout_lab.cli.registration import lock_claims, split_reason
from dropout_lab.errors import ConfigError, list_allowed
from dropout_lab.studies import catalog as shelf
from dropout_lab.studies.request import ReproduceRequest
from dropout_lab.studies.study import SCALES

Say = Callable[[str], None]
OUT = "results/studies"
# Settings of the machine; a study file fixes all others.
ALLOWED = ("data.root", "device", "workers", "max_pack_size")
HELP = f"""\
dropout-lab reproduce                          list studies with trials and time
dropout-lab reproduce NAME|FILE.yaml|all ...   run studies
  scale=smoke|laptop|full|paper
                             seconds, minutes on two cores, the network and
                             data of the publication in a night on two
                             cores, or as published (default laptop)
  out=DIR                    default {OUT}; a folder NAME/SCALE for
                             each, and claims.csv and claims.md over all
  {", ".join(f"{key}=" for key in ALLOWED)}
                             as for sweep
  --dry-run                  trials, packs, time and memory; trains nothing
  --costs                    in a checkout of the project: estimate again
                             the listed costs; trains nothing
  --lock                     register the claims of the studies with the date
                             in claims.lock next to their files; trains
                             nothing; --reason "..." where a registered claim
                             was changed
The same command resumes where it stopped."""


def command(words: Sequence[str], say: Say, complain: Say) -> int:
    """Run the command ``reproduce`` with the given words.

    Returns:
        the exit status: 1 if a trial diverged or failed, 2 if nothing could be run.

    Raises:
        ConfigError: the command is invalid; nothing was trained.
        Interrupted: Ctrl-C; finished trials are saved.
    """
    if {"-h", "--help"} & set(words):
        say(HELP)
        return 0
    words, reason = split_reason(words)
    asked = _read(words)
    if asked.lock:
        for line in lock_claims(asked.studies, reason):
            say(line)
        return 0
    if not asked.studies:
        for line in render_studies():
            say(line)
        return 0
    from dropout_lab import reproduce as reproduction

    if asked.dry or asked.costs:
        reproduction.preview_studies(asked, say)
        return 0
    return reproduction.run_studies(asked, say, complain)


def _read(words: Sequence[str]) -> ReproduceRequest:
    given = {"scale": "laptop", "out": OUT}
    machine, names, flags = {}, [], set()
    for word in words:
        key, equals, value = word.partition("=")
        if word.startswith("-"):
            flags.add(word)
        elif not equals:
            names.append(word)
        elif key in given and value:
            given[key] = value
        elif key in ALLOWED:
            machine[key] = word
        else:
            allowed = ", ".join(f"{key}=" for key in (*given, *ALLOWED))
            raise ConfigError(f"{word}: a study defines what it trains; reproduce takes {allowed}")
    if flags - {"--dry-run", "--costs", "--lock"}:
        unknown = sorted(flags - {"--dry-run", "--costs", "--lock"})[0]
        raise ConfigError(f"reproduce {unknown}: takes --dry-run, --costs and --lock")
    if given["scale"] not in SCALES:
        raise ConfigError.of("scale", given["scale"], list_allowed(given["scale"], SCALES))
    if words and not names:
        raise ConfigError("reproduce: name a study; `dropout-lab reproduce` lists them, and `all` runs every study")
    if "--costs" in flags:
        shelf.check_costs_writable()
    studies = shelf.select_studies(names)
    for study in studies:
        if given["scale"] not in study.scales and "all" not in names and "--lock" not in flags:
            raise ConfigError.of("scale", given["scale"], f"{study.name} has {', '.join(study.scales)}")
    if "--lock" not in flags:
        studies = [study for study in studies if given["scale"] in study.scales]
    typed = shlex.join(["dropout-lab", "reproduce", *words])
    flat = "--dry-run" in flags, "--costs" in flags, "--lock" in flags
    return ReproduceRequest(studies, given["scale"], Path(given["out"]), machine, typed, *flat)


def render_studies() -> list[str]:
    """Return the list of studies with their trials and estimated time, line by line."""
    from dropout_lab.report.formats import format_duration, format_plain

    titles, rows = shelf.list_studies()
    totals = ", ".join(
        f"{scale} {format_duration(shelf.total_seconds(scale))}" for scale in SCALES if shelf.total_seconds(scale)
    )
    note = (
        f"Trials and estimated time here at each scale; all together: {totals}. "
        "`dropout-lab reproduce NAME scale=laptop` runs one, `--dry-run` measures what it will take."
    )
    return [format_plain(titles, rows, 1, WIDTH), "", *textwrap.wrap(note, WIDTH)]
