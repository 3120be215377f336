"""The table of docs/how-to/hydra.md: each command of a Hydra user works, or is refused with the text of the table."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "hydra.md"
TABLE = dict(re.findall(r"^\| `((?:sweep|train) .*?)` \| (.*) \|$", PAGE.read_text(), re.MULTILINE))
TINY = ["train.epochs=1", "seeds=1"]
DRY = ["--dry-run"]
JOB = ["--cfg", "job"]
# Plugins of Hydra that may be missing: the modules that hold them.
PLUGINS = {
    "joblib": "hydra_joblib_launcher",
    "submitit_local": "hydra_submitit_launcher",
    "optuna": "hydra_optuna_sweeper",
}
# Commands that work: the words that make them short, and what they print.
WORKING = {
    "sweep rate=0,0.5 -m": (TINY, r"^0\.5 "),
    "sweep ++rate=0.2": (JOB, r"^rate: 0\.2$"),
    "sweep ~regularizer": (JOB, r"^regularizer:\n  chosen: \{\}$"),
    "sweep +experiment=small_data": (DRY, r"^arms +5$"),
    "sweep experiment=small_data rate=0,0.5": (DRY, r"^arms +2$"),
    "sweep --config-dir mine experiment=wide": (TINY, r"^0\.5 "),
    "sweep --config-dir mine model=small": (JOB, r"^  hidden:\n  - 32$"),
    "sweep --config-dir mine --config-name mine": (TINY, r"^inverted rate=0\.3 "),
    "sweep 'train.lr=${oc.env:LR}'": ([*JOB, "--resolve"], r"^  lr: 0\.02$"),
    "sweep --cfg job": (["train.lr=${oc.env:LR}"], r"^  lr: \$\{oc\.env:LR\}$"),
    "sweep --cfg job --resolve": (["train.lr=${oc.env:LR}"], r"^  lr: 0\.02$"),
    "sweep --cfg job --package train": ([], r"^# @package train\nepochs: 30$"),
    "sweep --cfg hydra": ([], r"^  job:\n    name: dropout-lab$"),
    "sweep rate=0,0.5 hydra/launcher=basic": (TINY, r"^0\.5 "),
    "sweep rate=0,0.5 hydra/launcher=joblib": (TINY, r"^0\.5 "),
    "sweep rate=0,0.5 hydra/launcher=submitit_local": (TINY, r"^0\.5 "),
    "sweep rate=0,0.5 hydra/sweeper=basic": (TINY, r"^0\.5 "),
    "sweep 'rate=interval(0.1,0.6)' hydra/sweeper=optuna": ([*TINY, "hydra.sweeper.n_trials=2"], r"^0\.[1-6]"),
    "sweep '+hydra.sweeper.params.rate=\"0,0.5\"'": (DRY, r"^arms +2$"),
    "sweep 'hydra.sweeper.params={rate: \"0,0.5\"}'": (DRY, r"^arms +2$"),
}


@pytest.fixture
def mine(folder, monkeypatch):
    """A working folder with the files of the page, and the environment variable that it names."""
    small, wide, primary = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    texts = {"model/small": small, "experiment/wide": wide, "mine": primary, "bare": "rate: 0.3\n"}
    for name, text in texts.items():
        path = folder / "mine" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setenv("LR", "0.02")
    return folder


def is_missing(command):
    """Whether the command needs a plugin of Hydra that is not installed."""
    needed = [module for name, module in PLUGINS.items() if re.search(rf"hydra/\w+={name}$", command)]
    return any(find_spec(f"hydra_plugins.{module}") is None for module in needed)


def refusal(command):
    """The text that the table quotes for a refusal, or None."""
    found = re.search(r"refused[^:]*: (`+)(.*?)\1$", TABLE[command])
    return found and found[2]


def test_the_table_and_the_working_commands_are_the_same():
    plugins = {command for command in TABLE if re.search("|".join(PLUGINS), command) and "basic" not in command}
    assert len(TABLE) > 30
    assert {command for command in TABLE if refusal(command)} == TABLE.keys() - WORKING.keys() | plugins
    assert WORKING.keys() <= TABLE.keys()


@pytest.mark.parametrize("command", TABLE)
def test_a_command_of_the_table(command, typed, mine):
    words = shlex.split(command)
    refused = command not in WORKING or is_missing(command)
    short, shown = WORKING.get(command, ([], ""))
    status, out, err = typed(*words, *short)
    if refused:
        assert (status, out, len(err.splitlines())) == (2, "", 1)
        assert refusal(command) in err
    else:
        assert status == 0, err
        assert re.search(shown, out, re.MULTILINE), out
    assert {path.name for path in mine.iterdir()} <= {"mine", "results"}
