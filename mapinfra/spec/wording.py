"""What a value may be, and what it is, in words: for the loader's messages and the manual."""

from collections.abc import Sequence
from typing import Final

from mapinfra.spec.json_schema import Node, is_secret

REFERENCE_FORMS: Final = "{secret: KEY}, {env: NAME} or {file: PATH}"
_LONGEST_SHOWN: Final = 60


def allowed(node: Node) -> str:
    """What may stand at a node of the schema."""
    if is_secret(node):
        return REFERENCE_FORMS
    if "anyOf" in node:
        return either([allowed(option) for option in node["anyOf"]])
    if "const" in node or "enum" in node:
        return either(_words(node))
    match node.get("type"):
        case "integer" | "number":
            return _number(node)
        case "boolean":
            return "true or false"
        case "array":
            return f"a list of {either(_words(node['items']))}"
        case "object":
            return "a block of keys"
        case _:
            return _text(node)


def either(options: Sequence[str], word: str = "or") -> str:
    """`a, b or c`."""
    return f" {word} ".join(filter(None, (", ".join(options[:-1]), options[-1])))


def _words(node: Node) -> list[str]:
    words = node["enum"] if "enum" in node else [node["const"]]
    return [word or '""' for word in words if isinstance(word, str)]


def _number(node: Node) -> str:
    kind = "a whole number" if node["type"] == "integer" and "maximum" not in node else "a number"
    lowest, highest = node.get("minimum"), node.get("maximum")
    if "exclusiveMinimum" in node:
        return f"{kind} above {node['exclusiveMinimum']:g} and up to {highest:g}"
    return f"{kind} from {lowest} {'up' if highest is None else f'to {highest}'}"


def _text(node: Node) -> str:
    if "maxLength" in node:
        return f"text of up to {node['maxLength']} characters"
    return "text, not empty" if "minLength" in node else "text"


def shown(value: object) -> str:
    """A value that is no secret, as one recognises it in the file."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return str(value)
        case str() if len(value) > _LONGEST_SHOWN:
            return f'"{value[:_LONGEST_SHOWN]}…"'
        case str():
            return f'"{value}"'
        case _:
            return kind(value)


def kind(value: object) -> str:
    """What sort of value it is, for one that isn't to be shown."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes or no"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a block of keys"
