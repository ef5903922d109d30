"""What fails says so in one line, doesn't stop the rest, and is finished by the next run."""

from pathlib import Path

import pytest

from mapinfra.engine.project.edits import forget
from mapinfra.engine.project.project import load_project
from mapinfra.engine.project.stacks import open_stack
from mapinfra.engine.run.sdk import at_home
from tests.unit.engine.kills import Kills, pending
from tests.unit.engine.sandbox import Sandbox

ALL = {
    "a": {"text": "one"},
    "b": {"text_of": "a"},
    "c": {"text": "three"},
    "d": {"text": "four", "after": ["b"]},
}


def test_a_failed_create_stops_its_dependents_and_no_others(sandbox: Sandbox) -> None:
    sandbox.program(files=ALL)
    sandbox.steer("a.broken")
    done = sandbox.up()
    assert done.told("failed") == {"a": "create"}
    assert done.told("skipped") == {"b": "create", "d": "create"}
    assert done.message("a") == "unexpected RuntimeError: a broke in two lines"
    assert done.message("b") == "waits for a (test:File)"
    assert not done.summary.succeeded
    assert sandbox.live() == {"c": "three"}
    sandbox.steer("a.broken", on=False)
    assert sandbox.up().summary.succeeded
    assert sandbox.live() == {"a": "one", "b": "one", "c": "three", "d": "four"}


def test_a_failed_update_keeps_the_recorded_resource(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    before = sandbox.resources()["a"]
    sandbox.files(a="two")
    sandbox.steer("a.broken")
    assert sandbox.up().told("failed") == {"a": "update"}
    after = sandbox.resources()["a"]
    assert after["outputs"] == before["outputs"]
    assert "pending_operations" not in sandbox.state()


def test_a_host_that_is_off_fails_its_resources_once_and_the_others_converge(
    sandbox: Sandbox,
) -> None:
    sandbox.program(files=ALL)
    sandbox.up()
    recorded = sandbox.resources()["a"]
    (sandbox.world / "c").write_text("by hand")
    sandbox.steer("a.off")
    done = sandbox.up()
    assert done.message("a") == "a: no answer; switch it on"
    assert set(done.told("failed")) == {"a"}
    assert set(done.told("skipped")) == {"b", "d"}
    assert sandbox.live()["c"] == "three"
    assert sandbox.resources()["a"] == recorded
    assert sandbox.resources()["sandbox-dev"]["urn"]


def test_what_cannot_be_read_as_recorded_is_brought_to_its_goal_as_now_described(
    sandbox: Sandbox,
) -> None:
    sandbox.files(a="one", b="two")
    sandbox.up()
    sandbox.steer("a.moved")
    sandbox.steer("b.moved")
    sandbox.files(a="new", b="two")
    done = sandbox.up()
    assert done.told("done") == {"a": "update"}
    assert done.message("b") == "b: no answer at the old place"
    assert sandbox.live() == {"a": "new", "b": "two"}


def test_what_cannot_be_read_is_not_deleted(sandbox: Sandbox) -> None:
    sandbox.files(a="one", b="two")
    sandbox.up()
    sandbox.steer("a.moved")
    done = sandbox.run("destroy")
    assert done.told("done") == {"b": "delete"}
    assert done.message("a") == (
        "a: no answer at the old place; if it is gone for good: mapinfra state delete a --stack dev"
    )
    assert sandbox.live() == {"a": "one"}
    assert sandbox.run("refresh").told("failed") == {"a": "refresh"}


def test_a_preview_shows_the_others_when_a_host_is_off(sandbox: Sandbox) -> None:
    sandbox.program(files=ALL)
    sandbox.steer("a.off")
    shown = sandbox.preview()
    assert shown.told("planned") == {"c": "create"}
    assert shown.message("a") == "a: no answer; switch it on"


def test_a_failed_check_names_the_property(sandbox: Sandbox) -> None:
    sandbox.files(a="forbidden", b="two")
    shown = sandbox.preview()
    assert shown.message("a") == "text: is forbidden"
    assert shown.told("planned") == {"b": "create"}


def test_a_failed_delete_keeps_the_resource_and_what_it_needs(sandbox: Sandbox) -> None:
    sandbox.program(files={"a": {"text": "one"}, "b": {"text_of": "a"}, "c": {"text": "x"}})
    sandbox.up()
    sandbox.program()
    sandbox.steer("b.off")
    done = sandbox.up()
    assert done.told("done") == {"c": "delete"}
    assert done.told("skipped") == {"a": "delete"}
    assert {"a", "b"} <= sandbox.resources().keys()
    sandbox.steer("b.off", on=False)
    assert sandbox.up().summary.succeeded
    assert sandbox.live() == {}


def test_outputs_of_what_failed_keep_their_recorded_value(sandbox: Sandbox) -> None:
    sandbox.program(files={"a": {"text": "one"}, "b": {"text": "x"}}, exports={"t": "a"})
    sandbox.up()
    sandbox.steer("a.off")
    assert sandbox.up().summary.outputs == {"t": "one"}


def test_an_error_of_the_program_is_one_line_and_deletes_nothing(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    sandbox.program(**{"raise": "no such file\nsecond line"})
    done = sandbox.up()
    (line,) = done.log
    place, _, told = line.partition(": ")
    assert place.startswith(f"{sandbox.project}/")
    assert told == "unexpected ValueError: no such file second line"
    assert not done.summary.succeeded
    assert sandbox.live() == {"a": "one"}
    assert "a" in sandbox.resources()


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import pulumi\nraise pulumi.RunError('no spec')", "no spec"),
        ("class Own(BaseException):\n    pass\n\nraise Own('x')", "py:4: unexpected Own: x"),
        (
            "import pulumi\npulumi.Config().require('no')",
            "variable 'sandbox:no' please set a value",
        ),
        ("raise SystemExit('cannot go on')", "the program exited: cannot go on"),
        ("import nowhere_at_all", "unexpected ModuleNotFoundError: No module named"),
        ("def broken(:", "/__main__.py:1: unexpected SyntaxError: "),
        ("import pulumi\n\nx = 1 / 0", "/__main__.py:3: unexpected ZeroDivisionError: "),
        (
            "import pulumi\npulumi.Output.from_input(0).apply(\n    lambda zero: 1 / zero)",
            "/__main__.py:3: unexpected ZeroDivisionError: ",
        ),
    ],
)
def test_however_the_program_fails_it_is_told_in_one_line(
    sandbox: Sandbox, program: str, told: str
) -> None:
    sandbox.files(a="one")
    sandbox.up()
    (sandbox.project / "__main__.py").write_text(program)
    done = sandbox.up()
    (line,) = done.log
    assert told in line
    assert not done.summary.succeeded
    assert sandbox.live() == {"a": "one"}


def test_a_program_that_ends_itself_well_is_no_failure(sandbox: Sandbox) -> None:
    (sandbox.project / "__main__.py").write_text("raise SystemExit\n")
    assert sandbox.up().summary.succeeded


def test_a_missing_program_is_told(sandbox: Sandbox) -> None:
    (sandbox.project / "__main__.py").unlink()
    (line,) = sandbox.up().log
    assert line.endswith("__main__.py: the program doesn't exist")


def test_an_error_the_program_logs_is_told_and_no_failure(sandbox: Sandbox) -> None:
    (sandbox.project / "__main__.py").write_text("import pulumi\npulumi.log.error('not so')\n")
    done = sandbox.up()
    assert done.log == ["not so"]
    assert done.summary.succeeded


def test_a_provider_that_is_gone_from_the_code_fails_its_resources(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    state = sandbox.state_file.read_text()
    provider = sandbox.resources()["a"]["inputs"]["__provider"]
    sandbox.state_file.write_text(state.replace(provider, "gASVEwAAAAAAAACMBmdvbmV5cpSMAVCUk5Qp"))
    (message,) = {sandbox.run("refresh").message("a")}
    assert message.startswith("unexpected ")


def test_tracebacks_go_to_the_debug_file_only(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.files(a="one")
    sandbox.steer("a.broken")
    debug = tmp_path / "debug.log"
    done = sandbox.up(debug_file=debug)
    assert "Traceback" not in done.message("a")
    assert "Traceback" in debug.read_text()
    assert "RuntimeError: a broke" in debug.read_text()


def test_a_debug_file_that_takes_nothing_more_is_told_with_the_error(sandbox: Sandbox) -> None:
    sandbox.files(a="one", b="two")
    sandbox.steer("a.broken")
    done = sandbox.up(debug_file=Path("/dev/full"))
    assert done.message("a") == (
        "unexpected RuntimeError: a broke in two lines "
        "(its traceback can't be written to /dev/full: No space left on device)"
    )
    assert sandbox.live() == {"b": "two"}


def test_an_error_of_ours_leaves_no_traceback(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.files(a="one")
    sandbox.steer("a.off")
    sandbox.up(debug_file=tmp_path / "debug.log")
    assert not (tmp_path / "debug.log").exists()


def test_two_resources_of_one_name_are_refused(sandbox: Sandbox) -> None:
    (sandbox.project / "__main__.py").write_text(
        "from plainfiles import File\nFile('a', {'text': 'x'})\nFile('a', {'text': 'y'})\n"
    )
    assert sandbox.up().log == ["a (test:File): is registered twice; rename one of them"]


def test_the_program_runs_in_its_folder_and_leaves_no_trace_in_the_process(
    sandbox: Sandbox,
) -> None:
    import sys

    before = (Path.cwd(), list(sys.path))
    with at_home(load_project(sandbox.project)):
        assert Path.cwd() == sandbox.project
    assert (Path.cwd(), list(sys.path)) == before


def test_a_creation_that_was_cut_off_is_kept_in_mind_until_it_is_done_over(
    quick: None, sandbox: Sandbox
) -> None:
    cut_off_while_creating(sandbox, "b")
    sandbox.files(a="one")
    done = sandbox.up()
    assert done.summary.succeeded
    (said,) = (line for line in done.log if "the program no longer has it" in line)
    assert said.startswith("b (test:File) was being created when a run was interrupted")
    assert sandbox.live().keys() == {"a", "b"}
    sandbox.files(a="one", b="two")
    assert sandbox.up().told("done") == {"a": "same", "b": "create"}
    assert "pending_operations" not in sandbox.state()
    sandbox.files(a="one")
    assert "interrupted" not in " ".join(sandbox.up().log)
    assert sandbox.live() == {"a": "one"}


def test_a_creation_that_was_cut_off_may_be_forgotten(quick: None, sandbox: Sandbox) -> None:
    cut_off_while_creating(sandbox, "b")
    forget(open_stack(sandbox.project, "dev", sandbox.environment), "b")
    sandbox.files(a="one")
    assert "interrupted" not in " ".join(sandbox.up().log)


def cut_off_while_creating(sandbox: Sandbox, resource: str) -> None:
    """Leave what a run leaves that is killed after it made a file, before it says so."""
    sandbox.files(a="one", **{resource: "two"})
    for _ in Kills(sandbox, lambda one: one.up(parallel=1)).each():
        if resource in sandbox.live() and pending(sandbox):
            return
