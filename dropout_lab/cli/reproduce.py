"""The command ``dropout-lab reproduce``: run studies of the literature and compare measured with published results."""

import shlex
import textwrap
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from dropout_lab.cli.flags import WIDTH
from dropout_lab.cli.registration import lock_claims, split_reason
from dropout_lab.cli.run_options import CAUSES, split_run_options
from dropout_lab.cli.usage import RUN_OPTIONS
from dropout_lab.errors import ConfigError, list_allowed
from dropout_lab.studies import catalog as shelf
from dropout_lab.studies.request import ReproduceRequest
from dropout_lab.studies.study import SCALES

Say = Callable[[str], None]
OUT = "results/studies"
# Settings of the machine; a study file fixes all others.
ALLOWED = ("data.root", "device", "workers", "max_pack_size", "max_minutes")
HELP = f"""\
dropout-lab reproduce                          list studies with trials and time
dropout-lab reproduce NAME|FILE.yaml|all ...   run studies
  scale=SCALE                smoke (seconds), laptop (minutes on two cores; the
                             default), full (a night on two cores, with the
                             network and data of the publication) or paper (as
                             published)
  out=DIR                    default {OUT}; one folder NAME/SCALE per
                             study, and claims.csv and claims.md over all
  {", ".join(f"{key}=" for key in ALLOWED)}
                             as for sweep
  --dry-run                  print trials, packs, time and memory
  --costs                    update the listed costs (in a checkout only)
  --lock                     register the claims of the studies with the date
                             in claims.lock next to their files; a changed
                             claim also requires --reason "..."
These flags train nothing.
{RUN_OPTIONS}
Rerun an interrupted command to continue it."""


def command(words: Sequence[str], say: Say, complain: Say) -> int:
    """Run the command ``reproduce`` with the given words.

    Returns:
        the exit status: 1 if a trial diverged or failed, or what ``--fail-on`` says; 2 if nothing could be run.

    Raises:
        ConfigError: the command is invalid; nothing was trained.
        Interrupted: Ctrl-C; finished trials are saved.
        TimeOver: the time limit was reached; finished trials are saved.
    """
    if {"-h", "--help"} & set(words):
        say(HELP)
        return 0
    words, options = split_run_options(words, CAUSES)
    words, reason = split_reason(words)
    asked = replace(_read(words), fail_on=options.fail_on)
    if asked.lock:
        for line in lock_claims(asked.studies, reason):
            say(line)
        return 0
    if not asked.studies:
        for line in render_studies():
            say(line)
        return 0
    from dropout_lab import reproduce as reproduction
    from dropout_lab.presentation.machine_report import report_claims
    from dropout_lab.sweeps.progress import silent_progress
    from dropout_lab.sweeps.time_limit import command_clock

    if options.json and (asked.dry or asked.costs):
        raise ConfigError("--json: the result of a training is an object; leave out --dry-run and --costs")
    if asked.dry or asked.costs:
        reproduction.preview_studies(asked, say)
        return 0
    with command_clock(), silent_progress() if options.quiet else nullcontext():
        status = reproduction.run_studies(asked, options.say, complain)
    if options.quiet or options.json:
        options.print_result([], str(asked.out / "claims.md"), report_claims(asked.out, status))
    return status


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
            raise ConfigError(f"{word}: cannot be set for a study; reproduce takes {allowed}")
    if flags - {"--dry-run", "--costs", "--lock"}:
        unknown = sorted(flags - {"--dry-run", "--costs", "--lock"})[0]
        raise ConfigError(f"reproduce {unknown}: unknown flag; reproduce takes --dry-run, --costs and --lock")
    if given["scale"] not in SCALES:
        raise ConfigError.of("scale", given["scale"], list_allowed(given["scale"], SCALES))
    if words and not names:
        raise ConfigError("reproduce: requires the name of a study or `all`; `dropout-lab reproduce` lists the studies")
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
        f"Number of trials and estimated time on this machine per scale; all studies: {totals}. "
        "`dropout-lab reproduce NAME scale=laptop` runs one study; `--dry-run` estimates its time and memory."
    )
    return [format_plain(titles, rows, 1, WIDTH), "", *textwrap.wrap(note, WIDTH)]
