"""Names of resources in Pulumi's state: `urn:pulumi:<stack>::<project>::<types>::<name>`."""

STACK_TYPE = "pulumi:pulumi:Stack"
_DYNAMIC = "pulumi-python:dynamic/"


def make(stack: str, project: str, parent: str, kind: str, name: str) -> str:
    """Build a URN. The types of the parents precede the own one, the stack's is left out."""
    chain = types(parent) if parent else ""
    nested = f"{chain}${kind}" if chain and chain != STACK_TYPE else kind
    return f"urn:pulumi:{stack}::{project}::{nested}::{name}"


def stack(urn: str) -> str:
    """Return the stack's name."""
    return urn.split("::", 3)[0].removeprefix("urn:pulumi:")


def project(urn: str) -> str:
    """Return the project's name."""
    return urn.split("::", 3)[1]


def types(urn: str) -> str:
    """Return the chain of types, outermost first, joined by `$`."""
    return urn.split("::", 3)[2]


def own_type(urn: str) -> str:
    """Return the resource's own type, without its parents'."""
    return types(urn).rpartition("$")[2]


def name(urn: str) -> str:
    """Return the name the program gave the resource."""
    return urn.split("::", 3)[3]


def short_type(kind: str) -> str:
    """Return a type as the program calls it: `mapinfra:TopologyFlag`."""
    return kind.removeprefix(_DYNAMIC)


def as_argument(urn: str) -> str:
    """Name a resource and its stack as words of a command line."""
    return f"{name(urn)} --stack {stack(urn)}"


def label(urn: str) -> str:
    """Name a resource for people: its name, and its type in brackets."""
    return f"{name(urn)} ({short_type(own_type(urn))})"
