"""Defaults merged under each host's own blocks, and where every merged value was written."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mapinfra.spec.document import Document
from mapinfra.spec.fault import Fault, Keys

Block: TypeAlias = dict[Any, Any]
_SHARED = ("ssh", "database")
_OWN_ONLY = {("ssh", "host")}


@dataclass(frozen=True)
class Places:
    """Lines of what is written, and for what came from the defaults, the keys it has there."""

    lines: dict[Keys, int]
    borrowed: dict[Keys, Keys] = field(default_factory=dict)

    def fault(self, keys: Keys, text: str) -> Fault:
        """A fault at these keys, or where they were borrowed; of a missing key, at its parent."""
        written = self.origin(keys)
        known = next(
            written[:length]
            for length in range(len(written), -1, -1)
            if written[:length] in self.lines
        )
        return Fault(self.lines[known], written, text)

    def origin(self, keys: Keys) -> Keys:
        """The keys under which a value was written."""
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.borrowed:
                return self.borrowed[keys[:length]] + keys[length:]
        return keys


def merge_defaults(document: Document) -> tuple[object, Places]:
    """The spec without its `defaults`, each host complete; shapes that don't fit stay as they are.

    A host's own key wins over the default of the same name, also when it is null.
    """
    places = Places(document.lines)
    if not isinstance(document.data, dict):
        return document.data, places
    spec = dict(document.data)
    defaults = _block(spec.pop("defaults", None))
    if "central" in spec:
        spec["central"] = _merged(spec["central"], defaults, ("central",), places)
    if isinstance(spec.get("remotes"), dict):
        spec["remotes"] = {
            name: _merged(remote, defaults, ("remotes", name), places)
            for name, remote in spec["remotes"].items()
        }
    return spec, places


def _merged(host: object, defaults: Block, keys: Keys, places: Places) -> object:
    if not isinstance(host, dict):
        return host
    merged = dict(host)
    for name in _SHARED:
        own, default = merged.get(name, {}), _block(defaults.get(name))
        if not default or not isinstance(own, dict):
            continue
        lent = {
            key: value
            for key, value in default.items()
            if key not in own and (name, key) not in _OWN_ONLY
        }
        merged[name] = {**lent, **own}
        places.borrowed.update({(*keys, name, key): ("defaults", name, key) for key in lent})
    if isinstance(_block(merged.get("map_server")).get("ssh"), dict):
        ssh = {"ssh": _block(defaults.get("ssh"))}
        merged["map_server"] = _merged(merged["map_server"], ssh, (*keys, "map_server"), places)
    return merged


def _block(value: object) -> Block:
    return value if isinstance(value, dict) else {}
