"""Files that the Pulumi CLI, and released versions of mapinfra, have written: read and continued.

They hold the format where no CLI is at hand. How they were made: `tests/golden`.
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.dynamic import Resource

from mapinfra.engine.plans.saved import SavedPlan
from mapinfra.engine.project.edits import forget
from mapinfra.engine.project.stack import Stack
from mapinfra.engine.project.stacks import lock_holders, open_stack, set_config
from mapinfra.engine.state.checkpoint import parse, render, resource_out
from mapinfra.engine.state.format import FORMAT
from mapinfra.engine.state.lock import held, remove_lock
from mapinfra.engine.state.passphrase import Crypters
from mapinfra.engine.state.snapshot import Snapshot
from mapinfra.errors import MapinfraError, StackLocked
from mapinfra.resources import types
from tests.golden import (
    FOLDER,
    HOST,
    PASSPHRASE,
    SECRET,
    SECRET_KEY,
    STACK,
    expect_replaceable,
    recordings,
    state_file,
)
from tests.unit.engine.sandbox import Sandbox

BY_PULUMI = FOLDER / "pulumi"
CIPHERTEXT = re.compile(r"v1:[\w+/]{16}:[\w+/]+=*")

of_each = pytest.mark.parametrize("recording", recordings(), ids=lambda one: one.name)


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[Path], tuple[Stack, Path]]:
    """Return a function that opens a recorded stack in a folder of its own."""

    def open_recorded(recording: Path) -> tuple[Stack, Path]:
        folder = tmp_path / recording.name
        (folder / "stacks").mkdir(parents=True)
        shutil.copy(Path(__file__).parents[3] / "Pulumi.yaml", folder)
        shutil.copy(recording / f"Pulumi.{STACK}.yaml", folder / "stacks")
        shutil.copytree(recording / "backend", folder / "state" / ".pulumi")
        return open_stack(folder, STACK, variables(folder)), folder

    return open_recorded


def variables(folder: Path) -> dict[str, str]:
    return {
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
    }


def states(recording: Path) -> list[Path]:
    """Return every copy of the state: the last, the one before, in history and backups."""
    found = [
        *recording.glob("backend/stacks/*/*"),
        *recording.glob("backend/history/*/*/*.checkpoint.json"),
        *recording.glob("backend/backups/*/*/*"),
    ]
    assert len(found) == 4
    return found


def read(file: Path, keyring: Crypters) -> Snapshot:
    return parse(file.read_bytes(), str(file), lambda salt: keyring.crypter(salt).decrypt)


@of_each
def test_each_copy_of_the_state_is_read_and_written_again_the_same(recording: Path) -> None:
    """Key for key in the same order, all but who wrote it when, and what is encrypted anew."""
    keyring = Crypters(PASSPHRASE)
    for file in states(recording):
        snapshot = read(file, keyring)
        crypter = keyring.crypter(snapshot.salt)
        written = render(f"organization/mapinfra/{STACK}", snapshot, crypter.encrypt)
        assert comparable(written) == comparable(file.read_bytes()), file.name


@of_each
def test_each_type_of_resource_is_in_it(recording: Path) -> None:
    snapshot = read(state_file(recording), Crypters(PASSPHRASE))
    preview = json.loads((recording / "preview.json").read_bytes())
    expected = {
        f"pulumi-python:dynamic/mapinfra:{name}"
        for name, one in vars(types).items()
        if isinstance(one, type) and issubclass(one, Resource) and one is not Resource
        if not name.startswith("_")
    }
    expected |= {f"mapinfra:index:{one}" for one in ("CentralServer", "RemoteServer")}
    assert {one.type for one in snapshot.resources if "mapinfra:" in one.type} == expected
    made = {step["newState"]["type"] for step in preview["steps"] if step["op"] == "create"}
    assert made >= expected


@of_each
def test_a_recorded_plan_is_read_or_refused_when_it_is_in_pulumi_s_format(
    recording: Path, opened: Callable[[Path], tuple[Stack, Path]]
) -> None:
    """As those of 0.1.0 were."""
    stack, _ = opened(recording)
    for file in recording.glob("plan*.json"):
        if "resourcePlans" in json.loads(file.read_bytes()):
            with pytest.raises(MapinfraError, match="isn't a plan of this stack: version: "):
                SavedPlan(stack, file)
        else:
            assert list(SavedPlan(stack, file).misfits({}))


@of_each
def test_each_preview_has_its_resources_in_the_shape_of_the_state(recording: Path) -> None:
    previews = [json.loads(one.read_bytes()) for one in recording.glob("preview*.json")]
    shown = [
        without_needs(step[key])
        for preview in previews
        for step in preview["steps"]
        for key in ("oldState", "newState")
        if key in step
    ]
    for one in shown:
        latest = {"manifest": {}, "resources": [one]}
        content = json.dumps({"version": FORMAT, "checkpoint": {"latest": latest}}).encode()
        (found,) = parse(content, "a preview", lambda _salt: str).resources
        assert list(resource_out(found).items()) == list(one.items())
    assert {one["type"].rpartition(":")[2] for one in shown} >= {"MapInstallation", "TopologyFlag"}


def without_needs(one: dict[str, Any]) -> dict[str, Any]:
    """Return a resource without what must stand before it in a state."""
    needs = ("parent", "dependencies", "propertyDependencies", "deletedWith")
    return {key: value for key, value in one.items() if key not in needs}


@of_each
def test_the_runs_of_its_life_are_in_its_history(recording: Path) -> None:
    files = sorted(recording.rglob("*.history.json"))
    entries = [json.loads(one.read_bytes()) for one in files]
    assert [one["kind"] for one in entries] == ["update", "refresh", "update", "destroy", "update"]
    assert len({tuple(shape(one).items()) for one in entries}) == 1


def test_a_recording_is_made_anew_only_by_its_own_version(tmp_path: Path) -> None:
    file = state_file(tmp_path / "mapinfra-1.0")
    file.parent.mkdir(parents=True)
    latest = {"manifest": {"version": "mapinfra-1.0"}}
    file.write_text(json.dumps({"checkpoint": {"latest": latest}}))
    expect_replaceable(tmp_path / "mapinfra-1.0", "1.0", "1.0")
    expect_replaceable(tmp_path / "mapinfra-1.1", "1.1", "1.1")
    with pytest.raises(SystemExit, match=r"pyproject.toml says 1.1, and 1.0 is installed"):
        expect_replaceable(tmp_path / "mapinfra-1.0", "1.0", "1.1")
    with pytest.raises(SystemExit, match=r"was written by mapinfra-1.0"):
        expect_replaceable(tmp_path / "mapinfra-1.0", "1.1", "1.1")


def comparable(state: bytes) -> str:
    """Return a state as text, with what each writer makes anew put out."""
    found = json.loads(state)
    manifest = found["checkpoint"]["latest"]["manifest"]
    assert list(manifest) == ["time", "magic", "version"]
    found["checkpoint"]["latest"]["manifest"] = sorted(manifest)
    found["checkpoint"]["latest"].setdefault("metadata", {})
    for one in found["checkpoint"]["latest"].get("resources", []):
        one["propertyDependencies"] = {
            key: urns for key, urns in one.get("propertyDependencies", {}).items() if urns
        }
    salt = found["checkpoint"]["latest"]["secrets_providers"]["state"].pop("salt")
    assert salt.startswith("v1:")
    return CIPHERTEXT.sub("v1:…", json.dumps(found, indent=1))


@of_each
def test_the_secret_of_the_config_is_read_in_config_and_state(
    recording: Path, opened: Callable[[Path], tuple[Stack, Path]]
) -> None:
    stack, folder = opened(recording)
    clear = stack.config.in_clear(stack.crypters.crypter(stack.config.salt))
    assert clear.values[SECRET_KEY] == SECRET
    snapshot = read(stack.files.state, stack.crypters)
    (provider,) = (one for one in snapshot.resources if one.urn.endswith("::default"))
    assert provider.inputs[SECRET_KEY].value == SECRET
    files = [one for one in (*folder.rglob("*"), *recording.rglob("*")) if one.is_file()]
    assert not [one for one in files if SECRET in one.read_text()]


@of_each
def test_a_value_set_in_the_config_leaves_the_others_as_they_were_written(
    recording: Path, opened: Callable[[Path], tuple[Stack, Path]]
) -> None:
    _, folder = opened(recording)
    file = folder / "stacks" / f"Pulumi.{STACK}.yaml"
    before = file.read_text()
    set_config(folder, STACK, variables(folder), "more", "x", secret=False)
    assert yaml.safe_load(file.read_text())["config"].pop("mapinfra:more") == "x"
    assert file.read_text() == f"{before}  mapinfra:more: x\n"


@of_each
def test_the_lock_of_a_run_says_who_and_since_when_until_it_is_cancelled(
    recording: Path, opened: Callable[[Path], tuple[Stack, Path]]
) -> None:
    stack, folder = opened(recording)
    with pytest.raises(StackLocked, match=rf"root@{HOST} \(pid 4711\) since 20\d\d-"):
        forget(stack, "paris")
    (holder,) = lock_holders(folder, STACK, variables(folder))
    assert not holder.dead
    remove_lock(holder)
    assert [label.rpartition("::")[2] for label in forget(stack, "paris")]


@of_each
def test_a_recorded_stack_is_continued(
    recording: Path, opened: Callable[[Path], tuple[Stack, Path]]
) -> None:
    stack, folder = opened(recording)
    for holder in lock_holders(folder, STACK, variables(folder)):
        remove_lock(holder)
    before = read(stack.files.state, stack.crypters)
    old = stack.files.state.read_bytes()
    gone = forget(stack, "paris")
    after = read(stack.files.state, stack.crypters)
    kept = [one for one in before.resources if one.urn not in gone]
    assert 0 < len(kept) < len(before.resources)
    assert list(after.resources) == kept
    assert stack.files.state.with_name(f"{STACK}.json.bak").read_bytes() == old


def test_a_lock_has_the_shape_of_the_cli_s(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    taken: list[Any] = []
    with held(sandbox.locks, "dev"):
        taken += [json.loads(one.read_text()) for one in sandbox.locks.iterdir()]
    (lock,) = (BY_PULUMI / "backend").rglob("lock.json")
    (ours,) = map(shape, taken)
    assert ours.pop("process") == "str"
    assert ours == shape(json.loads(lock.read_text()))


def shape(found: dict[str, Any]) -> dict[str, str]:
    return {key: type(value).__name__ for key, value in found.items()}


def test_files_are_named_and_placed_as_the_cli_s(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    ours = sandbox.backend / ".pulumi"
    assert placed(ours, "sandbox", "dev") == {
        one for one in placed(BY_PULUMI / "backend", "mapinfra", "lab") if "lock" not in one
    }


def placed(root: Path, project: str, stack: str) -> set[str]:
    names = [str(one.relative_to(root)) for one in root.rglob("*") if one.is_file()]
    plain = [re.sub(rf"\b{stack}\b", "STACK", one.replace(project, "PROJECT")) for one in names]
    return {re.sub(r"\d{19}", "NANOSECONDS", one) for one in plain}
