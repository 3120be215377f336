"""Command ``dropout-lab bench``: its subjects and their result files."""

import importlib.metadata
from collections.abc import Callable, Sequence
from pathlib import Path

from dropout_lab.bench import inference, kernels, planning, profile, published, sequence, steps, table, variants
from dropout_lab.bench import workloads as works
from dropout_lab.bench.workloads import BenchOptions
from dropout_lab.data.paths import data_root
from dropout_lab.errors import ConfigError, list_allowed
from dropout_lab.files import replace_file
from dropout_lab.sweeps.interleaved import describe_machine

Say = Callable[[str], None]
SUBJECTS: dict[str, tuple[Callable[[BenchOptions], list[table.BenchRow]], str]] = {
    "digits": (works.digits, "100 small MLPs: whole programs"),
    "digits_training": (works.digits_training, "100 small MLPs: training without start-up and plots"),
    "mnist": (works.mnist, "one MLP 784-1024-1024-10"),
    "cnn": (works.cnn, "convolutional networks"),
    "lstm": (works.lstm, "LSTMs over the rows of images"),
    "recurrent": (works.recurrent, "an LSTM with recurrent dropout"),
    "published": (published.published, "a published grid: planning, and training of a sample"),
    "kernels": (kernels.kernels, "the dropout kernel alone"),
    "steps": (steps.steps, "a training step, its matrix products, and the cost of dropout"),
    "inference": (inference.inference, "100 Monte Carlo passes of an MLP"),
    "planning": (planning.planning, "planning of 10,000 trials"),
}
# Subjects with a separate table.
OWN = {
    "variants": (variants, "a training step of each variant relative to inverted dropout"),
    "sequence": (sequence, "dropout inside an LSTM layer relative to torch's fused layer"),
    "profile": (profile, "time profile of a training step"),
}
WITHOUT_MNIST = ("digits", "digits_training", "kernels", "inference", "planning")
LIBRARIES = ("torchvision", "lightning", "hydra-core", "hydra-joblib-launcher", "jax", "keras")
PEERS = ("plain_loop", "strong_loop", "lightning_multirun", "jax_vmap", "keras_lstm")


def help_text(program: str) -> str:
    """Return the text of ``bench --help``."""
    lines = [f"  {name:<16} {what}" for name, (_, what) in (OWN | SUBJECTS).items()]
    return f"""\
{program} bench SUBJECT ... [rounds=N] [peers=NAME,...] [data.root=DIR]

Times {program} against other programs in one run, interleaved, and writes the
ratios to results/bench/SUBJECT.csv. Use a machine that has nothing else to do.
The programs need the extra `bench`; missing programs are skipped.

{chr(10).join(lines)}
  all              all except variants, sequence and profile
  table            print the table of the files in results/bench

peers= selects other programs: {", ".join(PEERS[:3])},
{", ".join(PEERS[3:])}."""


def command(words: Sequence[str], say: Say) -> None:
    """Run the subjects named by these words.

    Raises:
        ConfigError: a word is unknown, or the data are missing.
    """
    settings = dict(word.split("=", 1) for word in words if "=" in word)
    names = [word for word in words if "=" not in word]
    known = [*OWN, *SUBJECTS, "all", "table"]
    wrong = [name for name in names if name not in known]
    if wrong or not names:
        raise ConfigError(f"bench {' '.join(wrong)}: {list_allowed(wrong[0] if wrong else None, known)}")
    strange = settings.keys() - {"rounds", "peers", "data.root"}
    if strange:
        raise ConfigError(f"bench {strange.pop()}=: must be one of rounds=, peers=, data.root=")
    bench = BenchOptions(
        say,
        root=str(data_root(settings.get("data.root", "")).resolve()),
        rounds=_rounds(settings.get("rounds", "")),
        peers=_peers(settings.get("peers", "")),
    )
    if "all" in names:
        names = list(SUBJECTS)
    for name in names:
        if name not in (*WITHOUT_MNIST, *OWN, "table") and not works.has_mnist(bench.root):
            raise ConfigError(f"bench {name}: no MNIST in {bench.root}; `dropout-lab data get mnist` or data.root=DIR")
    for name in names:
        if name in OWN:
            say(str(OWN[name][0].write(say)))
        elif name == "table":
            say(table.render_table(result_files(table.FOLDER)).rstrip())
        else:
            say(str(write(name, bench)))


def write(name: str, bench: BenchOptions) -> Path:
    """Measure one subject and write the results to ``results/bench/`` in the working directory."""
    target = table.FOLDER / f"{name}.csv"
    where = f"{describe_machine()}{_versions()}"
    rows = SUBJECTS[name][0](bench)
    target.parent.mkdir(parents=True, exist_ok=True)
    replace_file(target, table.to_csv(where, table.merge_rows(target, where, rows)))
    for row in rows:
        bench.say(f"{row.ratio:.2f} [{row.low:.2f}, {row.high:.2f}]  {row.peer}: {row.work}")
    return target


def result_files(folder: Path) -> list[Path]:
    """Return the existing result files of all subjects, in the order of the subjects."""
    return [path for name in SUBJECTS if (path := folder / f"{name}.csv").exists()]


def _rounds(text: str) -> int:
    if text and not (text.isdecimal() and int(text)):
        raise ConfigError(f"rounds={text}: must be a whole number of at least 1")
    return int(text or "0")


def _peers(text: str) -> tuple[str, ...]:
    names = tuple(filter(None, text.split(",")))
    for name in names:
        if name not in PEERS:
            raise ConfigError(f"peers={name}: {list_allowed(name, PEERS)}")
    return names


def _versions() -> str:
    versions = []
    for name in LIBRARIES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return "".join(f", {each}" for each in versions)
