"""The file backend: its layout, locks and history, and what is wrong with it told in one line."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mapinfra.engine.project.stacks import init_stack, lock_holders, open_stack
from mapinfra.engine.state.backend import NoSuchStack, StackFiles, stack_files
from mapinfra.engine.state.files import write_atomically
from mapinfra.engine.state.lock import remove_lock
from mapinfra.errors import MapinfraError, StackLocked, StateError
from tests.unit.engine.sandbox import SECRET, Sandbox


def test_a_run_leaves_history_backup_bak_and_no_lock(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    root = sandbox.backend / ".pulumi"
    assert (root / "meta.yaml").read_text() == "version: 1\n"
    assert sandbox.state_file.with_name("dev.json.bak").is_file()
    (history,) = (root / "history" / "sandbox" / "dev").glob("dev-*.history.json")
    entry = json.loads(history.read_text())
    assert (entry["kind"], entry["result"]) == ("update", "succeeded")
    assert entry["resourceChanges"] == {"create": 2}
    copy = history.with_name(history.name.replace(".history.", ".checkpoint."))
    assert copy.read_bytes() == sandbox.state_file.read_bytes()
    (backup,) = (root / "backups" / "sandbox" / "dev").glob("dev.*.json")
    assert backup.read_bytes() == sandbox.state_file.read_bytes()
    assert list(sandbox.locks.iterdir()) == []


def test_secrets_are_encrypted_in_state_and_history(sandbox: Sandbox) -> None:
    stack = open_stack(sandbox.project, "dev", sandbox.environment)
    secure = stack.crypters.crypter(stack.config.salt).encrypt(SECRET)
    sandbox.configure({"world": str(sandbox.world)}, {"password": secure})
    sandbox.program(files={"a": {"text": "one"}}, secret_exports=["password"])
    done = sandbox.up()
    assert "password" in done.summary.outputs
    sandbox.up()
    for file in sandbox.backend.rglob("*"):
        assert not file.is_file() or SECRET not in file.read_text()
    assert SECRET not in repr(done)
    assert not sandbox.preview().summary.output_changes


def lock(sandbox: Sandbox, **content: object) -> Path:
    known = {"pid": 4711, "username": "eve", "hostname": "elsewhere", "timestamp": "2026-01-01"}
    file = sandbox.locks / "0b5e.json"
    write_atomically(file, json.dumps(known | content).encode())
    return file


def test_a_locked_stack_says_who_holds_it_since_when_and_what_to_do(sandbox: Sandbox) -> None:
    lock(sandbox)
    sandbox.files(a="one")
    with pytest.raises(StackLocked) as caught:
        sandbox.up()
    assert str(caught.value) == (
        "stack dev: locked by eve@elsewhere (pid 4711) since 2026-01-01; "
        "wait for that run to end; if it's gone: mapinfra cancel --stack dev"
    )
    assert sandbox.live() == {}
    assert sandbox.preview().summary.succeeded


def test_a_removed_lock_holds_no_run_up(sandbox: Sandbox) -> None:
    file = lock(sandbox)
    file.with_name(f"{file.name}.attrs").touch()
    (holder,) = lock_holders(sandbox.project, "dev", sandbox.environment)
    assert str(holder) == "eve@elsewhere (pid 4711) since 2026-01-01"
    remove_lock(holder)
    assert list(sandbox.locks.iterdir()) == []
    assert sandbox.up().summary.succeeded


def test_a_lock_of_pulumi_is_never_taken_for_dead(sandbox: Sandbox) -> None:
    lock(sandbox, hostname=socket.gethostname(), pid=2**22 - 1)
    with pytest.raises(StackLocked):
        sandbox.up()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"pid": "x"}'])
def test_a_lock_that_makes_no_sense_still_locks(sandbox: Sandbox, content: bytes) -> None:
    write_atomically(sandbox.locks / "x.json", content)
    with pytest.raises(StackLocked, match="mapinfra cancel"):
        sandbox.up()


def test_the_lock_of_a_killed_run_on_this_machine_is_dead(sandbox: Sandbox) -> None:
    """A child takes the lock and is killed; one that lives holds it."""
    program = (
        "import sys, time, pathlib; from mapinfra.engine.state.lock import held\n"
        "with held(pathlib.Path(sys.argv[1]), 'dev'):\n    print('held', flush=True); input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(sandbox.locks)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(StackLocked, match=f"pid {child.pid}"):
            sandbox.up()
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
        (holder,) = lock_holders(sandbox.project, "dev", sandbox.environment)
        assert holder.dead
        child.wait()
    assert len(list(sandbox.locks.iterdir())) == 1
    assert sandbox.up().summary.succeeded


def test_a_state_cut_in_half_is_told_and_never_overwritten(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    half = sandbox.state_file.read_bytes()[:-300]
    sandbox.state_file.write_bytes(half)
    bak = sandbox.state_file.with_name("dev.json.bak").read_bytes()
    with pytest.raises(StateError, match=r"dev\.json: is damaged: .*\.bak file beside it"):
        sandbox.up()
    assert sandbox.state_file.read_bytes() == half
    assert sandbox.state_file.with_name("dev.json.bak").read_bytes() == bak


def test_an_unknown_stack_says_how_to_make_it(sandbox: Sandbox) -> None:
    with pytest.raises(NoSuchStack, match="mapinfra stack init nope"):
        open_stack(sandbox.project, "nope", sandbox.environment)


def test_a_stack_is_made_once_and_keeps_a_config_that_is_there(sandbox: Sandbox) -> None:
    config = sandbox.project / "stacks" / "Pulumi.new.yaml"
    config.write_text("# a comment\nconfig:\n  sandbox:world: /x\n")
    init_stack(sandbox.project, "new", sandbox.environment)
    kept, _, salt = config.read_text().partition("encryptionsalt: ")
    assert kept == "# a comment\nconfig:\n  sandbox:world: /x\n"
    assert salt.startswith("v1:")
    assert open_stack(sandbox.project, "new", sandbox.environment).config.raw == {
        "sandbox:world": "/x"
    }
    before = config.read_bytes()
    with pytest.raises(StateError, match="stack new: is there already"):
        init_stack(sandbox.project, "new", sandbox.environment)
    assert config.read_bytes() == before


def test_a_stack_whose_making_was_cut_off_is_made_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(StackFiles, "create", crash)
        with pytest.raises(KeyboardInterrupt):
            init_stack(sandbox.project, "new", sandbox.environment)
    config = sandbox.project / "stacks" / "Pulumi.new.yaml"
    before = config.read_text()
    init_stack(sandbox.project, "new", sandbox.environment)
    assert config.read_text() == before
    assert open_stack(sandbox.project, "new", sandbox.environment).config.salt in before


@pytest.mark.parametrize("left", ["", "config:\n  sandbox:world: /x\n"])
def test_a_state_without_a_config_gets_the_salt_of_its_state(sandbox: Sandbox, left: str) -> None:
    salt = open_stack(sandbox.project, "dev", sandbox.environment).config.salt
    state = sandbox.state_file.read_bytes()
    sandbox.config_file.unlink()
    if left:
        sandbox.config_file.write_text(left)
    init_stack(sandbox.project, "dev", sandbox.environment)
    assert sandbox.config_file.read_text() == f"{left}encryptionsalt: {salt}\n"
    assert sandbox.state_file.read_bytes() == state


def test_a_wrong_passphrase_is_told_before_anything_is_read(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.environment["PULUMI_CONFIG_PASSPHRASE"] = "wrong"
    with pytest.raises(StateError, match="the passphrase is wrong for this stack"):
        sandbox.up()
    assert sandbox.calls() == []
    assert list(sandbox.locks.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "PULUMI_BACKEND_URL: is not set"),
        ("s3://bucket", "s3 backends need the Pulumi CLI"),
        ("https://api.pulumi.com", "https backends need the Pulumi CLI"),
        ("file:///nowhere/at-all", "there is no folder /nowhere/at-all; mkdir -p"),
    ],
)
def test_a_backend_that_is_not_a_folder_is_told(sandbox: Sandbox, url: str, told: str) -> None:
    with pytest.raises(StateError, match=told):
        stack_files({"PULUMI_BACKEND_URL": url}, "sandbox", "dev")


def test_the_backend_folder_may_start_at_home(tmp_path: Path) -> None:
    environment = {"PULUMI_BACKEND_URL": "file://~", "HOME": str(tmp_path)}
    assert stack_files(environment, "p", "s").root == tmp_path / ".pulumi"


def test_a_compressed_state_is_left_to_the_cli(sandbox: Sandbox) -> None:
    sandbox.state_file.rename(sandbox.state_file.with_name("dev.json.gz"))
    with pytest.raises(StateError, match="the state is compressed"):
        open_stack(sandbox.project, "dev", sandbox.environment)


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("Pulumi.yaml", "name: [", r"Pulumi\.yaml:1: isn't YAML"),
        ("Pulumi.yaml", "text", r"Pulumi\.yaml: isn't a mapping"),
        ("Pulumi.yaml", "name: x\nruntime: nodejs\n", r"`runtime: python`"),
        ("Pulumi.yaml", "name: sandbox\nruntime: python\nplugins: {a: b}\n", "`plugins` isn't"),
        ("stacks/Pulumi.dev.yaml", "environment: [x]\n", "`environment` isn't supported"),
        ("stacks/Pulumi.dev.yaml", "config: []\nencryptionsalt: 1\n", "must be a mapping"),
        ("stacks/Pulumi.dev.yaml", "\xff", "not UTF-8"),
    ],
)
def test_what_is_wrong_with_the_project_is_told_with_its_file(
    sandbox: Sandbox, file: str, content: str, told: str
) -> None:
    (sandbox.project / file).write_bytes(content.encode("latin-1"))
    if not file.startswith("stacks"):
        sandbox.config_file.rename(sandbox.project / "Pulumi.dev.yaml")
    with pytest.raises(MapinfraError, match=told):
        open_stack(sandbox.project, "dev", sandbox.environment)


def test_a_missing_project_and_a_missing_config_are_told(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(MapinfraError, match=r"no Pulumi\.yaml in this folder or above it"):
        open_stack(tmp_path, "dev", sandbox.environment)
    sandbox.config_file.unlink()
    with pytest.raises(MapinfraError, match=r"Pulumi\.dev\.yaml: the stack's config is missing"):
        open_stack(sandbox.project, "dev", sandbox.environment)


def test_config_values_reach_the_program_as_texts(sandbox: Sandbox) -> None:
    salt = sandbox.config_file.read_text().splitlines()[0]
    sandbox.config_file.write_text(
        f"{salt}\nconfig:\n  sandbox:n: 5\n  flag: true\n  o: {{b: 1, a: [1], 2: x}}\n"
        "  d: '2026-01-02'\n  e:\n"
    )
    stack = open_stack(sandbox.project, "dev", sandbox.environment)
    clear = stack.config.in_clear(stack.crypters.crypter(stack.config.salt))
    assert clear.values == {
        "sandbox:n": "5",
        "sandbox:flag": "true",
        "sandbox:o": '{"2":"x","a":[1],"b":1}',
        "sandbox:d": "2026-01-02",
        "sandbox:e": "",
    }


def test_a_crash_while_writing_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "state"
    write_atomically(file, b"old")

    def crash(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(StateError, match=r"state: can't be written \(No space left on device\)"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["state"]


def test_a_file_keeps_its_mode_its_owner_and_the_link_to_it(tmp_path: Path) -> None:
    file, link = tmp_path / "kept" / "file", tmp_path / "link"
    write_atomically(file, b"old")
    file.chmod(0o640)
    if os.getuid() == 0:  # nobody else can give a file away
        os.chown(file, 12345, 54321)
    before = file.stat()
    link.symlink_to(file)
    write_atomically(link, b"new")
    after = file.stat()
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
