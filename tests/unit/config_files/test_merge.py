"""Config files after an upgrade: no edit is lost unseen, and every difference is accounted for."""

import re
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mapinfra.config_files import (
    PROPERTIES,
    SHELL,
    ConfigFileUnreadable,
    Format,
    Merged,
    MergeOutcome,
    Strategy,
    merge,
    settings,
    with_settings,
)
from mapinfra.config_files.model import PieceKind

SHELL_LINES = [
    "# heap",
    "# ----",
    "",
    "A=1",
    "A=2",
    "export A=1",
    'A="$A more"',
    "B='x y'",
    'B="$A"',
    'JAVA_OPTS="-Xms1g"',
    'JAVA_OPTS="$JAVA_OPTS -Xmx4G"',
    'JAVA_OPTS="$JAVA_OPTS -Xmx8G"',
    "C=1; B=2",
    "export C=3 A=4",
    ". /etc/default/map",
    "if true; then\n  A=3\nfi",
    'D="one\ntwo"',
]
PROPERTIES_LINES = [
    "# heap",
    "! ----",
    "",
    "a=1",
    "a=2",
    "a : 2",
    "b=\\u00e9",
    "b=\xe9",
    "c one,\\\n  two",
    "c",
    "centreon.url=http\\://h",
]


def files_of(lines: list[str]) -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda some, newline, end, mark: (
            mark + newline.join([*some, end]).rstrip("\0").encode("latin-1")
        ),
        st.lists(st.sampled_from(lines), max_size=10),
        st.sampled_from(["\n", "\r\n"]),
        st.sampled_from(["", "a_last=1"]),
        st.sampled_from([b"", b"", b"\xef\xbb\xbf"]),
    )


cases_of_properties = st.tuples(st.just(PROPERTIES), *[files_of(PROPERTIES_LINES)] * 3)
"""Lines that don't read each other; what becomes of those that do, test_config_meaning judges."""
cases = st.one_of(
    cases_of_properties,
    st.tuples(st.just(SHELL), *[files_of(SHELL_LINES)] * 3),
)
Case = tuple[Format, bytes, bytes, bytes]
strategies = st.sampled_from(Strategy)


def carry(form: Format, pristine: bytes | None, local: bytes, vendor: bytes) -> Merged:
    return merge(
        pristine=pristine,
        local=local,
        vendor=vendor,
        settings={},
        strategy=Strategy.CARRY,
        form=form,
    )


def lines_of(form: Format, content: bytes) -> Counter[str]:
    texts = (PieceKind.COMMENT, PieceKind.STATEMENT)
    return Counter(piece.text for piece in form.parse(content).pieces if piece.kind in texts)


def filled_lines(content: bytes) -> list[bytes]:
    return [line for line in content.splitlines() if line.strip()]


@given(cases_of_properties)
def test_carrying_keeps_every_edit_of_a_key_and_every_change_of_the_vendor(case: Case) -> None:
    form, pristine, local, vendor = case
    before, ours, theirs = (form.parse(content).definitions for content in case[1:])
    after = form.parse(carry(form, pristine, local, vendor).content).definitions
    for key in {**before, **ours, **theirs}:
        edited = ours.get(key) != before.get(key)
        assert after.get(key) == (ours.get(key) if edited else theirs.get(key))


@given(cases_of_properties)
def test_carrying_without_the_pristine_file_keeps_all_keys_of_both(case: Case) -> None:
    form, _, local, vendor = case
    ours, theirs = (form.parse(content).definitions for content in (local, vendor))
    after = form.parse(carry(form, None, local, vendor).content)
    assert after.definitions == theirs | ours


@given(cases_of_properties)
def test_carrying_loses_and_invents_no_line(case: Case) -> None:
    form, pristine, local, vendor = case
    # Where the vendor changed only words, the administrator's file stays.
    assume(settings(pristine, form) != settings(vendor, form))
    before, ours, theirs = (lines_of(form, content) for content in case[1:])
    after = lines_of(form, carry(form, pristine, local, vendor).content)
    for line in {**before, **ours, **theirs, **after}:
        allowed = range(
            min(ours[line], theirs[line]), max(ours[line], theirs[line], before[line]) + 1
        )
        assert after[line] in allowed
        if ours[line] == before[line]:
            assert after[line] == theirs[line]
        if theirs[line] == before[line]:
            assert after[line] == ours[line]
    alone = lines_of(form, carry(form, None, local, vendor).content)
    assert alone == lines_of(form, local) | lines_of(form, vendor)


@given(cases, st.booleans())
def test_carrying_twice_is_carrying_once(case: Case, known: bool) -> None:
    form, pristine, local, vendor = case
    once = carry(form, pristine if known else None, local, vendor).content
    assert carry(form, vendor, once, vendor).content == once
    if not known:
        # A third time, as if nothing were known of the old package: at most an empty line moves.
        assert filled_lines(carry(form, None, once, vendor).content) == filled_lines(once)


@given(cases)
def test_a_file_that_only_one_side_changed_is_taken_whole(case: Case) -> None:
    form, pristine, local, vendor = case
    assert carry(form, pristine, local, pristine).content == local
    if local != pristine:
        assert carry(form, local, local, vendor).content == vendor


@given(cases, strategies)
def test_equal_files_have_no_difference_and_stay_as_they_are(case: Case, way: Strategy) -> None:
    form, pristine, local, _ = case
    for origin in (pristine, None):
        merged = merge(
            pristine=origin, local=local, vendor=local, settings={}, strategy=way, form=form
        )
        assert merged == Merged(local, ())


@given(cases, strategies, st.booleans())
def test_declared_settings_win_in_every_strategy_and_need_no_decision(
    case: Case, way: Strategy, known: bool
) -> None:
    form, pristine, local, vendor = case
    wanted = {"A": "$x", "NEW": "1"}
    merged = merge(
        pristine=pristine if known else None,
        local=local,
        vendor=vendor,
        settings=wanted,
        strategy=way,
        form=form,
    )
    if merged.undecided == () or way is Strategy.REVIEW:
        assert settings(merged.content, form).items() >= wanted.items()
    assert {d.outcome for d in merged.differences if d.key in wanted} == {MergeOutcome.DECLARED}


@given(cases, strategies, st.booleans())
def test_every_difference_is_accounted_for(case: Case, way: Strategy, known: bool) -> None:
    form, pristine, local, vendor = case
    merged = merge(
        pristine=pristine if known else None,
        local=local,
        vendor=vendor,
        settings={},
        strategy=way,
        form=form,
    )
    ours, theirs = (form.parse(content).definitions for content in (local, vendor))
    keys = {key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)}
    assert {d.key for d in merged.differences} - {None} == keys
    one, other = lines_of(form, local), lines_of(form, vendor)
    assert {d.line for d in merged.differences} - {None} == {
        line for line in {**one, **other} if one[line] != other[line]
    }
    assert all("\n" not in str(d) and str(d).isprintable() for d in merged.differences)


@given(cases, st.booleans())
def test_keeping_and_taking_leave_the_file_byte_by_byte(case: Case, known: bool) -> None:
    form, pristine, local, vendor = case
    for way, expected, outcomes in (
        (Strategy.KEEP, local, {MergeOutcome.KEPT}),
        (Strategy.VENDOR, vendor, {MergeOutcome.DROPPED, MergeOutcome.TAKEN}),
    ):
        merged = merge(
            pristine=pristine if known else None,
            local=local,
            vendor=vendor,
            settings={},
            strategy=way,
            form=form,
        )
        assert merged.content == expected
        assert {d.outcome for d in merged.differences} <= outcomes
        assert merged.undecided == ()


@given(st.binary(), st.binary(), st.binary() | st.none(), strategies)
def test_any_bytes_merge_or_name_the_file_and_line(
    local: bytes, vendor: bytes, pristine: bytes | None, way: Strategy
) -> None:
    for form in (SHELL, PROPERTIES):
        told = list[str]()
        fault = "the local file, line 1"
        try:
            merged = merge(
                pristine=pristine, local=local, vendor=vendor, settings={}, strategy=way, form=form
            )
            told = [str(difference) for difference in merged.differences]
        except ConfigFileUnreadable as raised:
            fault = str(raised)
        assert all(line.isprintable() for line in told)
        assert re.match("the (local|vendor's|old package's) file, line [0-9]+", fault)


@given(cases_of_properties)
def test_line_ends_stay_those_of_the_vendors_file(case: Case) -> None:
    form, pristine, local, vendor = (
        case[0],
        *(content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for content in case[1:]),
    )
    assume(b"\n" in local + vendor)
    result = carry(form, pristine, local, vendor).content
    assert result.replace(b"\r\n", b"").count(b"\n") == 0


OLD = b"""# Centreon MAP 22.04
RUN_ARGS="--spring.profiles.active=prod"
JAVA_OPTS="-Xms512m -Xmx4G"
"""
LOCAL = b"""# Centreon MAP 22.04
RUN_ARGS="--spring.profiles.active=prod,tls"
# more heap since we are many
JAVA_OPTS="-Xms512m -Xmx8G"
HTTP_PROXY='http://proxy:3128'
"""
NEW = b"""# Centreon MAP 22.10
RUN_ARGS="--spring.profiles.active=prod"

# Heap and collector
JAVA_OPTS="-Xms512m -Xmx4G -XX:+UseG1GC"
LOG_DIR="/var/log/centreon-map"
"""


def of_shell(way: Strategy, declared: dict[str, str] | None = None) -> Merged:
    return merge(
        pristine=OLD,
        local=LOCAL,
        vendor=NEW,
        settings=declared or {},
        strategy=way,
        form=SHELL,
    )


def test_the_manuals_case_an_edited_centreon_map_conf() -> None:
    merged = of_shell(Strategy.CARRY)
    assert merged.content == (
        b"# Centreon MAP 22.10\n"
        b'RUN_ARGS="--spring.profiles.active=prod,tls"\n'
        b"# more heap since we are many\n"
        b"\n"
        b"# Heap and collector\n"
        b'JAVA_OPTS="-Xms512m -Xmx8G -XX:+UseG1GC"\n'
        b"HTTP_PROXY='http://proxy:3128'\n"
        b'LOG_DIR="/var/log/centreon-map"\n'
    )
    assert [str(difference) for difference in merged.differences] == [
        'RUN_ARGS: local "--spring.profiles.active=prod,tls" carried over,'
        ' the vendor has "--spring.profiles.active=prod"',
        'JAVA_OPTS: local "-Xmx8G" carried over, the vendor has "-Xmx4G"',
        'JAVA_OPTS: the vendor\'s "-XX:+UseG1GC" taken, local has nothing',
        'HTTP_PROXY: local "http://proxy:3128" carried over, the vendor has nothing',
        'LOG_DIR: the vendor\'s "/var/log/centreon-map" taken, local has nothing',
        'line "# Centreon MAP 22.04": only in the local file, gone, as the vendor took it out',
        'line "(hidden)": only in the local file, carried over',
        'line "# Centreon MAP 22.10": only in the vendor\'s file, taken',
        'line "# Heap and collector": only in the vendor\'s file, taken',
    ]


def test_a_conflict_is_told_apart_from_an_edit() -> None:
    newer = NEW.replace(b"-Xmx4G", b"-Xmx6G")
    found = [
        (d.key, d.conflict)
        for d in merge(
            pristine=OLD,
            local=LOCAL,
            vendor=newer,
            settings={},
            strategy=Strategy.CARRY,
            form=SHELL,
        ).differences
        if d.key
    ]
    assert found == [
        ("RUN_ARGS", False),
        ("JAVA_OPTS", True),
        ("JAVA_OPTS", False),
        ("HTTP_PROXY", False),
        ("LOG_DIR", False),
    ]


def test_review_decides_nothing_about_an_edited_file() -> None:
    merged = of_shell(Strategy.REVIEW)
    assert merged.content == LOCAL
    assert merged.undecided == merged.differences
    assert len(merged.undecided) == 9


def test_review_of_a_file_edited_only_where_the_spec_decides_stops_nothing() -> None:
    local = OLD.replace(b"Xmx4G", b"Xmx8G")
    merged = merge(
        pristine=OLD,
        local=local,
        vendor=NEW,
        settings={"JAVA_OPTS": "-Xmx8G"},
        strategy=Strategy.REVIEW,
        form=SHELL,
    )
    assert merged.undecided == ()
    assert merged.content == with_settings(NEW, {"JAVA_OPTS": "-Xmx8G"}, SHELL)


def test_review_without_the_pristine_file_leaves_every_difference_open() -> None:
    merged = merge(
        pristine=None,
        local=OLD,
        vendor=NEW,
        settings={},
        strategy=Strategy.REVIEW,
        form=SHELL,
    )
    assert merged.undecided == merged.differences != ()


def test_a_key_taken_out_locally_stays_out_only_if_it_is_known_to_have_been_there() -> None:
    with_pristine = carry(PROPERTIES, b"a=1\nb=2\n", b"b=2\n", b"a=1\nb=3\n")
    assert with_pristine.content == b"b=3\n"
    without = carry(PROPERTIES, None, b"b=2\n", b"a=1\nb=3\n")
    assert without.content == b"a=1\nb=2\n"


def test_a_key_that_the_vendor_gave_up_goes_unless_it_was_edited() -> None:
    merged = carry(PROPERTIES, b"a=1\nb=1\n", b"a=1\nb=2\n", b"c=1\n")
    assert merged.content == b"b=2\nc=1\n"
    assert [str(difference) for difference in merged.differences] == [
        'a: the vendor\'s nothing taken, local has "1"',
        'b: local (hidden) carried over, the vendor has nothing, originally "1"',
        'c: the vendor\'s "1" taken, local has nothing',
    ]


def test_the_local_file_may_be_of_another_line_end_than_the_vendors() -> None:
    merged = carry(PROPERTIES, b"a=1\n", b"a=one\\\r\n two\r\nnew=1\r\n", b"a=1\nb=1\n")
    assert merged.content == b"a=one\\\n two\nnew=1\nb=1\n"


def test_a_missing_end_of_line_stays_missing() -> None:
    merged = carry(PROPERTIES, b"a=1", b"a=1\nmine=1\n", b"# new\na=2")
    assert merged.content == b"# new\na=2\nmine=1"


def test_carried_lines_keep_bytes_that_are_no_utf_8() -> None:
    merged = carry(PROPERTIES, b"a=1\n", b"# \xe9\xff\na=caf\xe9\n", b"a=1\nb=1\n")
    assert merged.content == b"# \xe9\xff\na=caf\xe9\nb=1\n"


def test_an_added_frame_around_a_comment_stays_where_it_was_put() -> None:
    old = b"####\n# MAP\n####\na=1\n"
    merged = carry(PROPERTIES, old, b"####\n# ours\n####\n" + old, old + b"b=1\n")
    assert merged.content == b"####\n# ours\n####\n" + old + b"b=1\n"


@pytest.mark.parametrize("broken", ["local", "vendor", "pristine"])
def test_a_broken_file_is_named(broken: str) -> None:
    contents = {"pristine": b"A=1\n", "local": b"A=2\n", "vendor": b"A=3\n"}
    contents[broken] = b'A="secret\n'
    names = {
        "local": "the local file",
        "vendor": "the vendor's file",
        "pristine": "the old package's file",
    }
    with pytest.raises(ConfigFileUnreadable) as caught:
        merge(
            pristine=contents["pristine"],
            local=contents["local"],
            vendor=contents["vendor"],
            settings={},
            strategy=Strategy.CARRY,
            form=SHELL,
        )
    assert str(caught.value) == (
        f"{names[broken]}, line 1: a double quote is opened and never closed; mend that line"
    )


@pytest.mark.parametrize("strategy", Strategy)
def test_what_the_installation_wrote_stays_and_is_no_edit(strategy: Strategy) -> None:
    pristine = b"centreon.url=\ncentreon-map.port=8081\n"
    local = b"centreon.url=http\\://central\ncentreon-map.port=8081\n"
    vendor = b"centreon.url=\ncentreon-map.port=8081\nnew=1\n"
    merged = merge(
        pristine=pristine,
        local=local,
        vendor=vendor,
        settings={},
        strategy=strategy,
        form=PROPERTIES,
        kept=["centreon.url"],
    )
    assert settings(merged.content, PROPERTIES)["centreon.url"] == "http://central"
    assert merged.undecided == ()
