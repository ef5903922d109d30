"""The commands: what they print, where, and how they end."""

import json
import os
import subprocess

import pytest

from tests.marks import needs_pulumi
from tests.unit.cli.conftest import Command
from tests.unit.engine.sandbox import SECRET, Sandbox


def test_a_preview_begins_with_its_summary_and_shows_only_changes(
    sandbox: Sandbox, command: Command
) -> None:
    sandbox.program(
        files={
            "keep": {"text": "same"},
            "port": {"text": "x", "size": {"Centreon-Map": {"port": 5760}}},
        }
    )
    command("up", "-s", "dev", "-y")
    sandbox.program(
        files={
            "keep": {"text": "same"},
            "new": {"text": "n"},
            "port": {"text": "y", "size": {"Centreon-Map": {"port": 5758}}},
        }
    )
    code, out, _ = command("preview", "-s", "dev")
    assert code == 0
    assert out == (
        "dev: 1 to create, 1 to update, 1 unchanged\n"
        "  + new (test:File)\n"
        "      1. new: write n\n"
        "  ~ port (test:File)\n"
        "      size.Centreon-Map.port: 5760 → 5758\n"
        '      text: "x" → "y"\n'
        "      1. port: write y\n"
    )


def test_what_the_state_only_forgets_is_not_called_deleted(
    sandbox: Sandbox, command: Command
) -> None:
    sandbox.program(files={"a": {"text": "x", "options": {"retain_on_delete": True}}})
    command("up", "-s", "dev", "-y")
    sandbox.files()
    told = "      a is left as it is: retain_on_delete\n"
    assert command("preview", "-s", "dev")[1] == f"dev: 1 to forget\n  - a (test:File)\n{told}"
    done = command("up", "-s", "dev", "-y")[1]
    assert done == f"dev: 1 forgotten\n  - a (test:File) forgotten\n{told}"


def test_diff_adds_inputs_of_what_is_new_and_reasons_of_what_is_unchanged(
    sandbox: Sandbox, command: Command
) -> None:
    sandbox.files(a="one")
    command("up", "-s", "dev", "-y")
    sandbox.program(files={"a": {"text": "one"}, "b": {"text": "t", "size": {"x": {"y": 1}}}})
    _, out, _ = command("preview", "-s", "dev", "--diff")
    assert out == (
        "dev: 1 to create, 1 unchanged\n"
        "    a (test:File): the file holds the text\n"
        "  + b (test:File)\n"
        '      name: "b"\n'
        "      size.x.y: 1\n"
        '      text: "t"\n'
        "      1. b: write t\n"
    )


def test_up_prints_results_on_stdout_and_progress_on_stderr(
    sandbox: Sandbox, command: Command
) -> None:
    sandbox.program(files={"a": {"text": "one"}}, exports={"said": "a"})
    code, out, err = command("up", "-s", "dev", "-y")
    assert code == 0
    head, *lines = out.splitlines()
    assert head == "dev: 1 created"
    assert lines == [
        "  + a (test:File) created",
        "      1. a: write one",
        "outputs",
        '  + said: "one"',
    ]
    assert err.splitlines() == ["creating a (test:File)", "creating a (test:File): done"]
    code, out, err = command("up", "-s", "dev", "-y")
    assert (code, err) == (0, "")
    assert out == "dev: 1 unchanged\n"


def test_failures_end_with_code_1_and_a_line_each(sandbox: Sandbox, command: Command) -> None:
    sandbox.program(files={"a": {"text": "one"}, "b": {"text_of": "a"}, "c": {"text": "x"}})
    sandbox.steer("a.off")
    code, out, err = command("up", "-s", "dev", "-y")
    assert code == 1
    assert out.splitlines()[0] == "dev: 1 created, 1 failed, 1 skipped"
    assert "  ! a (test:File): a: no answer; switch it on\n" in out
    assert "  . b (test:File) skipped: waits for a (test:File)\n" in out
    assert err.endswith("error: 1 failed, 1 skipped\n")
    assert "Traceback" not in out + err


def test_expected_no_changes_end_with_code_7_when_there_are(
    sandbox: Sandbox, command: Command
) -> None:
    sandbox.files(a="one")
    assert command("preview", "-s", "dev", "--expect-no-changes")[0] == 7
    assert command("up", "-s", "dev", "-y")[0] == 0
    assert command("preview", "-s", "dev", "--expect-no-changes")[0] == 0
    assert command("up", "-s", "dev", "-y", "--expect-no-changes")[0] == 0


def test_json_has_the_shape_of_pulumi_s_and_nothing_else_on_stdout(
    sandbox: Sandbox, command: Command
) -> None:
    sandbox.program(files={"a": {"text": "one", "size": {"a-b": 2}}, "off": {"text": "x"}})
    command("up", "-s", "dev", "-y")
    (sandbox.world / "a").write_text("by hand")
    sandbox.program(files={"a": {"text": "one", "size": {"a-b": 1}}, "off": {"text": "x"}})
    sandbox.steer("off.off")
    code, out, _ = command("preview", "-s", "dev", "--json")
    assert code == 1
    found = json.loads(out)
    assert found["config"] == {"sandbox:world": str(sandbox.world)}
    assert found["changeSummary"] == {"same": 1, "update": 1}
    assert found["duration"] > 0
    (step,) = (one for one in found["steps"] if one["op"] == "update")
    assert step["urn"].endswith("::a")
    assert step["oldState"]["inputs"]["text"] == "by hand"
    assert step["newState"]["inputs"]["size"] == {"a-b": 1}
    assert step["detailedDiff"] == {
        "plan[0]": {"kind": "add", "inputDiff": True},
        'size["a-b"]': {"kind": "update", "inputDiff": True},
        "text": {"kind": "update", "inputDiff": True},
    }
    assert step["diffReasons"] == ["plan", "size", "text"]
    (same,) = (one for one in found["steps"] if one["op"] == "same")
    assert (same["detailedDiff"], "diffReasons" in same) == (None, False)
    (diagnostic,) = found["diagnostics"]
    assert diagnostic["message"] == "off: no answer; switch it on"


def test_secrets_are_never_printed(sandbox: Sandbox, command: Command) -> None:
    from mapinfra.engine.project.stacks import open_stack

    stack = open_stack(sandbox.project, "dev", sandbox.environment)
    secure = stack.crypters.crypter(stack.config.salt).encrypt(SECRET)
    sandbox.configure({"world": str(sandbox.world)}, {"password": secure})
    sandbox.program(files={"a": {"text": "one"}}, secret_exports=["password"])
    for arguments in (["preview"], ["preview", "--json"], ["up", "-y", "--diff"]):
        code, out, err = command(*arguments, "-s", "dev")
        assert code == 0
        assert SECRET not in out + err
        assert "[secret]" in out


def test_refresh_shows_what_changed_on_the_hosts(sandbox: Sandbox, command: Command) -> None:
    sandbox.files(a="one", b="two")
    command("up", "-s", "dev", "-y")
    (sandbox.world / "a").write_text("by hand")
    (sandbox.world / "b").unlink()
    assert "  + b (test:File), was gone from the host\n" in command("preview", "-s", "dev")[1]
    code, out, _ = command("refresh", "-s", "dev", "-y")
    assert code == 0
    head, *lines = out.splitlines()
    assert head == "dev: 1 changed on the host, 1 gone from the host"
    assert lines == [
        "  ~ a (test:File) changed on the host",
        '      text: "one" → "by hand"',
        "  - b (test:File) gone from the host",
    ]
    assert command("refresh", "-s", "dev", "-y")[1] == "dev: no drift\n"


def test_destroy_shows_what_it_deleted(sandbox: Sandbox, command: Command) -> None:
    sandbox.program(files={"a": {"text": "one"}}, exports={"said": "a"})
    command("up", "-s", "dev", "-y")
    code, out, _ = command("destroy", "-s", "dev", "-y")
    assert code == 0
    head, *lines = out.splitlines()
    assert head == "destroy of dev: 1 deleted"
    assert lines == [
        "  - a (test:File) deleted",
        "      1. a: remove it",
        "outputs",
        '  - said: "one" → (none)',
    ]


@pytest.mark.parametrize("verb", ["up", "refresh", "destroy"])
def test_without_a_terminal_yes_is_needed(sandbox: Sandbox, command: Command, verb: str) -> None:
    sandbox.files(a="one")
    code, out, err = command(verb, "-s", "dev")
    assert (code, out) == (2, "")
    assert "add --yes to run without asking" in err
    assert sandbox.live() == {}


@pytest.mark.parametrize("verb", ["up", "refresh", "destroy"])
def test_preview_only_shows_and_changes_nothing(
    sandbox: Sandbox, command: Command, verb: str
) -> None:
    sandbox.files(a="one")
    command("up", "-s", "dev", "-y")
    (sandbox.world / "a").write_text("by hand")
    before = sandbox.state_file.read_bytes()
    ended, out, _ = command(verb, "-s", "dev", "--preview-only", "--expect-no-changes")
    assert ended == 7
    assert "a (test:File)" in out
    assert sandbox.state_file.read_bytes() == before
    assert sandbox.live() == {"a": "by hand"}


def test_an_unknown_stack_ends_with_code_6(command: Command) -> None:
    code, _, err = command("up", "-s", "nope", "-y")
    assert code == 6
    assert err.startswith("error: no stack named 'nope' in ")
    assert err.endswith("; create it with: mapinfra stack init nope\n")


@pytest.mark.parametrize("arguments", [["preview"], ["preview", "-s", "dev", "--nope"], ["nope"]])
def test_a_bad_call_ends_with_code_2(command: Command, arguments: list[str]) -> None:
    assert command(*arguments)[0] == 2


def test_a_name_that_is_none_is_told(command: Command) -> None:
    code, _, err = command("preview", "-s", "../../etc")
    assert code == 1
    assert err.startswith("error: --stack '../../etc': isn't a stack name")


def test_the_stack_may_come_from_the_environment(
    sandbox: Sandbox, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_STACK", "dev")
    assert command("preview")[0] == 0


def test_every_fault_of_a_spec_has_its_own_line(sandbox: Sandbox, command: Command) -> None:
    (sandbox.project / "__main__.py").write_text(
        "from mapinfra.errors import SpecError\nraise SpecError(['a.yaml:1: x', 'a.yaml:2: y'])\n"
    )
    code, _, err = command("preview", "-s", "dev")
    assert code == 1
    assert err.splitlines()[:2] == ["error: a.yaml:1: x", "error: a.yaml:2: y"]


def test_a_missing_passphrase_is_one_line(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    code, _, err = command("preview", "-s", "dev")
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith("error: the stack's passphrase is missing; export PULUMI_CONFIG_PASSPHR")


def test_stack_init_and_cancel_say_what_they_did(sandbox: Sandbox, command: Command) -> None:
    code, _, err = command("stack", "init", "two")
    assert code == 0
    assert err.startswith("created stack two, its config is ")
    assert command("stack", "init", "two")[0] == 1
    code, _, err = command("cancel", "-s", "two")
    assert (code, err) == (0, "stack two isn't locked\n")
    (sandbox.locks.parent / "two").mkdir(parents=True)
    (sandbox.locks.parent / "two" / "x.json").write_text('{"username": "eve", "pid": 7}')
    assert command("cancel", "-s", "two")[0] == 2
    code, _, err = command("cancel", "-s", "two", "--yes")
    assert (code, err) == (0, "removed the lock of eve@? (pid 7) since ?\n")


def test_drift_is_shown_without_being_recorded(sandbox: Sandbox, command: Command) -> None:
    sandbox.files(a="one")
    sandbox.up()
    (sandbox.world / "a").write_text("by hand")
    before = sandbox.state_file.read_bytes()
    code, out, _ = command("refresh", "-s", "dev", "--preview-only", "--expect-no-changes")
    assert code == 7
    assert out == (
        "dev: 1 changed on the host\n"
        "  ~ a (test:File) changed on the host\n"
        '      text: "one" → "by hand"\n'
    )
    assert sandbox.state_file.read_bytes() == before


def test_adopting_names_what_was_adopted_and_what_isnt_there(
    sandbox: Sandbox, command: Command
) -> None:
    (sandbox.world / "a").write_text("by hand")
    sandbox.files(a="one", n="two")
    code, out, told = command("adopt", "-s", "dev", "--yes")
    assert (code, out) == (0, "dev: 1 adopted\n  = a (test:File) adopted\n")
    assert "n (test:File) isn't there yet: up creates it\n" in told
    assert command("preview", "-s", "dev")[1].splitlines()[0] == "dev: 1 to create, 1 to update"


def test_a_failed_adoption_says_that_nothing_was_adopted(
    sandbox: Sandbox, command: Command
) -> None:
    (sandbox.world / "a").write_text("by hand")
    sandbox.files(a="one", b="two")
    sandbox.steer("b.off")
    code, out, told = command("adopt", "-s", "dev", "--yes")
    assert code == 1
    assert "adopted" not in out
    assert "error: nothing was adopted; use --target to adopt only some resources\n" in told
    assert command("adopt", "-s", "dev", "--yes", "--target", "a")[0] == 0


def test_protection_is_named_and_taken_off(sandbox: Sandbox, command: Command) -> None:
    sandbox.program(files={"a": {"text": "x", "options": {"protect": True}}})
    sandbox.up()
    code, out, _ = command("destroy", "-s", "dev", "--yes")
    assert code == 1
    assert "  ! a (test:File): is protected, so it isn't deleted; " in out
    command_line = ("state", "unprotect", "-s", "dev", "a")
    assert command(*command_line)[2] == "unprotected a (test:File)\n"
    assert command("destroy", "-s", "dev", "--yes")[0] == 0
    assert sandbox.live() == {}


def test_relative_paths_begin_in_the_folder_that_is_named(
    sandbox: Sandbox, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.files(a="one")
    (sandbox.project / "word").write_text(sandbox.environment["PULUMI_CONFIG_PASSPHRASE"])
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "word")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file://../backend")
    monkeypatch.chdir("/")
    code, _, err = command(
        "preview", "-s", "dev", "--save-plan", "plan.json", "-C", str(sandbox.project)
    )
    assert code == 0, err
    assert (sandbox.project / "plan.json").is_file()


@needs_pulumi
@pytest.mark.parametrize("inner", [".", "stacks"])
def test_a_relative_backend_is_the_same_folder_for_both_engines(
    sandbox: Sandbox, command: Command, monkeypatch: pytest.MonkeyPatch, inner: str
) -> None:
    folder = sandbox.project / inner
    backend = folder / "kept"
    backend.mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file://kept")
    monkeypatch.chdir("/")
    assert command("stack", "init", "new", "-C", str(folder))[0] == 0
    made = backend / ".pulumi" / "stacks" / "sandbox" / "new.json"
    assert made.is_file()
    listed = subprocess.run(
        ["pulumi", "-C", str(folder), "stack", "ls", "--json", "--non-interactive"],
        env={**os.environ, "PULUMI_HOME": str(sandbox.project.parent / "pulumi-home")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [one["name"] for one in json.loads(listed.stdout)] == ["new"]
