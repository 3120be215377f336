"""Hydra plugins of the project. The folder ``hydra_plugins`` is a portion of Hydra's namespace package."""
