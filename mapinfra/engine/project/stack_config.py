"""The config of a stack: Pulumi.<stack>.yaml."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mapinfra.engine.project.configtext import Entry, OddLayout, with_value
from mapinfra.engine.project.project import Project, mapping, refuse
from mapinfra.engine.state.files import sweep, write_atomically
from mapinfra.engine.state.passphrase import Crypter
from mapinfra.errors import MapinfraError

_ESCAPED = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}
"""What Go's JSON spells so. The text of a nested value is a provider's input, and compared."""


@dataclass(frozen=True)
class StackConfig:
    """A stack's config as its file has it; secure values are still encrypted."""

    salt: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)

    def held(self) -> dict[str, Any]:
        """Return the values as Pulumi's history and plans have them; secure ones stay encrypted."""
        return {
            key: value if isinstance(value, dict | list) else _text(value)
            for key, value in self.raw.items()
        }

    def masked(self) -> dict[str, str]:
        """Return the values for display, with `[secret]` for the secure ones."""
        return {key: _text(_clear(value, lambda _: "[secret]")) for key, value in self.raw.items()}

    def in_clear(self, crypter: Crypter) -> "ClearConfig":
        """Decrypt the secure values."""
        return ClearConfig(
            values={key: _text(_clear(value, crypter.decrypt)) for key, value in self.raw.items()},
            secret_keys=frozenset(key for key, value in self.raw.items() if _has_secure(value)),
        )


@dataclass(frozen=True)
class ClearConfig:
    """Config keys, with their namespace, and their values as the program sees them: texts."""

    values: Mapping[str, str]
    secret_keys: frozenset[str]


def load_stack_config(project: Project, stack: str) -> StackConfig:
    """Read the config of a stack; raise MapinfraError when there is none, or it isn't usable."""
    file = project.stack_config_file(stack)
    if not file.is_file():
        raise MapinfraError(
            "the stack's config is missing",
            where=str(file),
            remedy=f"copy that of another stack, or make one with `mapinfra stack init {stack}`",
        )
    content = mapping(file)
    refuse(file, content, "environment", "secretsprovider", "encryptedkey")
    config = content.get("config") or {}
    salt = content.get("encryptionsalt", "")
    if not isinstance(config, dict) or not isinstance(salt, str):
        raise MapinfraError("`config` must be a mapping, `encryptionsalt` a text", where=str(file))
    return StackConfig(salt, {_full_key(project.name, str(key)): config[key] for key in config})


def write_salt(project: Project, stack: str, salt: str) -> None:
    """Put a new salt into a stack's config, making the file where there is none.

    Raises MapinfraError when that can't be done.
    """
    _write(project.stack_config_file(stack), ("encryptionsalt",), salt)


def set_value(project: Project, stack: str, key: str, value: Entry) -> None:
    """Set one value of a stack's config, as `pulumi config set` does; a secret is `secure: …`.

    Raises MapinfraError when that can't be done.
    """
    file, wanted = project.stack_config_file(stack), _full_key(project.name, key)
    held = mapping(file).get("config") or {}
    spelled = next((one for one in held if _full_key(project.name, str(one)) == wanted), wanted)
    if isinstance(value, dict) and _is_secure(held.get(spelled)):  # so its comments stay
        _write(file, ("config", spelled, "secure"), value["secure"])
    else:
        _write(file, ("config", spelled), value)


def _write(file: Path, path: Sequence[str], value: Entry) -> None:
    text = file.read_bytes().decode() if file.is_file() else ""
    try:
        content = with_value(text, path, value)
    except OddLayout:
        raise MapinfraError(
            f"has a layout in which `{path[-1]}` can't be set without changing the rest",
            where=str(file),
            remedy="set it with an editor",
        ) from None
    sweep(file)
    write_atomically(file, content.encode())


def _full_key(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _is_secure(value: object) -> bool:
    return (
        isinstance(value, dict) and list(value) == ["secure"] and isinstance(value["secure"], str)
    )


def _has_secure(value: object) -> bool:
    if isinstance(value, dict):
        return _is_secure(value) or any(_has_secure(item) for item in value.values())
    return isinstance(value, list) and any(_has_secure(item) for item in value)


def _clear(value: Any, decrypt: Callable[[str], str]) -> Any:
    if _is_secure(value):
        return decrypt(value["secure"])
    if isinstance(value, dict):
        return {key: _clear(item, decrypt) for key, item in value.items()}
    if isinstance(value, list):
        return [_clear(item, decrypt) for item in value]
    return value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list | bool):
        keyed = json.loads(json.dumps(value))  # by texts alone, so that they can be sorted
        text = json.dumps(keyed, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        return text.translate(_ESCAPED)
    return str(value)
