"""Java properties: what we read and write is what Java reads."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from mapinfra.config_files import (
    PROPERTIES,
    ConfigFileUnreadable,
    Strategy,
    merge,
    settings,
    with_settings,
)
from tests.unit.config_files.java_properties import load
from tests.unit.config_files.merge_corpus import Case, property_cases

READER = """
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;

class Reader {
    static String hex(String text) {
        StringBuilder out = new StringBuilder("x");
        for (char c : text.toCharArray()) out.append(String.format("%04x", (int) c));
        return out.toString();
    }

    public static void main(String[] names) throws IOException {
        BufferedReader asked = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = asked.readLine()) != null; ) {
            Properties held = new Properties();
            try {
                held.load(new ByteArrayInputStream(HexFormat.of().parseHex(line)));
                StringBuilder out = new StringBuilder();
                for (Map.Entry<Object, Object> e : new TreeMap<>(held).entrySet())
                    out.append(hex((String) e.getKey())).append("=")
                        .append(hex((String) e.getValue())).append(" ");
                System.out.println(out);
            } catch (IllegalArgumentException e) {
                System.out.println("malformed");
            }
        }
    }
}
"""

bits = st.sampled_from(
    [
        *(
            "a",
            "b",
            " ",
            "=",
            ":",
            "#",
            "!",
            "\\",
            "\t",
            "\f",
            "\n",
            "\r",
            "\r\n",
            "\\\n",
            "\\\r\n",
        ),
        *("\\u00e9", "\\ud83d\\ude00", "\\t", "\\n", "\\=", "\\:", "\\ ", "\\\\", "\xe9", " = "),
        *("centreon.url", "broker.port"),
    ]
)
files = st.lists(bits, max_size=25).map(lambda some: "".join(some).encode("latin-1"))
texts = st.text(max_size=15) | st.text("a =:#!\\\t\n\r\f\0é€😀'\"", max_size=8)
keys = st.sampled_from(["centreon.url", "a", "b"]) | texts


def hexed(text: str) -> str:
    return "x" + text.encode("utf-16-be", "surrogatepass").hex()


def told(content: bytes) -> str:
    try:
        held = settings(content, PROPERTIES)
    except ConfigFileUnreadable:
        return "malformed"
    named = sorted((hexed(key), hexed(value)) for key, value in held.items())
    return "".join(f"{key}={value} " for key, value in named)


def read_by_java(contents: list[bytes], folder: Path) -> list[str]:
    source = folder / "Reader.java"
    source.write_text(READER)
    done = subprocess.run(
        ["java", str(source)],
        input="".join(f"{content.hex()}\n" for content in contents),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="there is no java here")


def collected(strategy: st.SearchStrategy[bytes], count: int) -> list[bytes]:
    """Draw many files at once, so that Java starts but once."""
    drawn = list[bytes]()

    @effort(max_examples=count, database=None, derandomize=True)
    @given(strategy)
    def draw(content: bytes) -> None:
        drawn.append(content)

    draw()
    return drawn


def read_alike(content: bytes) -> bool:
    # Java makes an empty key of a lone backslash at the end of a file, where it means nothing.
    return not content.rstrip(b"\r\n \t\f").endswith(b"\\")


@needs_java
def test_settings_are_what_java_reads(tmp_path: Path) -> None:
    contents = [content for content in collected(files, 1500) if read_alike(content)]
    contents += [
        content + b"\n"
        for content in collected(st.text("ab\\u0041=\n", max_size=20).map(str.encode), 500)
        if read_alike(content)
    ]
    assert [told(content) for content in contents] == read_by_java(contents, tmp_path)


@needs_java
def test_java_reads_back_what_was_set(tmp_path: Path) -> None:
    results = list[bytes]()
    wanted = list[dict[str, str]]()

    @effort(max_examples=1500, database=None, derandomize=True)
    @given(files, st.dictionaries(keys, texts, min_size=1, max_size=3))
    def draw(content: bytes, some: dict[str, str]) -> None:
        results.append(with_settings(content, some, PROPERTIES))
        wanted.append(some)

    draw()
    read = read_by_java(results, tmp_path)
    for line, result, some in zip(read, results, wanted, strict=True):
        pairs = set(line.split())
        missing = {f"{hexed(k)}={hexed(v)}" for k, v in some.items()} - pairs
        assert not missing, (result, some)


@given(files, st.dictionaries(keys, texts))
@example(b"\na\\\r", {"centreon.url": ""})
def test_what_was_set_is_read_back(content: bytes, wanted: dict[str, str]) -> None:
    result = with_settings(content, wanted, PROPERTIES)
    assert settings(result, PROPERTIES) == settings(content, PROPERTIES) | wanted


@given(files, st.dictionaries(keys, texts))
def test_setting_twice_is_setting_once(content: bytes, wanted: dict[str, str]) -> None:
    once = with_settings(content, wanted, PROPERTIES)
    assert with_settings(once, wanted, PROPERTIES) == once


@given(files)
def test_setting_what_holds_changes_nothing(content: bytes) -> None:
    assert with_settings(content, settings(content, PROPERTIES), PROPERTIES) == content


@given(st.binary() | files)
def test_pieces_are_the_files_bytes_or_an_error_names_the_line(content: bytes) -> None:
    line, read = 1, content
    try:
        read = b"".join(piece.raw for piece in PROPERTIES.parse(content).pieces)
    except ConfigFileUnreadable as fault:
        line = fault.line
    assert 1 <= line <= content.count(b"\n") + content.count(b"\r") + 1
    assert read == content


@pytest.mark.parametrize(
    ("content", "result"),
    [
        (b"a = x\n", b"a = new\n"),
        (b"a:x\r\nb=1\r\n", b"a:new\r\nb=1\r\n"),
        (b"\ta x\n", b"\ta new\n"),
        (b"a\n", b"a=new\n"),
        (b"a=1\n# twice\na=2\n", b"a=1\n# twice\na=new\n"),
        (b"a=one,\\\n  two\nb=1\n", b"a=new\nb=1\n"),
        (b"a=x", b"a=new"),
        (b"b=1", b"b=1\na=new"),
        (b"b=1\\", b"b=1\\\n\na=new"),
        (b"! caf\xe9 \xff\nb=1\r\n", b"! caf\xe9 \xff\nb=1\r\na=new\n"),
        (b"\xef\xbb\xbf# mark\r\na=x\r\n", b"\xef\xbb\xbf# mark\r\na=new\r\n"),
        (b"\\u0061=x\n", b"\\u0061=new\n"),
        (b"", b"a=new\n"),
        (b"#a=old", b"#a=old\na=new"),
    ],
)
def test_a_value_is_set_in_the_files_own_way(content: bytes, result: bytes) -> None:
    assert with_settings(content, {"a": "new"}, PROPERTIES) == result


def test_what_ascii_lacks_is_escaped() -> None:
    result = with_settings(b"a=\n", {"a": " é€😀\\\n"}, PROPERTIES)
    assert result == b"a=\\ \\u00e9\\u20ac\\ud83d\\ude00\\\\\\n\n"


def test_a_first_line_that_a_mark_spoils_for_java_is_not_taken_for_set() -> None:
    content = b"\xef\xbb\xbfa=x\n"
    assert with_settings(content, {"a": "x"}, PROPERTIES) == content + b"a=x\n"


def test_a_malformed_escape_names_its_line() -> None:
    with pytest.raises(ConfigFileUnreadable, match="hexadecimal") as caught:
        settings(b"a=1\r\nb=\\\r\nx\\u12\r\n", PROPERTIES)
    assert caught.value.line == 3


@pytest.mark.parametrize("case", list(property_cases()), ids=lambda case: case.name)
def test_every_merge_of_the_corpus_is_right_by_javas_rules(case: Case) -> None:
    found = merge(
        pristine=case.old,
        local=case.mine,
        vendor=case.new,
        settings={},
        strategy=Strategy.CARRY,
        form=PROPERTIES,
    )
    old, mine, new = map(load, (case.old, case.mine, case.new))
    right = {
        key: (new if mine.get(key) == old.get(key) else mine).get(key) for key in {**mine, **new}
    }
    assert load(found.content) == {key: value for key, value in right.items() if value is not None}
    assert not found.undecided


@given(st.lists(bits, max_size=30).map("".join).map(lambda text: text.encode("latin-1")))
def test_two_readers_agree_on_any_file(content: bytes) -> None:
    try:
        held = settings(content, PROPERTIES)
    except ConfigFileUnreadable:
        return
    assert sorted((hexed(key), hexed(value)) for key, value in load(content).items()) == sorted(
        (hexed(key), hexed(value)) for key, value in held.items()
    )
