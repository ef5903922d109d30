"""The command as a process: killed, interrupted, and on a terminal."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.engine.plainfiles import wait_until
from tests.unit.engine.sandbox import Sandbox

# A run of the tests in the background may ignore them, and what it starts would, too.
_HEARING = ("env", "--default-signal=HUP,INT")
_COMMAND = (sys.executable, "-c", "from mapinfra.cli import main; main()")


@contextmanager
def started(
    sandbox: Sandbox, *arguments: str, below: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*_HEARING, *below, *_COMMAND, *arguments, "-s", "dev"],
        cwd=sandbox.project,
        env={**os.environ, **sandbox.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def held_back(sandbox: Sandbox) -> None:
    """Let `a` be done, `b` wait in the middle of its creation, and `c` come after `b`."""
    sandbox.program(
        files={"a": {"text": "one"}, "b": {"text_of": "a"}, "c": {"text": "x", "after": ["b"]}}
    )
    sandbox.steer("b.hold")


def wait_for_the_middle(sandbox: Sandbox) -> None:
    wait_until(lambda: "b" in sandbox.live())


def test_a_killed_run_leaves_its_trace_and_the_next_one_finishes(sandbox: Sandbox) -> None:
    held_back(sandbox)
    with started(sandbox, "up", "-y") as process:
        wait_for_the_middle(sandbox)
        process.kill()
    (pending,) = sandbox.state()["pending_operations"]
    assert (pending["type"], pending["resource"]["urn"].split("::")[-1]) == ("creating", "b")
    assert sandbox.resources()["a"]["id"] == "a"
    sandbox.steer("b.hold", on=False)
    done = sandbox.up()
    assert done.log == ["the run before was interrupted while creating b (test:File)"]
    assert done.summary.succeeded
    assert "pending_operations" not in sandbox.state()
    assert sandbox.live() == {"a": "one", "b": "one", "c": "x"}


def test_a_preview_tells_a_run_that_goes_on_from_one_that_was_cut_off(sandbox: Sandbox) -> None:
    held_back(sandbox)
    with started(sandbox, "up", "-y") as process:
        wait_for_the_middle(sandbox)
        (line,) = sandbox.preview().log
        assert f"(pid {process.pid}) since" in line
        assert line.endswith(" is creating b (test:File)")
        process.kill()
        process.wait()
        assert sandbox.preview().log == [
            "the run before was interrupted while creating b (test:File)"
        ]
    sandbox.steer("b.hold", on=False)


def wait_for_the_warning(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return next(line for line in process.stderr if line.startswith("warning"))


def expect_ended_in_order(sandbox: Sandbox) -> None:
    assert {"a", "b"} <= sandbox.resources().keys()
    assert "c" not in sandbox.resources()
    assert "pending_operations" not in sandbox.state()
    assert list(sandbox.locks.iterdir()) == []
    assert sandbox.up().summary.succeeded


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_ends_its_step_records_it_and_gives_the_lock_back(
    sandbox: Sandbox, number: signal.Signals
) -> None:
    held_back(sandbox)
    with started(sandbox, "up", "-y") as process:
        wait_for_the_middle(sandbox)
        process.send_signal(number)
        assert wait_for_the_warning(process) == (
            f"warning: {number.name}: stopping after the running operations; "
            "press Ctrl-C again to stop at once\n"
        )
        sandbox.steer("b.hold", on=False)
        assert process.wait(timeout=30) == 8
        assert process.stderr is not None
        assert process.stderr.read().endswith("error: interrupted; run again to finish\n")
    expect_ended_in_order(sandbox)


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_a_run_at_once_as_a_kill_would(
    sandbox: Sandbox, first: signal.Signals, second: signal.Signals
) -> None:
    held_back(sandbox)
    with started(sandbox, "up", "-y") as process:
        wait_for_the_middle(sandbox)
        process.send_signal(first)
        wait_for_the_warning(process)
        process.send_signal(second)
        assert process.wait(timeout=10) == 8
        assert process.stderr is not None
        line = f"error: {second.name} again: stopped at once; run again to finish\n"
        assert process.stderr.read() == line
    (pending,) = sandbox.state()["pending_operations"]
    assert pending["resource"]["urn"].endswith("::b")
    assert len(list(sandbox.locks.iterdir())) == 1
    sandbox.steer("b.hold", on=False)
    assert sandbox.up().log == ["the run before was interrupted while creating b (test:File)"]
    assert sandbox.live() == {"a": "one", "b": "one", "c": "x"}


def test_a_closed_terminal_that_is_told_twice_ends_a_run_in_order(sandbox: Sandbox) -> None:
    held_back(sandbox)
    with started(sandbox, "up", "-y") as process:
        wait_for_the_middle(sandbox)
        process.send_signal(signal.SIGHUP)
        wait_for_the_warning(process)
        process.send_signal(signal.SIGHUP)
        sandbox.steer("b.hold", on=False)
        assert process.wait(timeout=30) == 8
    expect_ended_in_order(sandbox)


def test_a_run_whose_terminal_is_closed_ends_in_order(sandbox: Sandbox) -> None:
    held_back(sandbox)
    process, terminal = pty.fork()
    if process == 0:
        try:
            os.chdir(sandbox.project)
            environment = {**os.environ, **sandbox.environment, "TERM": "xterm"}
            os.execvpe("env", [*_HEARING, *_COMMAND, "up", "-y", "-s", "dev"], environment)
        finally:
            os._exit(127)  # else a second pytest would go on from here
    wait_for_the_middle(sandbox)
    os.close(terminal)
    wait_until(lambda: Path(f"/proc/{process}/fd/2").readlink() == Path(os.devnull))
    sandbox.steer("b.hold", on=False)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 8
    expect_ended_in_order(sandbox)


def test_a_run_under_nohup_outlives_its_terminal(sandbox: Sandbox) -> None:
    held_back(sandbox)
    with started(sandbox, "up", "-y", below=("nohup",)) as process:
        wait_for_the_middle(sandbox)
        process.send_signal(signal.SIGHUP)
        sandbox.steer("b.hold", on=False)
        assert process.wait(timeout=30) == 0
    assert sandbox.live() == {"a": "one", "b": "one", "c": "x"}


@contextmanager
def reading_under_the_lock(sandbox: Sandbox) -> Iterator[None]:
    """Stop a run where it reads the state, and has the lock; let it go on at the end."""
    file, content, locked = sandbox.state_file, sandbox.state_file.read_bytes(), False
    put_pipe(file)
    while not locked:
        with file.open("wb") as writer:  # waits for a reader
            locked = any(sandbox.locks.glob("*.json"))
            if locked:
                file.unlink()
                file.write_bytes(content)
                yield
            else:
                put_pipe(file)
            writer.write(content)


def put_pipe(file: Path) -> None:
    pipe = file.with_name("pipe")
    os.mkfifo(pipe)
    pipe.replace(file)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("arguments", [["up", "-y"], ["refresh", "-y"], ["destroy", "-y"]])
def test_a_run_interrupted_before_the_program_does_nothing_and_gives_the_lock_back(
    sandbox: Sandbox, number: signal.Signals, arguments: list[str]
) -> None:
    sandbox.files(a="one")
    sandbox.up()
    sandbox.calls()
    sandbox.files(a="two", b="one")
    with started(sandbox, *arguments) as process:
        with reading_under_the_lock(sandbox):
            process.send_signal(number)
        assert process.wait(timeout=60) == 8
        assert process.stdout is not None
        assert re.search(r": (nothing was done|2 skipped) in ", process.stdout.read())
    assert list(sandbox.locks.iterdir()) == []
    assert sandbox.calls() == []
    assert sandbox.resources()["a"]["outputs"]["text"] == "one"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("arguments", [["state", "delete", "a", "-y"], ["state", "unprotect", "a"]])
def test_an_interrupted_edit_changes_nothing_and_gives_the_lock_back(
    sandbox: Sandbox, number: signal.Signals, arguments: list[str]
) -> None:
    sandbox.files(a="one")
    sandbox.up()
    before = sandbox.state_file.read_bytes()
    with started(sandbox, *arguments) as process:
        with reading_under_the_lock(sandbox):
            process.send_signal(number)
        assert process.wait(timeout=60) == 8
        assert process.stderr is not None
        assert process.stderr.read() == "error: stack dev: interrupted; nothing was changed\n"
    assert list(sandbox.locks.iterdir()) == []
    assert sandbox.state_file.read_bytes() == before


def on_a_terminal(
    sandbox: Sandbox, *arguments: str, question: str = "", answer: str = "", **environment: str
) -> tuple[int, str]:
    """Run the command with a terminal for all it reads and writes.

    After `question` it gets the answer; without an answer, SIGINT.
    """
    ours, theirs = pty.openpty()
    known = {"TERM": "xterm", "COLUMNS": "200"}
    with subprocess.Popen(
        [*_HEARING, *_COMMAND, *arguments, "-s", "dev"],
        cwd=sandbox.project,
        env={**os.environ, **sandbox.environment, **known, **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = bytearray()
        while part := _read(ours):
            shown += part
            if question and question.encode() in shown:
                question = ""
                if answer:
                    os.write(ours, answer.encode())
                else:
                    _interrupt(process, ours)
        os.close(ours)
        return process.wait(timeout=30), shown.decode()


def _interrupt(process: subprocess.Popen[bytes], terminal: int) -> None:
    """Send SIGINT until it is answered: one between question and reading goes unheard."""
    answered = False
    while not answered:
        process.send_signal(signal.SIGINT)
        answered = bool(select.select([terminal], [], [], 5.0)[0])


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 4096)
    except OSError:  # the other end of a terminal is closed: that's how Linux tells
        return b""


def test_marks_are_coloured_on_a_terminal_unless_that_is_unwanted(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    assert "\x1b[32m  + \x1b[0ma (test:File)" in on_a_terminal(sandbox, "preview")[1]
    plain = on_a_terminal(sandbox, "preview", NO_COLOR="1")[1]
    assert "  + " in plain
    assert "\x1b[32m" not in plain


END_OF_INPUT = "\x04"


@pytest.mark.parametrize(("answer", "code", "live"), [("y\n", 0, {"a": "one"}), ("n\n", 8, {})])
def test_up_previews_and_asks(
    sandbox: Sandbox, answer: str, code: int, live: dict[str, str]
) -> None:
    sandbox.files(a="one")
    ended, shown = on_a_terminal(sandbox, "up", question="Apply these changes?", answer=answer)
    assert ended == code
    assert "dev: 1 to create" in shown
    assert sandbox.live() == live


@pytest.mark.parametrize("answer", [END_OF_INPUT, ""])
@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (("up",), "Apply these changes?"),
        (("destroy",), "Apply these changes?"),
        (("state", "delete", "a"), "without undoing anything?"),
        (("config", "set", "key"), "key: "),
        (("config", "set", "--secret", "key"), "key: "),
    ],
)
def test_a_question_that_is_left_open_ends_with_code_8_and_one_line(
    sandbox: Sandbox, arguments: tuple[str, ...], question: str, answer: str
) -> None:
    sandbox.files(a="one")
    sandbox.up()
    sandbox.files(a="two")
    state, config = sandbox.state_file.read_bytes(), sandbox.config_file.read_text()
    code, shown = on_a_terminal(sandbox, *arguments, question=question, answer=answer)
    assert code == 8, shown
    _, _, after = shown.rpartition(question)
    (line,) = [one for one in after.splitlines() if len(one) > len(" [y/N]: ")]
    assert line == "error: no answer, so nothing was done"
    assert sandbox.state_file.read_bytes() == state
    assert sandbox.config_file.read_text() == config


@pytest.mark.parametrize("verb", ["up", "refresh"])
def test_what_has_nothing_to_do_is_recorded_without_a_question(sandbox: Sandbox, verb: str) -> None:
    sandbox.files(a="one")
    sandbox.up()
    half_made(sandbox)
    sandbox.configure({"world": str(sandbox.world), "extra": "1"})
    code, shown = on_a_terminal(sandbox, verb)
    assert code == 0, shown
    assert "Apply these changes?" not in shown
    assert "pending_operations" not in sandbox.state()
    assert history(sandbox)[-1]["config"]["sandbox:extra"] == "1"
    if verb == "up":
        assert sandbox.resources()["default"]["inputs"]["sandbox:extra"] == "1"


def half_made(sandbox: Sandbox) -> None:
    """Let the state say that a run was cut off while it updated `a`."""
    content = json.loads(sandbox.state_file.read_bytes())
    latest = content["checkpoint"]["latest"]
    (one,) = (one for one in latest["resources"] if one["urn"].endswith("::a"))
    latest["pending_operations"] = [{"resource": one, "type": "updating"}]
    sandbox.state_file.write_text(json.dumps(content))


def history(sandbox: Sandbox) -> list[dict[str, Any]]:
    files = (sandbox.backend / ".pulumi" / "history").rglob("*.history.json")
    return [json.loads(one.read_text()) for one in sorted(files)]


def test_what_changes_after_a_preview_without_a_question_is_not_done(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    (sandbox.project / "__main__.py").write_text(
        "import pulumi\n"
        "from plainfiles import File\n\n"
        "File('a', {'text': 'one' if pulumi.runtime.is_dry_run() else 'two'})\n"
    )
    code, shown = on_a_terminal(sandbox, "up")
    assert code == 1
    assert "what is there has changed since the preview" in shown
    assert sandbox.live() == {"a": "one"}


def test_prints_of_the_program_do_not_spoil_json(sandbox: Sandbox) -> None:
    (sandbox.project / "__main__.py").write_text("print('hello')\n")
    with started(sandbox, "preview", "--json") as process:
        out, err = process.communicate(timeout=30)
    assert json.loads(out)["changeSummary"] == {"create": 1}
    assert "hello" in err


def test_cancel_says_who_is_at_work_and_asks(sandbox: Sandbox) -> None:
    held_back(sandbox)
    with started(sandbox, "up", "-y") as process:
        wait_for_the_middle(sandbox)
        (lock,) = sandbox.locks.iterdir()
        with started(sandbox, "cancel") as refused:
            _, err = refused.communicate(timeout=30)
        assert (refused.returncode, lock.exists()) == (2, True)
        assert f"(pid {process.pid}) since" in err
        assert "is running\n" in err
        assert "add --yes" in err
        code, shown = on_a_terminal(sandbox, "cancel", question="?", answer="n\n")
        assert (code, lock.exists()) == (8, True)
        assert "is running" in shown
        code, shown = on_a_terminal(sandbox, "cancel", question="?", answer="y\n")
        assert (code, lock.exists()) == (0, False)
        assert f"(pid {process.pid}) since" in shown.rpartition("removed the lock of")[2]
        process.kill()
    sandbox.steer("b.hold", on=False)


def test_the_lock_of_a_killed_run_is_cancelled_without_asking(sandbox: Sandbox) -> None:
    held_back(sandbox)
    with started(sandbox, "up", "-y") as process:
        wait_for_the_middle(sandbox)
        process.kill()
    with started(sandbox, "cancel") as done:
        _, err = done.communicate(timeout=30)
    assert (done.returncode, list(sandbox.locks.iterdir())) == (0, [])
    assert err.startswith("removed the lock of ")
    sandbox.steer("b.hold", on=False)
