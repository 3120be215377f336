"""Sweeper and launcher in ``hydra_plugins``, the only package where Hydra 1.3 looks for them."""

from hydra.core.config_store import ConfigStore

from dropout_lab.config.compose import register_schemas
from dropout_lab.sweeps import launcher


class PackedSweeper(launcher.PackedSweeper):
    """The sweeper, defined in this module so that Hydra discovers it; see the base class."""


class PackedLauncher(launcher.PackedLauncher):
    """The launcher, defined in this module so that Hydra discovers it; see the base class."""


for kind, plugin in {"sweeper": PackedSweeper, "launcher": PackedLauncher}.items():
    ConfigStore.instance().store(
        group=f"hydra/{kind}",
        name="packed",
        node={"_target_": f"{__name__}.{plugin.__name__}"},
        provider="dropout-lab",
    )
register_schemas()
