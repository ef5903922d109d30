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

from mapinfra.engine.checkpoint import parse, render
from mapinfra.engine.edits import forget
from mapinfra.engine.lock import held, remove
from mapinfra.engine.run import Stack
from mapinfra.engine.secrets import Keyring
from mapinfra.engine.snapshot import Snapshot
from mapinfra.engine.stacks import lock_holders, open_stack, set_config
from mapinfra.errors import StackLocked
from tests.golden import FOLDER, HOST, PASSPHRASE, SECRET, SECRET_KEY, STACK, recordings
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


def read(file: Path, keyring: Keyring) -> Snapshot:
    return parse(file.read_bytes(), str(file), lambda salt: keyring.crypter(salt).decrypt)


@of_each
def test_each_copy_of_the_state_is_read_and_written_again_the_same(recording: Path) -> None:
    """Key for key in the same order, all but who wrote it when, and what is encrypted anew."""
    keyring = Keyring(PASSPHRASE)
    for file in states(recording):
        snapshot = read(file, keyring)
        crypter = keyring.crypter(snapshot.salt)
        written = render(f"organization/mapinfra/{STACK}", snapshot, crypter.encrypt)
        assert comparable(written) == comparable(file.read_bytes()), file.name


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
    clear = stack.config.in_clear(stack.keyring.crypter(stack.config.salt))
    assert clear.values[SECRET_KEY] == SECRET
    snapshot = read(stack.files.state, stack.keyring)
    (provider,) = (one for one in snapshot.resources if one.urn.endswith("::default"))
    assert provider.inputs[SECRET_KEY].value == SECRET
    files = [one for one in folder.rglob("*") if one.is_file()]
    assert len(files) == 9
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
    remove(holder)
    assert [label.rpartition("::")[2] for label in forget(stack, "paris")]


@of_each
def test_a_recorded_stack_is_continued(
    recording: Path, opened: Callable[[Path], tuple[Stack, Path]]
) -> None:
    stack, folder = opened(recording)
    for holder in lock_holders(folder, STACK, variables(folder)):
        remove(holder)
    before = read(stack.files.state, stack.keyring)
    old = stack.files.state.read_bytes()
    gone = forget(stack, "paris")
    after = read(stack.files.state, stack.keyring)
    kept = [one for one in before.resources if one.urn not in gone]
    assert 0 < len(kept) < len(before.resources)
    assert list(after.resources) == kept
    assert stack.files.state.with_name(f"{STACK}.json.bak").read_bytes() == old


def test_history_and_lock_have_the_shape_of_the_cli_s(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    taken: list[Any] = []
    with held(sandbox.locks, "dev"):
        taken += [json.loads(one.read_text()) for one in sandbox.locks.iterdir()]
    sandbox.up()
    (history,) = sandbox.backend.rglob("*.history.json")
    (theirs,) = (BY_PULUMI / "backend").rglob("*.history.json")
    assert shape(json.loads(history.read_text())) == shape(json.loads(theirs.read_text()))
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
