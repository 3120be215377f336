"""What the tests share: configs as a user would compose them, and trials over them."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

from dropout_lab.cli.app import main
from dropout_lab.config import Config
from dropout_lab.config.compose import CONF, ConfigComposer
from dropout_lab.config.plugins import enable_plugins
from dropout_lab.sweeps.grid import Arm, expand_grid, make_arms
from dropout_lab.trial import Trial

torch.set_num_threads(1)  # the suite runs one process a core
# Real data, for the tests that use them where they are.
DATA = Path(os.environ.get("DROPOUT_LAB_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the tests' own in the place of the user's, and no data but what a test names."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.delenv("DROPOUT_LAB_DATA", raising=False)
        yield folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that read real data."""
    for item in items:
        if "shared" in getattr(item, "fixturenames", ()):
            item.add_marker("real_data")


@pytest.fixture
def shared() -> Path:
    """The folder of real data, in the layout that ``data.root`` expects."""
    if not (DATA / "uci").is_dir():
        pytest.skip("no real data here: set DROPOUT_LAB_DATA to a folder that has them")
    return DATA


@pytest.fixture(scope="session")
def composer() -> Iterator[Callable[[], ConfigComposer]]:
    """Makes a fresh composer over the project's conf/."""
    enable_plugins()

    def composed(words: list[str]) -> object:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return compose("config", words)

    bases = ConfigComposer(composed)

    def fresh() -> ConfigComposer:
        new = ConfigComposer(composed)
        new._bases = bases._bases  # composing costs 50 ms; the result never changes
        return new

    return fresh


@pytest.fixture(scope="session")
def config(composer: Callable[[], ConfigComposer]) -> Callable[..., Config]:
    """The config of single-valued words: ``config("model=cnn", "rate=0.3")``."""
    return lambda *words: composer().config(list(words))


@pytest.fixture(scope="session")
def arms_of(composer: Callable[[], ConfigComposer]) -> Callable[..., list[Arm]]:
    """The arms of words with axes."""
    return lambda *words: make_arms(expand_grid(words), composer())


@pytest.fixture(scope="session")
def trials(arms_of: Callable[..., list[Arm]]) -> Callable[..., list[Trial]]:
    """The different trials of words with axes, in the order of the arms."""

    def make(*words: str) -> list[Trial]:
        return list({t.id: t for arm in arms_of(*words) for t in arm.trials}.values())

    return make


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def own_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The words for a network of the user's own, with dropout and with buffers."""
    lines = [
        "from torch import nn",
        "def net(shape, outputs):",
        "    layers = nn.Linear(64, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(), nn.Linear(12, outputs)",
        "    return nn.Sequential(nn.Flatten(), *layers)",
    ]
    (folder / "own_nets.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(folder))
    yield ["model=custom", "model.target=own_nets:net"]
    sys.modules.pop("own_nets", None)


@pytest.fixture
def typed(folder, capsys, monkeypatch):
    """Type a command; gives its exit status and what it printed."""
    monkeypatch.setattr(sys, "argv", ["dropout-lab"])

    def type_(*words):
        with pytest.raises(SystemExit) as left:
            main(words)
        shown = capsys.readouterr()
        return left.value.code or 0, shown.out, shown.err

    return type_
