"""Where a command's output begins, and sudo's conversation before it."""

import os
import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.errors import SudoRefused
from mapinfra.hosts.failures import Flooded
from mapinfra.hosts.framing import Frame
from mapinfra.hosts.sudo import Escalation

PASSWORD = "correct horse"
SHELLS = [
    name for name in ("sh", "bash", "dash", "zsh", "ksh", "fish", "csh") if shutil.which(name)
]
PRINTS = 'printf "%s\\0" "$@"; cat; printf complaint >&2; exit 7'


def escalation(password: str | None = PASSWORD) -> Escalation:
    return Escalation("paris", "alice", None if password is None else lambda: password)


def words(frame: Frame) -> tuple[bytes, bytes, bytes]:
    """The words that the login shell, sudo and the command print."""
    argv = shlex.split(frame.command(["true"]))
    begin = f"{argv[-3]}{argv[-2]}".encode()
    return f"{argv[5]}{argv[5]}".encode(), argv[argv.index("-p") + 1].encode(), begin


def feed(frame: Frame, stream: bytes, cuts: list[int]) -> tuple[bytes, bytes]:
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    parts = [frame.stderr(stream[a:b]) for a, b in pairwise(edges)]
    return b"".join(answer for answer, _ in parts), b"".join(own for _, own in parts)


@given(st.lists(st.integers(0, 10_000), max_size=6), st.binary(max_size=50), st.booleans())
def test_the_password_is_given_once_when_asked_and_stderr_kept(
    cuts: list[int], own: bytes, asks: bool
) -> None:
    frame = Frame(escalation())
    handed_over, prompt, begin = words(frame)
    question = b"a banner\n" + handed_over + b"We trust you...\n" + (prompt if asks else b"")
    answer, _ = feed(frame, question, cuts)
    assert answer == (PASSWORD.encode() + b"\n" if asks else b"")
    assert not frame.begun
    assert feed(frame, b"\n" + begin + own, cuts) == (b"", own)
    assert frame.begun


@given(st.lists(st.integers(0, 10_000), max_size=6))
def test_a_command_printing_the_prompt_gets_no_password(cuts: list[int]) -> None:
    frame = Frame(escalation())
    handed_over, prompt, begin = words(frame)
    assert feed(frame, handed_over + begin + prompt, cuts) == (b"", prompt)


@given(st.lists(st.integers(0, 10_000), max_size=6), st.binary(max_size=50), st.binary(max_size=50))
def test_what_was_printed_before_is_no_output(cuts: list[int], before: bytes, own: bytes) -> None:
    frame = Frame(None)
    begin = "".join(shlex.split(frame.command(["true"]))[-3:-1]).encode()
    stream = before + begin + own
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    assert b"".join(frame.stdout(stream[a:b]) for a, b in pairwise(edges)) == own


def test_more_than_a_preface_before_a_command_is_given_up() -> None:
    frame = Frame(None)
    assert frame.stdout(b"\0" * 9999) == b""
    with pytest.raises(Flooded):
        frame.stdout(b"\0" * 999_999)


@pytest.mark.parametrize("become", ["none", "sudo"])
@pytest.mark.parametrize("shell", SHELLS)
def test_every_login_shell_runs_it_whatever_it_prints_before(
    shell: str, become: str, tmp_path: Path
) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text('#!/bin/sh\necho lecture; echo lecture >&2\nshift 4\nexec "$@"\n')
    sudo.chmod(0o755)
    frame = Frame(escalation() if become == "sudo" else None)
    odd = ["", "a b", '"', "$HOME", "`id`", "é", "*", ";false"]
    script = f"echo noise; echo noise 1>&2; {frame.command(['sh', '-c', PRINTS, 'sh', *odd])}"
    if shell in ("csh", "tcsh"):
        script = script.replace("1>&2", "")
    done = subprocess.run(
        [shell, "-c", script],
        input=b"given",
        capture_output=True,
        check=False,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert done.returncode == 7
    assert frame.own(frame.stdout(done.stdout)) == "\0".join([*odd, "given"]).encode()
    assert frame.own(frame.stderr(done.stderr)[1]) == b"complaint"
    assert frame.begun


def test_sudo_speaks_english_and_the_commands_encoding_stays(tmp_path: Path) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text('#!/bin/sh\nprintf %s "$LANGUAGE ${LC_ALL-unset} $LANG" >&2\n')
    sudo.chmod(0o755)
    frame = Frame(escalation())
    done = subprocess.run(
        ["sh", "-c", frame.command(["true"])],
        capture_output=True,
        check=False,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "LANG": "fr_FR.UTF-8", "LANGUAGE": "fr"},
    )
    frame.stderr(done.stderr)
    assert frame.preface == b"C unset fr_FR.UTF-8"


def test_a_second_question_means_a_wrong_password() -> None:
    frame = Frame(escalation())
    handed_over, prompt, _ = words(frame)
    frame.stderr(handed_over + prompt)
    with pytest.raises(SudoRefused) as caught:
        frame.stderr(b"\nSorry, try again.\n" + prompt)
    assert str(caught.value) == (
        "paris: sudo refused the password of alice; correct ssh.sudo_password"
    )


def test_a_question_without_a_password_says_what_to_set() -> None:
    frame = Frame(escalation(None))
    handed_over, prompt, _ = words(frame)
    with pytest.raises(SudoRefused) as caught:
        frame.stderr(handed_over + prompt)
    assert str(caught.value) == ("paris: sudo asks alice for a password; set ssh.sudo_password")


def test_a_refusal_shows_sudos_reason_and_no_random_word() -> None:
    sudo = escalation()
    frame = Frame(sudo)
    handed_over, prompt, _ = words(frame)
    said = b"hello from .bashrc\n" + handed_over + prompt + b"\nalice is not in the sudoers file.\n"
    frame.stderr(said)
    assert frame.handed_over
    message = str(sudo.refusal(frame.preface))
    assert "(alice is not in the sudoers file.)" in message
    assert prompt.decode() not in message
