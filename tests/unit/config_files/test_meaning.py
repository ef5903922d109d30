"""A merge keeps what a shell file means: judged by real shells, over a corpus and any file."""

from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from mapinfra.config_files import SHELL, Merged, Strategy, merge
from tests.unit.config_files.merge_corpus import BASES, EDITS, VENDOR, Case, cases
from tests.unit.config_files.real_shell import variables

SHELLS: tuple[tuple[str, str | None], ...] = (("bash", None), ("bash", "big"), ("dash", "-Dc=1"))
"""Each with what COND is in its environment."""
INHERITED = "inherited"
"""A COND for an environment that has all other variables, too."""
LISTS = ("JAVA_OPTS", "RUN_ARGS")
Held = Mapping[str, tuple[bytes | None, bool]]

# What can't be judged stops a merge only where the vendor changes what it reads.
UNJUDGED = {
    "condition", "condition-or", "condition-between", "condition-on-memory", "loop", "function",
    "function-profile", "eval", "cut-by-pattern", "array", "default-of-own", "appended-alternative",
}  # fmt: skip


def merged(case: Case) -> Merged:
    return merge(
        pristine=case.old,
        local=case.mine,
        vendor=case.new,
        settings={},
        strategy=Strategy.CARRY,
        form=SHELL,
    )


def options(value: bytes | None) -> dict[str, list[str]] | None:
    """Return options by name as Java takes them: a rule of the test's own."""
    if value is None:
        return None
    held: dict[str, list[str]] = {}
    for word in value.decode().replace("'our MAP'", "our_MAP").split():
        name = word.partition("=")[0]
        if word.startswith("-XX:"):
            name = name.replace("+", "").replace("-XX:-", "-XX:")
        elif word.startswith(("-Xmx", "-Xms")):
            name = word[:4]
        if not word.startswith("--"):
            held.pop(name, None)
        held.setdefault(name, []).append(word)
    return held


def three_way(
    name: str,
    old: Held,
    mine: Held,
    new: Held,
    *,
    changed: bool,
    value_changed: bool,
    changed_by_vendor: bool,
) -> tuple[object, object] | None:
    """What a variable should hold; whether it was changed is asked of every shell together."""

    def parts(held: Held) -> tuple[object, object] | None:
        found = held.get(name)
        if found is None:
            return None
        return (options(found[0]) if name in LISTS else found[0]), found[1]

    before, ours, theirs = (parts(held) for held in (old, mine, new))
    if not changed:
        return theirs
    if not changed_by_vendor or ours is None or theirs is None:
        return ours
    if before is None:
        exported = ours[1] or theirs[1]
    else:
        exported = theirs[1] if ours[1] == before[1] else ours[1]
    values = [None if before is None else before[0], ours[0], theirs[0]]
    if name not in LISTS or None in values[1:]:
        # Equal here and not in every shell: by chance, unless neither has a value at all.
        by_chance = value_changed and values[1] is not None
        untouched = values[0] == values[1] and not by_chance
        return values[2] if untouched else values[1], exported
    a, b, c = ({} if not isinstance(one, dict) else one for one in values)
    result = {about: (c if b.get(about) == a.get(about) else b).get(about) for about in {**b, **c}}
    return {about: words for about, words in result.items() if words is not None}, exported


@cache
def read_by(shell: str, condition: str | None, content: bytes) -> Held | None:
    environment = {} if condition is None else {"COND": condition}
    if condition == INHERITED:
        environment |= {name: f"inherited-{name}" for name in ("A", "B", "C", *LISTS)}
        environment["OLDPWD"] = "/"  # a folder: else bash doesn't take it over
    held = variables(shell, content, environment)
    if shell != "dash" or held is None:
        return held
    # To dash one that is unset after `set -a` is exported, once it gets a value; not to bash.
    by_bash = variables("bash", content, environment) or {}
    return {name: one for name, one in held.items() if one[0] is not None or name in by_bash}


def differ(name: str, one: bytes, other: bytes, *, value_only: bool = False) -> bool:
    """Tell whether any shell holds another value after one file than after the other.

    Being exported or not is a difference, too, unless the value alone is asked for.

    Two texts may come to the same value by chance, in one environment and not in the next.
    """

    for shell in (*SHELLS, ("bash", INHERITED)):
        held, then = read_by(*shell, one), read_by(*shell, other)
        # What a file doesn't name is as the environment has it.
        unnamed = (f"inherited-{name}".encode(), True) if shell[1] == INHERITED else None
        if held is None or then is None:
            continue  # not every file is one for every shell
        found, other_found = held.get(name, unnamed), then.get(name, unnamed)
        if value_only:
            found, other_found = found and (found[0], True), other_found and (other_found[0], True)
        if found != other_found:
            return True
    return False


def judge(case: Case, result: bytes, shell: str, condition: str | None) -> str:
    """Return what is wrong with a merged file; nothing when all is right."""
    old, mine, new, found = (
        read_by(shell, condition, content) for content in (case.old, case.mine, case.new, result)
    )
    if old is None or mine is None or new is None:
        return ""  # not a file for this shell
    if found is None:
        return "the shell gives up"
    for name in {**old, **mine, **new, **found}.keys() - {"COND"}:
        right = three_way(
            name,
            old,
            mine,
            new,
            changed=differ(name, case.old, case.mine),
            value_changed=differ(name, case.old, case.mine, value_only=True),
            changed_by_vendor=differ(name, case.old, case.new),
        )
        is_there = found.get(name)
        now = None if is_there is None else (
            options(is_there[0]) if name in LISTS else is_there[0], is_there[1]
        )  # fmt: skip
        if now != right:
            return f"{name} is {now}, not {right}"
    return ""


# The value of each of these is told from the text.
lines = st.sampled_from(
    [
        "# a comment", "", 'A="one"', "A='two words'", "B=${A}", 'A="$A three"', "A=${A:-four}",
        "A+=x", "export A", "export B=$A", "unset A", 'B="$B$A"', 'C="${B:+set}"', "C=$COND",
        'JAVA_OPTS="-Xmx1G -Dx=1"', 'JAVA_OPTS="$JAVA_OPTS -Xmx2G"', "JAVA_OPTS='-Dy=2 -Xmx3G'",
        'JAVA_OPTS="-XX:+F $JAVA_OPTS"', 'export JAVA_OPTS="-Dx=2"', "A=1; B=2", "set -a", "f",
        'JAVA_OPTS="${JAVA_OPTS/1G/4G}"', '[ -n "$COND" ] && A=six', "f() { A=seven; }",
        'C="$(echo "$A")"', 'if [ -n "$COND" ]; then\n  B=eight\nfi', 'eval "A=nine"', "L=(1 2)",
        'C="${L[1]}"', 'A="${COND:-ten}"', "unset B", 'B="${B-unset}"', "echo >&2",
        "RUN_ARGS=--x=1", ": ${C:=eleven}", 'RUN_ARGS="$RUN_ARGS --y=2"', "A=~",
        'for A in 1 2; do B="$B$A"; done', "HOME=/srv", "B=x:~/y", "A=\\\n~", "cd /", "C=$PWD",
        "C=$OLDPWD", "[ -e tmp ] && C=there", 'C="$(pwd)"', "C=${COND:-~}",
    ]
)  # fmt: skip
files = st.lists(lines.map(lambda line: f"{line}\n"), max_size=6).map("".join).map(str.encode)


@example(b'C="${L[1]}"\n', b"C=$OLDPWD\n", b"")
@example(b'C="${B:+set}"\n', b"C=$COND\n", b"C=$PWD\n")
@example(b"", b"export A\n", b'A="one"\n')
@example(b"", b'A="one"\n', b"unset A\nexport A\n")
@example(b"export A\n", b'A="one"\n', b"unset A\n")
@example(b"", b"unset A\n", b"export A\n")
@example(b"unset A\n", b"export A\n", b"")
@example(b"", b"A=1; B=2\n", b"export B=$A\n")
@example(b'C="${B:+set}"\n', b"C=$COND\n", b"")
@example(b'B="${B-unset}"\n', b"L=(1 2)\n", b"")
@example(b'B="$B$A"\n', b"B=${A}\n", b"")
@example(b'if [ -n "$COND" ]; then\n  B=eight\nfi\n', b'B="${B-unset}"\n', b"")
@example(b"", b"A=~/map\n", b"HOME=/srv\n")
@example(b"", b"B=$PWD\n", b"cd /\n")
@example(b"cd /\n", b"B=$OLDPWD\n", b"cd /tmp\n")
@example(b"", b"[ -e tmp ] && B=there\n", b"cd /\n")
@effort(max_examples=100)
@given(files, files, files)
def test_a_merge_of_any_files_is_right_or_stops(old: bytes, mine: bytes, new: bytes) -> None:
    # Most of a real file is common to all versions.
    common = b'JAVA_OPTS="-Xmx4G"\nA=0\nRUN_ARGS="--x=0"\n'
    case = Case("generated", common + old, common + old + mine, common + new)
    found = merged(case)
    if not found.undecided:
        assert [judge(case, found.content, *shell) for shell in SHELLS] == [""] * len(SHELLS)


@example(b"export B=$A\nA=1; B=2\n")
@example(b"A=; export A=${A}; B=$A\n")
@example(b"C='a b'; export A=$C; B=$A; A=1\n")
@example(b"HOME=/srv\nA=\\\n~\n")
@effort(max_examples=100)
@given(files)
def test_what_is_told_of_a_file_is_what_a_real_shell_holds(content: bytes) -> None:
    found = SHELL.meaning(SHELL.parse(content))
    for shell, condition in SHELLS:
        held = read_by(shell, condition, content)
        for name in found.variables if held is not None else ():
            text = found.literal(name)
            if text is not None:
                assert held is not None
                assert held[name] == (text.encode(), found.variables[name].exported)


CASES = {case.name: case for case in cases()}


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("base", BASES)
def test_every_merge_of_the_corpus_is_right_or_stops_at_a_line(base: str, edit: str) -> None:
    wrong = dict[str, str]()
    for change in VENDOR:
        case = CASES[f"{base}: {edit} meets {change}"]
        found = merged(case)
        if found.undecided:
            assert edit in UNJUDGED, case.name
            assert change != "comment", case.name
            assert all(" of the local file" in str(one) for one in found.undecided)
            continue
        for shell, condition in SHELLS:
            if fault := judge(case, found.content, shell, condition):
                wrong[f"{case.name} ({shell}, {condition})"] = fault
    assert not wrong


def test_the_corpus_is_large_and_most_of_it_merges() -> None:
    stopped = [case for case in CASES.values() if merged(case).undecided]
    assert len(CASES) >= 150
    assert len(stopped) < len(CASES) / 6


# What is told, and what comes of it over the years

OLD = BASES["22.10"].encode()
EDITED = EDITS["heap"](BASES["22.10"]).encode()


def test_a_new_flag_of_the_vendors_arrives_in_three_updates_in_a_row() -> None:
    for edit in ("heap", "exported", "appended", "appended-default", "proxy"):
        vendor, local = BASES["22.10"], EDITS[edit](BASES["22.10"]).encode()
        for change in ("flag", "flag-last", "all"):
            newer = VENDOR[change](vendor)
            case = Case(edit, vendor.encode(), local, newer.encode())
            found = merged(case)
            assert not found.undecided
            assert [judge(case, found.content, *shell) for shell in SHELLS] == [""] * 3
            vendor, local = newer, found.content
        for flag in (b"-XX:+ExitOnOutOfMemoryError", b"-XX:MaxMetaspaceSize=512m", b"-XX:+New"):
            assert local.count(flag) == 1, edit


def test_each_option_is_told_by_itself() -> None:
    found = merged(Case("", OLD, EDITED, VENDOR["all"](BASES["22.10"]).encode()))
    told = [str(one) for one in found.differences if one.key == "JAVA_OPTS"]
    assert told == [
        'JAVA_OPTS: the vendor\'s "-Xms1G" taken, local has "-Xms512m"',
        'JAVA_OPTS: local "-Xmx8G" carried over, the vendor has "-Xmx4G"',
        'JAVA_OPTS: the vendor\'s "-XX:+New" taken, local has nothing',
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("-XX:+UseParallelGC -XX:-UseG1GC", "-XX:+UseSerialGC -XX:-UseG1GC"),
        ("-XX:-UseG1GC", "-XX:+UseParallelGC -XX:-UseG1GC"),
        ("-XX:OnError=/a -XX:OnError=/z", "-XX:OnError=/b -XX:OnError=/z"),
        ("-XX:OnOutOfMemoryError=/z", "-XX:OnOutOfMemoryError=/b -XX:OnOutOfMemoryError=/z"),
        ("-XX:CompileCommand=quiet", "-XX:CompileCommand=print,a.b -XX:CompileCommand=quiet"),
    ],
)
def test_an_option_that_adds_up_is_hidden_by_no_later_one(old: str, new: str) -> None:
    versions = [f'JAVA_OPTS="-Xmx4G {old}"\n', f'JAVA_OPTS="-Xmx8G {old}"\n']
    found = merged(Case("", *(one.encode() for one in (*versions, f'JAVA_OPTS="-Xmx4G {new}"\n'))))
    assert found.content.decode() == f'JAVA_OPTS="-Xmx8G {new}"\n'
    assert str(found.differences[-1]).startswith("JAVA_OPTS: the vendor's ")


def test_whether_the_environment_has_the_last_word_on_an_option_is_a_change() -> None:
    first, last = b'JAVA_OPTS="$JAVA_OPTS -Xmx1G"\n', b'JAVA_OPTS="-Xmx1G $JAVA_OPTS"\n'
    found = merged(Case("", last + b"A=1\n", last + b"A=2\n", first + b"A=1\n"))
    assert found.content == first + b"A=2\n"


def test_a_file_stays_byte_for_byte_when_the_vendor_changes_only_words() -> None:
    for edit, edited in EDITS.items():
        local = edited(BASES["22.10"]).encode()
        found = merged(Case(edit, OLD, local, VENDOR["comment"](BASES["22.10"]).encode()))
        assert found.content == local


def test_what_cant_be_judged_stops_the_merge_at_its_line() -> None:
    local = OLD + b'[ -f /etc/big ] && JAVA_OPTS="$JAVA_OPTS -Xmx16G"\n'
    found = merged(Case("", OLD, local, VENDOR["flag"](BASES["22.10"]).encode()))
    line = local.count(b"\n")
    assert found.content == local
    assert [str(one) for one in found.undecided] == [
        f"line {line} of the local file (JAVA_OPTS): only a running shell can tell what it makes of"
        " the vendor's change"
    ]


def test_a_declared_setting_needs_no_judgement() -> None:
    local = OLD + b'[ -f /etc/big ] && RUN_ARGS="$RUN_ARGS --x=1"\n'
    found = merge(
        pristine=OLD,
        local=local,
        vendor=VENDOR["profile"](BASES["22.10"]).encode(),
        settings={"RUN_ARGS": "--spring.profiles.active=prod"},
        strategy=Strategy.CARRY,
        form=SHELL,
    )
    assert not found.undecided
    held = read_by("dash", None, found.content)
    assert held is not None
    assert held["RUN_ARGS"] == (b"--spring.profiles.active=prod", False)
