"""Gorgone's settings and log on this host."""

import json
import logging
import sys
from dataclasses import dataclass

from .. import paths


@dataclass(frozen=True)
class Settings:
    """/etc/centreon-gorgone/config.d/90-lab.json, read at start; seconds."""

    poll_interval: float
    """How often the command files are looked for."""
    copy_delay: float
    """How long a command waits before it is sent to its poller."""
    worker_interval: float
    """How often exports are looked for; a real installation does so once a minute."""
    reload_cbd_after_import: bool
    """Whether a remote's cbd is reloaded when tables were imported: since gorgone 22.10."""
    watchdog_delay: float
    """How long watchdog.json, the last file of a transfer, is away while it is replaced."""


DEFAULTS = Settings(
    poll_interval=0.2,
    copy_delay=0.5,
    worker_interval=0.5,
    reload_cbd_after_import=True,
    watchdog_delay=0.0,
)


def read() -> Settings:
    """The settings of this host."""
    return Settings(**json.loads(paths.GORGONE_SETTINGS.read_text()))


def read_key() -> bytes:
    """The key that all gorgoned of a platform share."""
    return paths.GORGONE_KEY.read_bytes().strip()


def set_up_log() -> None:
    """Log to gorgone's own file and, from warnings on, to the journal."""
    journal = logging.StreamHandler(sys.stderr)
    journal.setLevel(logging.WARNING)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s - %(levelname)s - %(message)s",
        handlers=[logging.FileHandler(paths.GORGONE_LOG), journal],
    )
