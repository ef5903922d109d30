"""Files that a shell sources: what we read and write is what a real shell reads."""

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from mapinfra.config_files import (
    SHELL,
    ConfigFileUnreadable,
    SettingImpossible,
    settings,
    with_settings,
)
from mapinfra.config_files.model import PieceKind

NAME = r"[A-Z][A-Za-z0-9_]*"
KEYS = ("RUN_ARGS", "JAVA_OPTS", "A", "B2")

any_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
hostile = st.text("ab \t\n\r'\"$`\\{}()#=~:!;&|<>*?é\x80", max_size=12)
values = any_text | hostile
plain = st.sampled_from(["x", "-Xmx4G", "a/b:c", "é"])
references = st.sampled_from([f"${{{key}}}" for key in KEYS] + ["$A", "$A-b"])
words = st.lists(
    st.one_of(
        plain,
        references,
        st.lists(plain | references | st.sampled_from([" ", "\\$", "\\\\", "'", "\n", "\\\n"])).map(
            lambda parts: f'"{"".join(parts)}"'
        ),
        st.text('ab $"\\`\n', max_size=5).map(lambda text: f"'{text}'"),
        st.sampled_from(["\\ ", "\\'", "\\\n", "\\a"]),
    ),
    max_size=4,
).map("".join)
assignments = st.builds("{}={}".format, st.sampled_from(KEYS), words)
lines = st.one_of(
    st.sampled_from(["", "  ", "\t", "# a comment 'unclosed", "#A=1 \\", "#"]),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "  ", "\t", "export "]),
        st.lists(assignments, min_size=1, max_size=3).flatmap(
            lambda some: st.sampled_from(["; ", ";"]).map(lambda gap: gap.join(some))
        ),
        st.sampled_from(["", " ", " ;", "\t"]),
        st.sampled_from(["", " # why"]),
    ),
)
files = st.builds(
    lambda some, end: ("\n".join(some) + end).encode(),
    st.lists(lines, max_size=8),
    st.sampled_from(["", "\n"]),
)


def read_by(shell: str, content: bytes, keys: list[str]) -> dict[str, bytes]:
    """Source the file with a real shell; each variable starts as the reference to itself."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "sourced.conf")
        file.write_bytes(content)
        asked = "".join(f'printf "%s\\0" "${key}";' for key in keys)
        done = subprocess.run(
            [shell, "-c", f'. "$0" >&2; {asked}', str(file)],
            env={name: f"${{{name}}}" for name in {*keys, *_names(content.decode())}},
            stdout=subprocess.PIPE,
            check=True,
        )
    return dict(zip(keys, done.stdout.split(b"\0")[:-1], strict=True))


def _names(text: str) -> set[str]:
    """Return all that may be a name there, also one that goes on in the next line."""
    return {*re.findall(NAME, text), *re.findall(NAME, text.replace("\\\n", ""))}


def as_bytes(held: dict[str, str]) -> dict[str, bytes]:
    return {key: value.encode("utf-8", "surrogateescape") for key, value in held.items()}


@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
@pytest.mark.parametrize(
    ("value", "read"),
    [
        ('"$A\\\nx"', "${Ax}"),
        ("$A\\\nx", "${Ax}"),
        ('"$\\\nA"', "${A}"),
        ("$\\\n{A}", "${A}"),
        ('"${\\\nA\\\nx\\\n}y"', "${Ax}y"),
        ('"$A\\\n x"', "${A} x"),
        ('"${A}\\\nx"', "${A}x"),
        ("'$A\\\nx'", "$A\\\nx"),
    ],
)
def test_a_name_may_go_on_in_the_next_line(shell: str, value: str, read: str) -> None:
    content = f"RUN_ARGS={value}\n".encode()
    held = settings(content, SHELL)
    assert held == {"RUN_ARGS": read}
    assert as_bytes(held) == read_by(shell, content, list(held))


@pytest.mark.parametrize("value", ["$\\\n{A:-x}", '"$\\\n(pwd)"', "$\\\n'x'"])
def test_a_line_that_goes_on_behind_a_dollar_sign_is_refused(value: str) -> None:
    with pytest.raises(ConfigFileUnreadable, match="goes on right behind a dollar sign"):
        settings(f"RUN_ARGS={value}\n".encode(), SHELL)


@pytest.mark.parametrize("shell", ["sh", "bash"])
@effort(max_examples=80)
@given(content=files)
def test_settings_are_what_a_real_shell_reads(shell: str, content: bytes) -> None:
    held = settings(content, SHELL)
    assert as_bytes(held) == read_by(shell, content, list(held))


@pytest.mark.parametrize("shell", ["sh", "bash"])
@effort(max_examples=80)
@given(content=files, wanted=st.dictionaries(st.sampled_from([*KEYS, "NEW"]), values, min_size=1))
def test_a_real_shell_reads_back_what_was_set(
    shell: str, content: bytes, wanted: dict[str, str]
) -> None:
    result = with_settings(content, wanted, SHELL)
    assert read_by(shell, result, list(wanted)) == as_bytes(wanted)


@given(content=files, wanted=st.dictionaries(st.sampled_from([*KEYS, "NEW"]), values))
def test_setting_twice_is_setting_once(content: bytes, wanted: dict[str, str]) -> None:
    once = with_settings(content, wanted, SHELL)
    assert with_settings(once, wanted, SHELL) == once


@example(b"export RUN_ARGS=${RUN_ARGS}; RUN_ARGS=")
@example(b"A=${B:=1}; A=2")
@example(b"RUN_ARGS=\nexport RUN_ARGS=${RUN_ARGS}")
@example("A=\nexport A=é${A}".encode())
@given(content=files)
def test_setting_what_holds_changes_nothing(content: bytes) -> None:
    meaning = SHELL.meaning(SHELL.parse(content))
    held = {key: value for key in meaning.variables if (value := meaning.literal(key)) is not None}
    assert with_settings(content, held, SHELL) == content


@given(content=files, value=values)
def test_no_key_and_no_comment_is_lost_by_setting(content: bytes, value: str) -> None:
    before = SHELL.parse(content).pieces
    after = SHELL.parse(with_settings(content, {"A": value}, SHELL)).pieces
    kept = [piece for piece in before if piece.kind is PieceKind.COMMENT]
    assert [piece.text for piece in after if piece.kind is PieceKind.COMMENT] == [
        piece.text for piece in kept
    ]
    assert [held.key for piece in before for held in piece.assignments] == [
        held.key for piece in after for held in piece.assignments
    ][: sum(len(piece.assignments) for piece in before)]


@given(st.binary() | st.text("A= \"'\\\n\r#$(){}`;&|<é", max_size=40).map(str.encode))
def test_pieces_are_the_files_bytes_or_an_error_names_the_line(content: bytes) -> None:
    line, read = 1, content
    try:
        read = b"".join(piece.raw for piece in SHELL.parse(content).pieces)
    except ConfigFileUnreadable as fault:
        line = fault.line
    assert 1 <= line <= content.count(b"\n") + 1
    assert read == content


CONF = b"""# Centreon MAP
RUN_ARGS="--spring.profiles.active=prod"

JAVA_OPTS="-Xms512m" # heap
JAVA_OPTS="${JAVA_OPTS} -Xmx4G" # more heap
"""


def test_options_added_bit_by_bit_are_one_value() -> None:
    assert settings(CONF, SHELL) == {
        "RUN_ARGS": "--spring.profiles.active=prod",
        "JAVA_OPTS": "-Xms512m -Xmx4G",
    }


def test_the_effective_assignment_is_set_in_its_place() -> None:
    wanted = {"JAVA_OPTS": "-Xmx8G", "RUN_ARGS": "--spring.profiles.active=prod,tls"}
    assert with_settings(CONF, wanted, SHELL) == CONF.replace(b"prod", b"prod,tls").replace(
        b"${JAVA_OPTS} -Xmx4G", b"-Xmx8G"
    )


@pytest.mark.parametrize(
    ("content", "value", "result"),
    [
        (b"A=x # why\n", "y", b"A=y # why\n"),
        (b"A=x\n", "y z", b'A="y z"\n'),
        (b"A='x'\n", "$y", b"A='$y'\n"),
        (b"A='x'\n", "it's", b'A="it\'s"\n'),
        (b'export A="x";\n', '$y`"\\', b'export A="\\$y\\`\\"\\\\";\n'),
        (b'A="x"\r\nB=1\r\n', "y", b'A="y"\r\nB=1\r\n'),
        (b"A=x", "y", b"A=y"),
        (b"B=1", "y", b'B=1\nA="y"'),
        (b"# only\r\n", "y", b'# only\r\nA="y"\r\n'),
        (b"", "y", b'A="y"\n'),
        (b'A="one\ntwo"\nB=1\n', "y", b'A="y"\nB=1\n'),
        (b"A=1; B=2\n", "y", b"A=y; B=2\n"),
        (b"# caf\xe9\nA=\xe9\n", "y", b"# caf\xe9\nA=y\n"),
        (b"\xef\xbb\xbf# mark\nA=x\n", "y", b"\xef\xbb\xbf# mark\nA=y\n"),
        (b"A=x\nA+=z\n", "y", b"A=x\nA=y\n"),
    ],
)
def test_a_value_is_set_in_the_files_own_way(content: bytes, value: str, result: bytes) -> None:
    assert with_settings(content, {"A": value}, SHELL) == result


@pytest.mark.parametrize(
    "later",
    [
        b'if [ -n "$B2" ]; then\n  A=2\nfi\n',
        b'[ -z "$B2" ] || A=2\n',
        b"[ -z x ] ||\n  A=2\n",
        b"case x in\n  x) A=2 ;;\nesac\n",
        b"for i in 1; do A=2; done\n",
        b"set_it() {\n  A=2\n}\nset_it\n",
        b"unset A\n",
    ],
)
def test_a_setting_holds_whatever_a_later_command_does(later: bytes) -> None:
    result = with_settings(b"A=1\n" + later, {"A": "wanted"}, SHELL)
    assert result == b"A=1\n" + later + b'A="wanted"\n'
    assert read_by("sh", result, ["A"]) == {"A": b"wanted"}
    assert with_settings(result, {"A": "wanted"}, SHELL) == result


def test_what_only_a_running_shell_knows_stays_as_written() -> None:
    content = b'A="$(hostname -f) ${B:-x} `id` $HOME $1" B2=~/x\n'
    assert settings(content, SHELL) == {
        "A": "$(hostname -f) ${B:-x} `id` ${HOME} $1",
        "B2": "~/x",
    }


def test_a_wanted_value_that_looks_like_a_reference_is_stored_as_text() -> None:
    result = with_settings(b'A="$HOME"\n', {"A": "${HOME}"}, SHELL)
    assert result == b'A="\\${HOME}"\n'


def test_a_reference_of_a_wanted_key_to_a_wanted_key_does_not_spoil_it() -> None:
    wanted = {"B2": "1", "A": "2"}
    result = with_settings(b"A=1\nB2=$A\n", wanted, SHELL)
    assert settings(result, SHELL) == wanted


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'A=1\nB="2\n', 2),
        (b"A=1\n\nB='2\n", 3),
        (b"A=$(x\n", 1),
        (b"A=1\\", 1),
        (b"A=1\nif true; then\nB=2\n", 2),
        (b"cat <<END\nA=1\nEND\n", 1),
        (b"A=1\ntrue &&\n", 2),
    ],
)
def test_a_file_that_no_shell_would_read_names_its_line(content: bytes, line: int) -> None:
    with pytest.raises(ConfigFileUnreadable) as caught:
        settings(content, SHELL)
    assert caught.value.line == line


@pytest.mark.parametrize("key", ["centreon.url", "", "1A", "A B", "É", "A\n"])
def test_a_name_that_is_no_shell_variable_is_refused(key: str) -> None:
    with pytest.raises(SettingImpossible):
        with_settings(b"", {key: "x"}, SHELL)


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_a_value_that_no_shell_can_hold_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(SettingImpossible) as caught:
        with_settings(b"A=x\n", {"A": value}, SHELL)
    assert value not in str(caught.value)


def test_deep_nesting_is_read_without_a_limit() -> None:
    deep = b"A=" + b"$(" * 5000 + b")" * 5000 + b"\nB2=1\n"
    assert settings(deep, SHELL)["B2"] == "1"
