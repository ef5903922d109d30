"""Text that somebody else wrote, made fit to be shown.

Names of hosts' files, rows of databases, answers of APIs and the output of commands may hold
anything: sequences that steer a terminal, marks that turn the order of what is read, characters
that nobody sees. They are shown as Python writes them, such as `\\x1b`.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

HIDDEN = "(hidden)"

# What takes no room on a screen though Python counts it as printable: Default_Ignorable_Code_Point
# of Unicode's DerivedCoreProperties.txt, without what `isprintable` refuses anyway.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

_NOT_SAID = r"(?!\(hidden\)|(?:YES|NO)\b)"
# What a secret is likely to follow in a text; what is hidden already isn't hidden again.
_LIKELY = tuple(
    re.compile(text, re.IGNORECASE | re.DOTALL)
    for text in (
        rf"(://[^/\s:@]*:){_NOT_SAID}\S*(?=@)",
        r"([\w.-]*(?:pass|pwd|secret|credential|token(?![-_.]validity)"
        r"|(?:sign|signing|private|api|access|encryption)[-_.]?key|authori[sz]ation)"
        rf"[\w.-]*[\"']?\s*[=:])\s*{_NOT_SAID}\S.*",
        rf"(\b(?:[\w.-]*[-_.])?(?:pw|auth|pin)[\"']?\s*[=:])\s*{_NOT_SAID}\S.*",
        rf"((?:^|\s)--?[\w.-]*(?:pass|pwd|secret|token)[\w.-]*\s)\s*{_NOT_SAID}\S.*",
        rf"(\b(?:basic|bearer)\s)\s*{_NOT_SAID}[\w.+/=~-]{{6,}}.*",
        rf"((?:^|\s)(?:-u|--user|-U|--proxy-user)[\s=]?){_NOT_SAID}\S*:\S.*",
        # A shell's or a parser's word on a line of a config file quotes it.
        rf"(\.(?:conf|cnf|properties|sh|env)[\"']?: (?:line )?\d+: ){_NOT_SAID}\S.*",
        rf"((?:^|\s)-p){_NOT_SAID}[^\s=-]\S*",
    )
)


def visible(text: str) -> str:
    """Return text on one line in which every character is seen, and none has an effect.

    Shown again, it stays as it is.
    """
    if text.isprintable() and _UNSEEN.search(text) is None:
        return text
    return "".join(map(_seen, text))


def visible_lines(text: str) -> list[str]:
    """Return each line of a text as `visible` shows it."""
    return [visible(line) for line in text.split("\n")]


def visible_leaves(value: Any, known: Collection[str] = ()) -> Any:
    """Copy JSON with each text in it as `visible` shows it, but those in `known`."""
    match value:
        case str():
            return value if value in known else visible(value)
        case Mapping():
            return {visible_leaves(k, known): visible_leaves(v, known) for k, v in value.items()}
        case list() | tuple():
            return [visible_leaves(one, known) for one in value]
    return value


def texts(value: Any) -> Iterator[str]:
    """Yield each text in JSON, keys included."""
    match value:
        case str():
            yield value
        case Mapping():
            for key, inner in value.items():
                yield from (str(key), *texts(inner))
        case list() | tuple():
            for inner in value:
                yield from texts(inner)


def without_secrets(text: str) -> str:
    """Return text on one line, with what looks like a secret hidden.

    For text of which nothing is known, such as what a command said; a second line of defence.
    """
    for likely in _LIKELY:
        text = likely.sub(rf"\1{HIDDEN}", text)
    return visible(text)


def _seen(character: str) -> str:
    if character.isprintable() and _UNSEEN.match(character) is None:
        return character
    return character.encode("unicode_escape").decode()
