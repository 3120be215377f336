"""The Python functions within an application of Hydra that belongs to the user."""

import subprocess
import sys

import hydra
import pytest
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.version import getbase
from omegaconf import OmegaConf

import dropout_lab
from dropout_lab.config.compose import open_composer

# Its plugins are scanned, and configs of the names of ours stored, before dropout_lab is imported.
APPLICATION = """
from dataclasses import dataclass
import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.version import getbase

@dataclass
class Mine:
    rate: float = 0.1

ConfigStore.instance().store(name="config", node=Mine)
ConfigStore.instance().store(group="train", name="adam", node=Mine)

@hydra.main(version_base="1.2", config_name="config", config_path=None)
def main(cfg):
    import dropout_lab
    for _ in range(2):
        frame = dropout_lab.sweep(rate=[cfg.rate, 0.5], input_rate="${rate}", seeds=1, **{"train.epochs": 1})
    print(frame["input_rate"].tolist(), HydraConfig.get().job.name, getbase())

main()
"""


@pytest.mark.parametrize("words", [[], ["-m", "rate=0.2,0.3"]], ids=["run", "multirun"])
def test_a_sweep_within_an_application(words, folder):
    (folder / "mine.py").write_text(APPLICATION)
    shown = subprocess.run([sys.executable, "mine.py", *words], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    printed = [line for line in shown.stdout.splitlines() if line.endswith("mine 1.2")]
    assert [line.split("]")[0] for line in printed] == (["[0.2, 0.5", "[0.3, 0.5"] if words else ["[0.1, 0.5"])


def test_the_state_of_hydra_is_as_it_was(folder):
    (folder / "app").mkdir()
    (folder / "app" / "app.yaml").write_text("rates: [0.1, 0.2]\n")
    with hydra.initialize_config_dir(str(folder / "app"), version_base="1.2", job_name="app"):
        before, base, stored = GlobalHydra.instance().hydra, getbase(), ConfigStore.instance().repo
        rates = OmegaConf.to_container(hydra.compose("app").rates)
        assert len(dropout_lab.sweep(rate=rates, seeds=1, **{"train.epochs": 1})) == 2
        assert GlobalHydra.instance().hydra is before
        assert getbase() == base
        assert ConfigStore.instance().repo is stored
        assert hydra.compose("app").rates == [0.1, 0.2]
    with pytest.raises(RuntimeError), open_composer():
        raise RuntimeError
    assert not GlobalHydra.instance().is_initialized()


def test_a_command_works_where_hydra_looked_for_plugins_before(folder):
    """Hydra scans for plugins once in a process."""
    lines = [
        "from hydra.core.plugins import Plugins",
        "Plugins.instance()",
        "from dropout_lab.cli.app import main",
        "main(['train', 'train.epochs=1'])",
    ]
    shown = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True)
    assert (shown.returncode, shown.stderr) == (0, "")
