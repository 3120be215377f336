"""Hydra plugins of dropout-lab. The folder ``hydra_plugins`` is a portion of Hydra's namespace package."""
