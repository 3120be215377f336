"""Where Hydra 1.3 looks for plugins: it takes classes of the namespace package ``hydra_plugins`` only."""

from hydra.core.config_store import ConfigStore

from dropout_lab.config.compose import register_schemas
from dropout_lab.sweeps import launcher


class PackedSweeper(launcher.PackedSweeper):
    """See the base class; it must live here to be found."""


class PackedLauncher(launcher.PackedLauncher):
    """See the base class; it must live here to be found."""


for kind, plugin in {"sweeper": PackedSweeper, "launcher": PackedLauncher}.items():
    ConfigStore.instance().store(
        group=f"hydra/{kind}",
        name="packed",
        node={"_target_": f"{__name__}.{plugin.__name__}"},
        provider="dropout-lab",
    )
register_schemas()
