"""From a file to a Spec, or to all of its faults at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from mapinfra.errors import SpecError
from mapinfra.spec.crosschecks import crosschecks, host_in_defaults
from mapinfra.spec.document import Document, parse
from mapinfra.spec.fault import Fault, printable, spec_error
from mapinfra.spec.invalid import Finding, findings, outside_secret
from mapinfra.spec.json_schema import Node, schema
from mapinfra.spec.marked_yaml import Unusable
from mapinfra.spec.model import Defaults, Spec
from mapinfra.spec.places import Places, merge_defaults
from mapinfra.spec.wording import either, kind

_MAX_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class Located:
    """A spec, and where each of its values was written."""

    spec: Spec
    file: str
    _places: Places

    def at(self, *keys: str | int) -> str:
        """Return the file and line where a value was written, or what would hold it."""
        return f"{self.file}:{self._places.fault(keys, '').line}"

    def error(self, faults: Iterable[Finding]) -> SpecError:
        """Return the error that names the place of each fault."""
        return spec_error(self.file, (self._places.fault(keys, text) for keys, text in faults))


def load(path: Path) -> Spec:
    """Read a spec. Raises SpecError with every fault of it, one line each, in the file's order."""
    return locate(path).spec


def locate(path: Path) -> Located:
    """Read a spec as `load` does, with the places of its values."""
    file = str(path)
    try:
        content = _text(_content(path))
    except Unusable as unusable:
        raise spec_error(file, [Fault(unusable.line, (), unusable.text)]) from None
    return locate_text(content, file)


def locate_text(content: str, file: str) -> Located:
    """Read a spec as `locate` does, from a text; `file` is what messages call it."""
    try:
        document = parse(content)
    except Unusable as unusable:
        raise spec_error(file, [Fault(unusable.line, (), unusable.text)]) from None
    if not isinstance(document.data, dict):
        text = f"{kind(document.data)} where the blocks central and remotes belong; write these"
        raise spec_error(file, [Fault(document.lines[()], (), text), *document.faults])
    return _checked(document, file)


def _checked(document: Document, file: str) -> Located:
    merged, places = merge_defaults(document)
    root = schema()
    spec, found = _validated(merged, root)
    found += [*_defaults(document.data, root), *crosschecks(merged, places)]
    faults = [places.fault(keys, text) for keys, text in found]
    faults += [_discreet(fault, root) for fault in document.faults]
    if faults or spec is None:
        raise spec_error(file, faults)
    return Located(spec, file, places)


def _validated(merged: object, root: Node) -> tuple[Spec | None, list[Finding]]:
    try:
        return Spec.model_validate(merged, strict=True), []
    except ValidationError as refused:
        return None, list(findings(refused, merged, (), root))


def _defaults(data: object, root: Node) -> Iterator[Finding]:
    """Faults of the defaults, also where no host borrows them; nothing has to be there."""
    if not isinstance(data, dict) or "defaults" not in data:
        return
    defaults = data["defaults"]
    yield from host_in_defaults(defaults)
    try:
        Defaults.model_validate(defaults, strict=True)
    except ValidationError as refused:
        yield from findings(refused, defaults, ("defaults",), root, missing=False)


def _discreet(fault: Fault, root: Node) -> Fault:
    return Fault(fault.line, outside_secret(fault.keys, root), fault.text)


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise _no_file(path)
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        text = f"can't be read ({error.strerror}); check its path and permissions"
        raise SpecError([printable(f"{path}: {text}")]) from None
    if len(content) > _MAX_BYTES:
        raise Unusable(1, f"larger than {_MAX_BYTES // 1000} kB; a spec is a short text")
    return content


def _no_file(path: Path) -> SpecError:
    """Name the specs there are beside it; `Pulumi.NAME.yaml` are Pulumi's own files."""
    what = "a folder or device, not a spec" if path.exists() else "no such spec"
    return SpecError([printable(f"{path}: {what}; {_existing(path)}")])


def _existing(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    names = sorted(
        file.name
        for file in path.parent.iterdir()
        if file.suffix in {".yaml", ".yml"} and not file.name.startswith("Pulumi.")
    )
    if not names:
        return f"there are no specs in {path.parent}"
    close = get_close_matches(path.name, names, n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"{meant}{path.parent} has {either(names, 'and')}"


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unusable(line, "not UTF-8 text; save the file as UTF-8") from None
