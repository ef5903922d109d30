"""Sudo's conversation, told from its stderr alone."""

import shlex
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.errors import SudoRefused
from mapinfra.hosts.sudo import Escalation

PASSWORD = "correct horse"


def escalation(password: str | None = PASSWORD) -> Escalation:
    return Escalation("paris", "alice", None if password is None else lambda: password)


def words(subject: Escalation) -> tuple[bytes, bytes]:
    argv = shlex.split(subject.command(["true"]))
    return argv[argv.index("-p") + 1].encode(), argv[-2].encode()


def feed(subject: Escalation, stream: bytes, cuts: list[int]) -> tuple[bytes, bytes]:
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    parts = [subject.feed(stream[a:b]) for a, b in pairwise(edges)]
    return b"".join(answer for answer, _ in parts), b"".join(own for _, own in parts)


@given(st.lists(st.integers(0, 10_000), max_size=6), st.binary(max_size=50), st.booleans())
def test_the_password_is_given_once_when_asked_and_stderr_kept(
    cuts: list[int], own: bytes, asks: bool
) -> None:
    subject = escalation()
    prompt, ready = words(subject)
    question = b"We trust you...\n" + (prompt if asks else b"")
    answer, _ = feed(subject, question, cuts)
    assert answer == (PASSWORD.encode() + b"\n" if asks else b"")
    assert not subject.started
    assert feed(subject, b"\n" + ready + own, cuts) == (b"", own)
    assert subject.started


@given(st.lists(st.integers(0, 10_000), max_size=6))
def test_a_command_printing_the_prompt_gets_no_password(cuts: list[int]) -> None:
    subject = escalation()
    prompt, ready = words(subject)
    assert feed(subject, ready + prompt, cuts) == (b"", prompt)


def test_a_second_question_means_a_wrong_password() -> None:
    subject = escalation()
    prompt, _ = words(subject)
    subject.feed(prompt)
    with pytest.raises(SudoRefused) as caught:
        subject.feed(b"\nSorry, try again.\n" + prompt)
    assert str(caught.value) == (
        "paris: sudo refused the password of alice; correct ssh.sudo_password"
    )


def test_a_question_without_a_password_says_what_to_set() -> None:
    subject = escalation(None)
    with pytest.raises(SudoRefused) as caught:
        subject.feed(words(subject)[0])
    assert str(caught.value) == ("paris: sudo asks alice for a password; set ssh.sudo_password")


def test_a_refusal_shows_sudos_reason_and_no_random_word() -> None:
    subject = escalation()
    prompt, _ = words(subject)
    subject.feed(prompt + b"\nalice is not in the sudoers file.\n")
    with pytest.raises(SudoRefused) as caught:
        subject.ended()
    message = str(caught.value)
    assert "(alice is not in the sudoers file.)" in message
    assert prompt.decode() not in message


def test_no_password_stands_in_the_command_line() -> None:
    assert PASSWORD not in escalation().command(["systemctl", "restart", "cbd"])


@given(
    st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=8))
)
def test_arguments_reach_the_command_as_they_are(arguments: list[str]) -> None:
    subject = escalation()
    line = subject.command(["printf", "%s\\0", *arguments])
    # What follows `--` is what sudo runs.
    inner = shlex.split(line)[shlex.split(line).index("--") + 1 :]
    done = subprocess.run(inner, capture_output=True, check=True)
    assert done.stdout.decode() == "".join(f"{argument}\0" for argument in arguments or [""])
    assert done.stderr == words(subject)[1]
