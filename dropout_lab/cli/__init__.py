"""The command line."""

from dropout_lab.cli.app import main

__all__ = ["main"]
