"""The config groups: their files in conf/, their schemas, and the errors about unknown choices."""

import re
from pathlib import Path

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

from dropout_lab.config import DEPRECATED, MODELS, Config
from dropout_lab.config.training import COMBINATIONS
from dropout_lab.errors import ConfigError, list_allowed

_PACKAGE = Path(__file__).resolve().parent.parent
# Inside a wheel conf/ is a folder of the package; in a checkout it is next to the package.
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else _PACKAGE.parent / "conf"
SCHEMA = "dropout_lab_config"
# Group of files that set several settings and groups at once; unlike a group of settings, it has no schema.
EXPERIMENT = "experiment"
HYDRA_GROUPS = ("hydra/launcher", "hydra/sweeper")
# Choices of Hydra's groups that need a plugin: how it is installed.
PLUGINS = {
    "hydra/launcher=joblib": "pip install 'dropout-lab[joblib]'",
    "hydra/launcher=submitit_local": "pip install 'dropout-lab[submitit]'",
    "hydra/launcher=submitit_slurm": "pip install 'dropout-lab[submitit]'",
    "hydra/launcher=ray": "pip install hydra-ray-launcher",
    "hydra/sweeper=optuna": "pip install hydra-optuna-sweeper, which needs optuna below 3; "
    "`dropout-lab search sampler=optuna` needs no plugin",
}


def register_schemas() -> None:
    """Register the schemas with Hydra. OmegaConf makes a frozen dataclass read-only, so the flag is removed first."""
    store = ConfigStore.instance()
    store.store(name=SCHEMA, node=_thawed(Config), provider="dropout-lab")
    for name, schema in MODELS.items():
        store.store(group="hydra/schema/model", name=name, node=_thawed(schema, "model"), provider="dropout-lab")


def _thawed(schema: type, group: str = "") -> DictConfig:
    """Return the node of a schema, which accepts former names; `compose_config` rejects other unknown keys."""
    node: DictConfig = OmegaConf.structured(schema)
    nodes = [node, *(node[key] for key in node if not OmegaConf.is_missing(node, key))]
    for each in nodes:
        if isinstance(each, DictConfig):
            OmegaConf.set_readonly(each, None)
    for name in {key.rpartition(".")[0] for key in DEPRECATED}:
        if name == group:
            OmegaConf.set_struct(node, False)
        elif name in node and not OmegaConf.is_missing(node, name):
            OmegaConf.set_struct(node[name], False)
    return node


def list_choices(group: str) -> list[str]:
    """Return the names of a group's files in the project's conf/."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def read_card(group: str, choice: str) -> tuple[str, dict[str, str]]:
    """Return the comment at the head of a choice's file: its text, and the facts in ``source:`` and ``test:``."""
    lines = (CONF / group / f"{choice}.yaml").read_text().splitlines()
    comment = [line.removeprefix("#").strip() for line in lines if line.startswith("#") and "@package" not in line]
    facts = [re.fullmatch(r"(source|test): (.*)", line) for line in comment]
    text = [line for line, fact in zip(comment, facts, strict=True) if not fact]
    return " ".join(text), {fact[1]: fact[2] for fact in facts if fact}


def to_config_error(error: Exception) -> ConfigError:
    """Convert an error of Hydra or OmegaConf to one line in the project's form."""
    text = str(error.__cause__ or error) if "Error merging" in str(error) else str(error)
    missing = re.search(r"Could not (?:find|load) '([\w/]+)/([^'/]*)'", text)
    if missing:
        if combination := COMBINATIONS.get(f"{missing[1]}={missing[2]}"):
            return ConfigError.of(missing[1], missing[2], f"write {combination}, which is equivalent")
        if plugin := PLUGINS.get(f"{missing[1]}={missing[2]}"):
            return ConfigError.of(missing[1], missing[2], f"needs a plugin of Hydra that is not installed: {plugin}")
        listed = re.findall(r"^\t([\w-]+)$", text, re.MULTILINE)  # includes the files of --config-dir
        offered = sorted({*list_choices(missing[1]), *(listed if missing[1] in (EXPERIMENT, *HYDRA_GROUPS) else [])})
        return ConfigError.of(missing[1], missing[2], list_allowed(missing[2], offered))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return ConfigError("; ".join(lines[:2]) or type(error).__name__)
