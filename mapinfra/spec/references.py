"""The references to secrets that a spec has, each resolved once before anything is done."""

from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from pydantic import BaseModel

from mapinfra.errors import SecretError
from mapinfra.secrets import SecretReference, SecretResolver
from mapinfra.spec.fault import Keys
from mapinfra.spec.invalid import Finding
from mapinfra.spec.loader import Located


def check_secrets(located: Located, resolve: SecretResolver) -> None:
    """Raise SpecError with every reference that can't be resolved, each with its place."""
    missing = list(_missing(located, resolve))
    if missing:
        raise located.error(missing)


def _missing(located: Located, resolve: SecretResolver) -> Iterator[Finding]:
    for keys, reference in _references((), located.spec):
        try:
            resolve(reference)
        except SecretError as error:
            yield keys, str(error)


def _references(keys: Keys, held: object) -> Iterator[tuple[Keys, SecretReference]]:
    if isinstance(held, get_args(SecretReference)):
        yield keys, held
    elif isinstance(held, BaseModel):
        for name, field in type(held).model_fields.items():
            yield from _references((*keys, field.alias or name), getattr(held, name))
    elif isinstance(held, Mapping):
        for key, value in held.items():
            yield from _references((*keys, key), value)
    elif isinstance(held, Sequence) and not isinstance(held, str):
        for number, value in enumerate(held):
            yield from _references((*keys, number), value)
