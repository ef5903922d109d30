"""Values that are lists of options for Java: merged option by option.

Of an option that is given twice the JVM takes the last (-Xmx, -D, most of -XX); others add up, as
Spring's `--name=value` and `-javaagent` do. Which are which: the manual page of java (JDK 17), what
`-XX:+PrintFlagsFinal` calls a ccstrlist, and Spring Boot's documentation of command line
properties.
"""

import re
from collections.abc import Iterator, Sequence

from mapinfra.config_files.meaning import Term, Value, joined

NAMES = frozenset({"JAVA_OPTS", "RUN_ARGS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"})
"""Variables whose values are such lists."""

Word = Value
"""One option as it is given, with its operand if that is a word of its own."""

_SIZE = re.compile(r"-X(mx|ms|mn|ss)")
_ALIASES = {"MaxHeapSize": "-Xmx", "InitialHeapSize": "-Xms", "ThreadStackSize": "-Xss"}
_COLLECTOR = re.compile(
    r"-XX:[+-](Use(?:Serial|Parallel|ParallelOld|G1|ConcMarkSweep|Z|Shenandoah|Epsilon)GC)$"
)
_COLLECTORS = "garbage collector"
_LISTS = frozenset({
    "-XX:CompileCommand", "-XX:CompileOnly", "-XX:OnError", "-XX:OnOutOfMemoryError",
    "-XX:StartFlightRecording",
})  # fmt: skip
_FLAG = re.compile(r"-XX:[+-]?(\w+)")
_PROPERTY = re.compile(r"-D([^=]+)")
_ARGUMENT = re.compile(r"--([^=]+)")
_TAKE_A_WORD = frozenset({
    "-cp", "-classpath", "--class-path", "-p", "--module-path", "--upgrade-module-path",
    "--add-modules", "--add-reads", "--add-exports", "--add-opens", "-jar", "-m", "--module",
})  # fmt: skip
# Between blanks, with what quotes hold together: whether a reader heeds the quotes or not.
_TEXT = re.compile(r"""(?:[^\s'"\\]|'[^']*'|"(?:[^"\\]|\\.)*"|\\.)+|\s+|.""", re.DOTALL)


def split(value: Value | None) -> tuple[Word, ...] | None:
    """Return the options of a value; None where its quotes hide where one ends."""
    words, word = list[Word](), list[str | Term]()
    for part in value or ():
        if isinstance(part, Term):
            word.append(part)
            continue
        for text in _TEXT.findall(part):
            if text in ("'", '"', "\\"):
                return None
            if not text.isspace():
                word.append(text)
            elif word:
                words.append(joined(tuple(word)))
                word = []
    return tuple(_with_operands([*words, joined(tuple(word))] if word else words))


def name(word: Word) -> str | Word:
    """Return what an option is about; of those with one name the last, or all of them, count."""
    first = word[0]
    if isinstance(first, Term):
        return word
    if _COLLECTOR.match(first):
        return _COLLECTORS
    if found := _SIZE.match(first):
        return found[0]
    if found := _FLAG.match(first):
        return _ALIASES.get(found[1], f"-XX:{found[1]}")
    if found := _PROPERTY.match(first) or _ARGUMENT.match(first):
        return found[0]
    return word


def effective(words: Sequence[Word]) -> dict[str | Word, Sequence[Word]]:
    """Return by name what counts of the options, in the order of their first."""
    held: dict[str | Word, list[Word]] = {}
    for word in words:
        held.setdefault(name(word), []).append(word)
    return {about: _counting(about, given) for about, given in held.items()}


def merged(old: Sequence[Word], mine: Sequence[Word], new: Sequence[Word]) -> tuple[Word, ...]:
    """Return the administrator's options with what the vendor changed of all others."""
    before, ours, theirs = effective(old), effective(mine), effective(new)
    result: dict[str | Word, Sequence[Word]] = dict(ours)
    at = list[str | Word]()
    for about, words in theirs.items():
        if ours.get(about) == before.get(about):
            _place(result, at, about, words)
        at.append(about)
    for about in before:
        if about not in theirs and ours.get(about) == before[about]:
            result.pop(about, None)
    return tuple(word for words in result.values() for word in words)


def same(one: Value | None, other: Value | None) -> bool:
    """Tell whether two values are the same to Java."""
    lists = split(one), split(other)
    if None in lists or (one is None) != (other is None):
        return one == other
    return _readings(lists[0] or ()) == _readings(lists[1] or ())


def value(words: Sequence[Word]) -> Value:
    """Return the options as one value."""
    parts = list[str | Term]()
    for word in words:
        parts += [" ", *word] if parts else word
    return joined(tuple(parts))


def text(words: Sequence[Word]) -> str | None:
    """Return options as text; None where a part of them isn't known."""
    parts = value(words)
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if len(texts) == len(parts) else None


def _with_operands(words: Sequence[Word]) -> Iterator[Word]:
    """Yield options with the operands that are words of their own."""
    whole: Word = ()
    for word in words:
        first = word[0]
        if whole and whole[-1] in _TAKE_A_WORD and not str(first).startswith("-"):
            whole = joined((*whole, " ", *word))
            continue
        if whole:
            yield whole
        whole = word
    if whole:
        yield whole


def _readings(words: Sequence[Word]) -> list[dict[str | Word, Sequence[Word]]]:
    """Return what counts of all, and behind each that isn't known: that may hold the same ones."""
    unknown = [at for at, word in enumerate(words) if isinstance(word[0], Term)]
    return [effective(words[at:]) for at in (0, *unknown)]


def _counting(about: str | Word, given: Sequence[Word]) -> Sequence[Word]:
    """Return which of the options of one name count."""
    if about == _COLLECTORS:
        # One choice, but several switches: -XX:-UseG1GC takes back no -XX:+UseParallelGC.
        return list({_COLLECTOR.sub(r"\1", str(word[0])): word for word in given}.values())
    return given if _adds_up(about) else given[-1:]


def _adds_up(about: str | Word) -> bool:
    return not isinstance(about, str) or about.startswith("--") or about in _LISTS


def _place(
    result: dict[str | Word, Sequence[Word]],
    before: Sequence[str | Word],
    about: str | Word,
    words: Sequence[Word],
) -> None:
    """Put an option of the vendor's where it is, or else behind the one it follows there."""
    if about in result:
        result[about] = words
        return
    items = list(result.items())
    names = [one for one, _ in items]
    anchor = next((one for one in reversed(before) if one in result), None)
    at = 0 if anchor is None else names.index(anchor) + 1
    # What isn't known may hold the same option, and then that of the administrator is to count.
    dark = next(
        (i for i, one in enumerate(names) if not isinstance(one, str) and isinstance(one[0], Term)),
        at,
    )
    at = min(at, dark)
    items.insert(at, (about, words))
    result.clear()
    result.update(items)
