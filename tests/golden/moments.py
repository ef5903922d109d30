"""A stack of plain files at moments that the resources of a lab seldom or never come to.

Each moment is brought about in a sandbox by either engine, so that what one wrote then can be
compared with what the other writes.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mapinfra.engine.project.stacks import set_config
from mapinfra.engine.run.events import OperationKind
from tests.unit.engine.plainfiles import wait_until
from tests.unit.engine.sandbox import SECRET, Sandbox

Run = Callable[[Sandbox, OperationKind], object]
"""Runs an operation to its end, in which some resources may fail."""
Moment = Callable[[Sandbox, Run], bytes]

OPTIONS: dict[str, Any] = {
    "folders": {"f": "label"},
    "files": {
        "a": {"text": "x", "folder": "f", "options": {"protect": True, "retain_on_delete": True}},
        "b": {"text_of": "a", "after": ["a"], "size": {"port": 5758, "half": 0.5, "on": True}},
        "c": {"text": "y", "size": [1, None], "options": {"ignore_changes": ["size", "text"]}},
    },
    "exports": {"said": "b"},
    "values": {"port": 5758, "deep": {"list": [1, {"x": None}]}},
    "secret_exports": ["password"],
}
BEFORE: dict[str, Any] = {
    "folders": {"f": "label"},
    "files": {
        "a": {"text": "one", "folder": "f"},
        "b": {"text_of": "a"},
        "c": {"text": "c", "size": {"ports": [1, 2], "deep": {"x": "old"}}},
        "d": {"text": "d"},
        "r": {"text": "r", "place": "p"},
        "s": {"text": "s", "place": "t", "first": True},
        "u": {"text": "u"},
    },
    "exports": {"t": "b"},
    "secret_exports": ["password"],
}
AFTER: dict[str, Any] = {
    "folders": {"f": "other"},
    "files": {
        "a": {"text": "two", "folder": "f"},
        "b": {"text_of": "a"},
        "c": {"text": "c", "size": {"ports": [1, 3], "deep": {"y": "new"}}},
        "r": {"text": "r", "place": "p"},
        "s": {"text": "s", "place": "t", "first": True},
        "n": {"text": "n", "after": ["a"], "options": {"protect": True}},
        "u": {"text": "u"},
    },
    "exports": {"t": "b", "u": "n"},
    "secret_exports": ["password"],
}


def kind_of(entry: dict[str, Any]) -> str:
    """Return the kind of a run in the history, and whether it failed, in a word."""
    return f"{entry['kind']}-{entry['result']}"


def with_secret(sandbox: Sandbox) -> None:
    """Give the stack's config a secret value."""
    set_config(sandbox.project, "dev", sandbox.environment, "password", SECRET, secret=True)


def before_its_edit(sandbox: Sandbox, run: Run) -> bytes:
    """Bring a stack to where each kind of step is to be taken next."""
    with_secret(sandbox)
    sandbox.program(**BEFORE)
    run(sandbox, "update")
    sandbox.program(**AFTER)
    return sandbox.state_file.read_bytes()


def _with_options(sandbox: Sandbox, run: Run) -> bytes:
    """With each option that the state keeps."""
    with_secret(sandbox)
    sandbox.program(**OPTIONS)
    run(sandbox, "update")
    return sandbox.state_file.read_bytes()


def _refreshed(sandbox: Sandbox, run: Run) -> bytes:
    """Drifted, which was taken into the state."""
    sandbox.files(a="one", b="two")
    run(sandbox, "update")
    (sandbox.world / "a").write_text("by hand")
    (sandbox.world / "b").unlink()
    run(sandbox, "refresh")
    return sandbox.state_file.read_bytes()


def _destroyed(sandbox: Sandbox, run: Run) -> bytes:
    sandbox.files(a="one")
    run(sandbox, "update")
    run(sandbox, "destroy")
    return sandbox.state_file.read_bytes()


def _failed(sandbox: Sandbox, run: Run) -> bytes:
    """Run with one resource that failed."""
    sandbox.files(a="one", b="two")
    run(sandbox, "update")
    sandbox.steer("a.broken")
    sandbox.files(a="three", b="four")
    run(sandbox, "update")
    return sandbox.state_file.read_bytes()


def _creating(sandbox: Sandbox, run: Run) -> bytes:
    sandbox.program(files={"a": {"text": "one"}, "b": {"text": "two", "after": ["a"]}})
    return _held(sandbox, run, "create b")


def _updating(sandbox: Sandbox, run: Run) -> bytes:
    sandbox.files(a="one", b="two")
    run(sandbox, "update")
    sandbox.files(a="one", b="three")
    return _held(sandbox, run, "update b")


def _deleting(sandbox: Sandbox, run: Run) -> bytes:
    sandbox.files(a="one", b="two")
    run(sandbox, "update")
    sandbox.files(a="one")
    return _held(sandbox, run, "delete b")


def _held(sandbox: Sandbox, run: Run, step: str) -> bytes:
    """Return the state while a step is under way."""
    sandbox.calls()
    sandbox.steer("b.hold")
    log = sandbox.world / "calls.log"
    with _beside(run, sandbox):
        wait_until(lambda: log.exists() and step in log.read_text().splitlines())
        found = sandbox.state_file.read_bytes()
        sandbox.steer("b.hold", on=False)
    return found


@contextmanager
def _beside(run: Run, sandbox: Sandbox) -> Iterator[None]:
    process = multiprocessing.get_context("fork").Process(target=run, args=(sandbox, "update"))
    process.start()
    try:
        yield
    finally:
        process.join()


MOMENTS: Mapping[str, Moment] = {
    "before-its-edit": before_its_edit,
    "options": _with_options,
    "refreshed": _refreshed,
    "destroyed": _destroyed,
    "failed": _failed,
    "creating": _creating,
    "updating": _updating,
    "deleting": _deleting,
}
