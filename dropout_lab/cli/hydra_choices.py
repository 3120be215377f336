"""Launcher and sweeper of a command, from its words and its config files."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dropout_lab.cli.flags import config_flags
from dropout_lab.cli.hydra_app import render_page
from dropout_lab.errors import ConfigError

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

OURS = "packed"


def read_hydra_choices(flags: Sequence[str], overrides: "Mapping[str, Override]") -> dict[str, str]:
    """Return the choices of ``hydra/launcher`` and ``hydra/sweeper``.

    Args:
        flags: the flags of the command, with their values.
        overrides: the parsed words of the command.

    Raises:
        ConfigError: the primary config does not include dropout-lab's, or a file cannot be read.
    """
    from dropout_lab.config.compose import EXPERIMENT

    names = ("hydra/launcher", "hydra/sweeper")
    files = config_flags(flags)
    single = [word for word, override in overrides.items() if not override.is_sweep_override()]
    words = [word for word in single if overrides[word].is_hydra_override() or "/" in overrides[word].key_or_group]
    experiment = [word for word in single if overrides[word].key_or_group == EXPERIMENT]
    if not experiment and not {"--config-name", "-cn"} & set(files):
        typed = {override.key_or_group: str(override.value()) for override in overrides.values()}
        return {name: typed.get(name, OURS) for name in names}
    hydra = _compose_hydra(files, [*experiment, *words])
    if hydra["job"]["name"] != "dropout-lab":
        name = next(files[i + 1] for i, flag in enumerate(files) if flag in ("--config-name", "-cn"))
        raise ConfigError(f"--config-name {name}: must start from dropout-lab's config: `defaults: [config, _self_]`")
    return {name: hydra["runtime"]["choices"][name] for name in names}


def _compose_hydra(files: Sequence[str], words: Sequence[str]) -> dict[str, Any]:
    from omegaconf import OmegaConf

    page = OmegaConf.create(render_page([*files, "--cfg", "hydra"], list(words)))
    node: dict[str, Any] = OmegaConf.to_container(page.hydra, resolve=False)  # type: ignore[assignment]
    return node
