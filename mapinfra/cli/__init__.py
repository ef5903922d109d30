"""The command `mapinfra`."""

from mapinfra.cli.app import main

__all__ = ["main"]
