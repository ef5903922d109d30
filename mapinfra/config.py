"""Values of a stack's config, by keys that need no namespace.

A key without one is of the project, as Pulumi has it. A value that is mapinfra's own may stand
under `mapinfra:` instead, so that it is found whatever the project is called.
"""

from collections.abc import Mapping
from typing import Final

OWN: Final = "mapinfra"
SPEC_KEY: Final = "spec"
"""Key that names the spec file, relative to the project's folder."""


def value_of(config: Mapping[str, str], key: str, project: str) -> str | None:
    """Return the value of a key; None when there is none."""
    names = (key, f"{project}:{key}", f"{OWN}:{key}")
    return next((config[name] for name in names if name in config), None)
