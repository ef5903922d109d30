"""The JSON Schema of a spec file, for editors; the loader's messages and the manual read it too."""

from typing import Any, TypeAlias

from mapinfra.spec.fault import Keys
from mapinfra.spec.model import SpecFile

Node: TypeAlias = dict[str, Any]


def schema() -> Node:
    """JSON Schema (draft 2020-12) of a spec file as it is written, before defaults are merged.

    What may come from the defaults isn't required here; the loader asks for it after merging.
    """
    whole = _untitled(SpecFile.model_json_schema())
    definitions = whole["$defs"]
    definitions["Database"].pop("required")
    definitions["Central"]["required"] = ["api"]
    del definitions["Remote"]["properties"]["poller"]["default"]
    definitions["SshDefaults"] = _ssh_defaults(definitions["Ssh"])
    definitions["Defaults"]["properties"]["ssh"]["$ref"] = "#/$defs/SshDefaults"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mapinfra spec",
        **whole,
    }


def _ssh_defaults(ssh: Node) -> Node:
    """Every host has its own address, so there is no default for it."""
    properties = {key: value for key, value in ssh["properties"].items() if key != "host"}
    return {**ssh, "properties": properties}


def _untitled(node: Any) -> Any:
    """Without the titles pydantic makes of names: an editor would show each name twice."""
    if isinstance(node, list):
        return [_untitled(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _untitled(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
    }


def resolve(node: Node, root: Node) -> Node:
    """The node with its reference followed, and without the alternative null."""
    options = [option for option in node.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        beside = {key: value for key, value in node.items() if key != "anyOf"}
        return resolve({**options[0], **beside}, root)
    if "$ref" not in node:
        return node
    target = root["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return resolve({**target, **{key: node[key] for key in node if key != "$ref"}}, root)


def node_at(keys: Keys, root: Node) -> Node | None:
    """What the schema says of the value at these keys; None where it knows no such value."""
    node: Node | None = resolve(root, root)
    for key in keys:
        node = _child(node, key) if node else None
        node = resolve(node, root) if node else None
    return node


def _child(node: Node, key: str | int) -> Node | None:
    properties = node.get("properties", {})
    if key in properties:
        return dict(properties[key])
    inner = node.get("items" if node.get("type") == "array" else "additionalProperties")
    return inner if isinstance(inner, dict) else None


def is_secret(node: Node) -> bool:
    """Whether a value is a reference to a secret."""
    return any(option.get("$ref") == "#/$defs/ConfigSecret" for option in node.get("anyOf", []))
