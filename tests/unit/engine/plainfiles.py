"""Dynamic resources over plain files, for programs that tests run with either engine.

A test copies this module beside the program it writes. The live state is a folder, the world: a
file per resource. Beside a file, further files steer what happens to it: `NAME.off` makes it
unreachable, `NAME.moved` only for what is recorded of it, `NAME.broken` makes writing it fail,
`NAME.stuck` deleting it; `NAME.hold` makes either wait.
"""

import json
import time
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from mapinfra.errors import HostUnreachable
from mapinfra.resources.provider_process import is_provider_process, settle_in

DEADLINE = 30.0
KEPT = ("name", "text", "meets", "size", "place", "first")


class World:
    """The folder of live files, and the log of what was done to them."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def log(self, line: str) -> None:
        with (self.folder / "calls.log").open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")

    def reach(self, name: str) -> None:
        if (self.folder / f"{name}.off").exists():
            raise HostUnreachable("no answer", where=name, remedy="switch it on")

    def reach_as_recorded(self, name: str) -> None:
        if (self.folder / f"{name}.moved").exists():
            raise HostUnreachable("no answer at the old place", where=name)

    def read(self, name: str) -> str | None:
        self.reach(name)
        file = self.folder / name
        return file.read_text(encoding="utf-8") if file.exists() else None

    def write(self, name: str, text: str, meets: list[str]) -> None:
        self.reach(name)
        if (self.folder / f"{name}.broken").exists():
            raise RuntimeError(f"{name} broke\nin two lines")
        (self.folder / f"{name}.begun").touch()
        for other in meets:
            wait_until((self.folder / f"{other}.begun").exists)
        (self.folder / name).write_text(text, encoding="utf-8")
        self.wait_while_held(name)

    def wait_while_held(self, name: str) -> None:
        wait_until(lambda: not (self.folder / f"{name}.hold").exists())


def wait_until(condition: Any) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the condition never came true")
        time.sleep(0.01)


class FileProvider(ResourceProvider):
    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        if is_provider_process():
            settle_in()
        self.world = World(req.config.require("world"))
        self.world.log("configure")

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        if news.get("text") == "forbidden":
            return CheckResult(news, [CheckFailure("text", "is forbidden")])
        live = self.world.read(place(news))
        plan = [] if live == news["text"] else [f"{news['name']}: write {news['text']}"]
        return CheckResult({**news, "plan": plan}, [])

    def removal(self, props: dict[str, Any]) -> tuple[list[str], str]:
        there = self.world.read(place(props))
        return ([f"{props['name']}: remove it"], "") if there else ([], "it is gone")

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        if place(_olds) != place(_news):
            return DiffResult(None, ["place"], delete_before_replace=_news.get("first", False))
        return DiffResult(changes=None)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        self.world.reach_as_recorded(id_)
        text = self.world.read(id_)
        self.world.log(f"read {id_}")
        if text is None:
            return ReadResult("", {})
        inputs = {**kept(props), "text": text, "plan": []}
        return ReadResult(id_, {**props, "text": text}, inputs)

    def identity(self, props: dict[str, Any]) -> str:
        return str(place(props))

    def create(self, props: dict[str, Any]) -> CreateResult:
        self.world.log(f"create {place(props)}")
        self.world.write(place(props), props["text"], props.get("meets", []))
        return CreateResult(place(props), outputs(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        self.world.log(f"update {_id}")
        self.world.write(_id, _news["text"], _news.get("meets", []))
        return UpdateResult(outputs(_news))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        self.world.log(f"delete {_id}")
        pulumi.log.info(f"{_id}: step 1/1")
        self.world.reach(_id)
        self.world.wait_while_held(_id)
        if (self.world.folder / f"{_id}.stuck").exists():
            raise RuntimeError(f"{_id} can't be deleted")
        (self.world.folder / _id).unlink(missing_ok=True)  # a run that was killed got as far


class OtherFileProvider(FileProvider):
    """The same, by another name: as when the code of a provider has changed."""


def place(props: dict[str, Any]) -> Any:
    """Return where the file is: a file at another place is another file."""
    return props.get("place") or props["name"]


def outputs(props: dict[str, Any]) -> dict[str, Any]:
    return {**kept(props), "reason": "the file holds the text"}


def kept(props: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in props.items() if key in KEPT}


class File(Resource, module="test", name="File"):
    text: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        props: dict[str, Any],
        opts: pulumi.ResourceOptions | None = None,
        *,
        other: bool = False,
    ) -> None:
        provider = OtherFileProvider() if other else FileProvider()
        super().__init__(provider, name, {"name": name, **props}, opts)


class Folder(pulumi.ComponentResource):
    def __init__(self, name: str, label: str, type: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__(f"test:index:{type}", name, {"label": label}, opts)
        self.register_outputs({"label": label})


def main() -> None:
    """Make what `program.json` in the project's folder describes.

    `files` maps names to `{text, text_of, place, first, after, folder, size, meets,
    other, options}`, `folders` names to labels, `folder_options` names to options and
    perhaps a type, `exports` names to the file whose text is exported, `values` names to values.
    """
    spec = json.loads(Path("program.json").read_text(encoding="utf-8"))
    folders = {
        name: _folder(name, label, spec.get("folder_options", {}).get(name, {}))
        for name, label in spec.get("folders", {}).items()
    }
    files: dict[str, File] = {}
    for name, one in spec.get("files", {}).items():
        files[name] = _file(name, one, files, folders)
    for name, source in spec.get("exports", {}).items():
        pulumi.export(name, files[source].text)
    for name, value in spec.get("values", {}).items():
        pulumi.export(name, value)
    for key in spec.get("secret_exports", []):
        pulumi.export(key, pulumi.Config().require_secret(key))
    if "raise" in spec:
        raise ValueError(spec["raise"])


def _folder(name: str, label: str, found: dict[str, Any]) -> Folder:
    return Folder(name, label, found.pop("type", "Folder"), options(found))


def _file(
    name: str, one: dict[str, Any], files: dict[str, File], folders: dict[str, Folder]
) -> File:
    props = kept(one)
    if "text_of" in one:
        props["text"] = files[one["text_of"]].text
    opts = options(one.get("options", {}))
    opts.depends_on = [files[other] for other in one.get("after", [])]
    opts.parent = folders.get(one.get("folder", ""))
    return File(name, props, opts, other=one.get("other", False))


def options(found: dict[str, Any]) -> pulumi.ResourceOptions:
    """Make options of JSON; an alias is a URN, or the arguments of pulumi.Alias."""
    aliases = [
        one if isinstance(one, str) else pulumi.Alias(**one) for one in found.get("aliases", [])
    ]
    return pulumi.ResourceOptions(**{**found, "aliases": aliases})
