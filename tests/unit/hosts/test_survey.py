"""The one command of a pass, run by a real shell and read back."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapinfra.errors import CommandFailed, DatabaseError, SecretError
from mapinfra.hosts import Facts, Probe, Query, Survey
from mapinfra.hosts.survey import Reading, Rows, Script

SHELL = ["sh"]
wild = st.binary(max_size=60) | st.lists(
    st.sampled_from([b"\n", b" begin a", b" end a 0\n", b"\0", b"\xff", b"'", b"\r\n"]), max_size=8
).map(b"".join)


def octal(data: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in data)


def run(script: Script, text: str | None = None) -> subprocess.CompletedProcess[bytes]:
    source = script.text if text is None else text
    return subprocess.run(SHELL, input=source.encode(), capture_output=True, check=False)


def readings(*probes: Probe) -> dict[str, Reading]:
    script = Script(Survey(probes))
    done = run(script)
    assert done.returncode == 0
    return script.read(done.stdout, done.stderr)


@settings(max_examples=40)
@given(st.lists(st.tuples(wild, wild, st.integers(0, 255)), max_size=5))
def test_whatever_probes_print_is_read_back(outputs: list[tuple[bytes, bytes, int]]) -> None:
    probes = [
        Probe(f"p{number}", f"printf '{octal(out)}'; printf '{octal(err)}' >&2; exit {status}")
        for number, (out, err, status) in enumerate(outputs)
    ]
    expected = {
        f"p{number}": Reading(status, out, err) for number, (out, err, status) in enumerate(outputs)
    }
    assert readings(*probes) == expected


@settings(max_examples=40)
@given(st.data())
def test_a_script_cut_short_runs_nothing(data: st.DataObject) -> None:
    script = Script(Survey((Probe("a", "echo seen"), Probe("b", "echo seen"))))
    whole = len(script.text) - len("survey\nexit 0\n")
    cut = data.draw(st.integers(0, whole))
    assert b"seen" not in run(script, script.text[:cut]).stdout


@given(cut=st.integers(0, 400))
def test_an_answer_cut_short_gives_only_the_probes_that_ended(cut: int) -> None:
    script = Script(Survey((Probe("a", ""), Probe("b", ""))))
    word = script.text.split("printf '")[1].split(" ")[0]
    answer = b"".join(
        f"{word} begin {name}\n{'x' * 90}\n{word} end {name} 0\n".encode() for name in "ab"
    )
    found = script.read(answer[:cut], b"")
    assert list(found) == ["a", "b"][: len(found)]
    assert all(reading.stdout == b"x" * 90 for reading in found.values())


def test_a_probe_cannot_read_the_rest_of_the_script() -> None:
    found = readings(Probe("greedy", "cat"), Probe("after", "echo still here"))
    assert found["greedy"].stdout == b""
    assert found["after"].stdout == b"still here\n"


def test_a_probe_cannot_disturb_the_next_one() -> None:
    found = readings(
        Probe("syntax", "if then"),
        Probe("leaves", "cd /; x=1; set -e; trap 'echo bye' EXIT; exit 4"),
        Probe("next", 'echo "${x-unset}"'),
    )
    assert found["syntax"].status != 0
    assert (found["leaves"].status, found["leaves"].stdout) == (4, b"bye\n")
    assert found["next"].stdout == b"unset\n"


def test_messages_come_in_the_language_that_is_parsed() -> None:
    assert readings(Probe("locale", 'echo "$LC_ALL"'))["locale"].stdout == b"C\n"


def test_an_empty_survey_is_a_valid_script() -> None:
    assert readings() == {}


@pytest.mark.parametrize("name", ["", "two words", "a;b", "-x", "a\n"])
def test_a_name_that_could_break_the_frame_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        Probe(name, "true")
    with pytest.raises(ValueError, match="no name"):
        Query(name, "select 1")


def test_two_probes_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two of one name"):
        Survey((Probe("a", "true"), Probe("a", "false")))


def test_a_failed_probe_says_which_and_why() -> None:
    facts = Facts("paris", {"rpm": Reading(3, b"", b"warning\nrpm: no database\n\n")}, {})
    with pytest.raises(CommandFailed) as caught:
        facts.text("rpm")
    assert str(caught.value) == "paris: reading rpm failed, exit 3: rpm: no database"


def test_a_probe_that_never_ended_is_an_error() -> None:
    with pytest.raises(CommandFailed, match="reading rpm didn't come to its end"):
        Facts("paris", {}, {}).text("rpm")


def test_text_keeps_what_was_printed_and_marks_what_is_no_text() -> None:
    facts = Facts("paris", {"file": Reading(0, b" a\n\xff\n", b"")}, {})
    assert facts.text("file") == " a\n\ufffd\n"


def test_one_unreadable_table_hides_no_other() -> None:
    answers: dict[str, Rows | DatabaseError] = {
        "one": [{"x": 1}],
        "two": DatabaseError("no table", where="paris"),
    }
    facts = Facts("paris", {}, answers)
    assert facts.rows("one") == [{"x": 1}]
    with pytest.raises(DatabaseError, match="no table"):
        facts.rows("two")


@pytest.mark.parametrize("kind", [DatabaseError, SecretError])
def test_an_unreadable_database_fails_every_query(kind: type[DatabaseError | SecretError]) -> None:
    facts = Facts("paris", {}, kind("closed", where="there"))
    for query in ("one", "two"):
        with pytest.raises(kind, match="closed"):
            facts.rows(query)
