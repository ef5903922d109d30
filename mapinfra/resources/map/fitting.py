"""Whether a backup can be of an edition of MAP."""

from dataclasses import replace

from mapinfra.backup import Manifest
from mapinfra.centreon.releases.editions import MARIADB_SNIPPETS, Edition
from mapinfra.rollback import Found


def unfit(manifest: Manifest, edition: Edition) -> str:
    """Say why a backup can't be one of this edition; nothing when it can.

    Its configuration may lie elsewhere, behind a link: only the folder's own name has to be right.
    """
    folder = edition.config_dir.rpartition("/")[2]
    strange = [name for name in manifest.packages if name != edition.server_package]
    if manifest.service != edition.service:
        return f"it is of {manifest.service}, not of {edition.service}"
    if strange:
        return f"it has {', '.join(strange)}, not {edition.server_package}"
    if manifest.config_folder.rpartition("/")[2] != folder:
        return f"its configuration is {manifest.config_folder}, not {edition.config_dir}"
    if foreign := sorted({*manifest.elsewhere}.difference(MARIADB_SNIPPETS)):
        return f"it has {', '.join(foreign)}, which isn't of MAP's configuration"
    return ""


def fitting(found: Found, edition: Edition) -> Found:
    """Return the journal as found; a backup that isn't of this edition can't be gone back to."""
    fault = unfit(found.manifest, edition) if found.manifest is not None else ""
    return replace(found, blocked=found.blocked or fault)
