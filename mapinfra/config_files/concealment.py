"""What of a config file may be shown: what is known to be harmless, and nothing else.

A password may stand anywhere in such a file, and nothing about its looks tells: in a comment, in
the option of a command, in the value of a key that somebody made up. So a value is shown when its
key is known and it looks as that key's values do; every other one is `HIDDEN`. Options of MAP's
files: centreon.url, the profiles and the memory of its installation page and of "advanced
configuration" (24.10); options of Java: java(1).
"""

import re

from mapinfra.text import HIDDEN, visible, without_secrets

_SECRET_NAME = re.compile(
    r"pass|pwd|secret|credential|authori[sz]ation|bearer"
    r"|(?:sign|signing|private|api|access|encryption)[-_.]?key"
    r"|token(?![-_.]validity)"
    r"|(?:^|[-_.])(?:pw|auth|pin)(?:$|[-_.])",
    re.IGNORECASE,
)
_HOST = r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]"
_HARMLESS = tuple(
    (re.compile(rf"(?:.*[._-])?(?:{keys})", re.IGNORECASE), re.compile(values))
    for keys, values in (
        (
            "port|delay|timeout|interval|seconds|minutes|hours|days|size|age|count|threads|retries",
            r"\d{1,9}",
        ),
        (r"centreon[._]url|https?_proxy|url", rf"https?://(?:{_HOST})(?::\d+)?(?:/centreon)?/?"),
        (
            r"connection\.url",
            rf"jdbc:(?:mariadb|mysql):(?:[a-z]+:)?//(?:{_HOST})(?::\d+)?"
            rf"(?:,(?:{_HOST})(?::\d+)?)*/\w*",
        ),
        ("address|host|hostname", rf"{_HOST}|[0-9A-Fa-f:]+"),
        (
            "dir|directory|home|path|file|tmpdir|keystore|truststore|heapdumppath|errorfile",
            r"/[A-Za-z0-9_./-]*",
        ),
        ("dialect", r"(?:org\.hibernate\.dialect\.)?\w+Dialect"),
        (r"profiles\.active", r"[a-z][a-z_]*(?:,[a-z][a-z_]*)*"),
        (r"logging\.level\..*", "TRACE|DEBUG|INFO|WARN|ERROR|OFF"),
        (r"file\.encoding|user\.(?:timezone|language|country)", "[A-Za-z]+[A-Za-z0-9/_+-]*"),
    )
)
_SWITCH = re.compile("true|false|yes|no|on|off|0|1", re.IGNORECASE)
_JAVA = re.compile(
    r"-X(?:m[snx]|ss)\d+[kmgt]?|-XX:[+-][A-Za-z0-9]+|-XX:[A-Za-z0-9]+=\d+(?:\.\d+)?[kmgt%]?"
    r"|-server|-client|-verbose:gc|\$\{[A-Z][A-Z0-9_]*\}|\$(?:JAVA_OPTS|RUN_ARGS)",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?P<dash>-D|-XX:|--)(?P<name>[A-Za-z][\w.-]{0,79})=(?P<value>.*)", re.DOTALL)
_QUOTES = frozenset("'\"\\`")
# A stray line of a properties file is a key, too: a password's, or one of a private key's lines.
_NAME = re.compile(
    r"(?:centreon|centreon[-_]map|map|broker|hibernate|spring|server|logging|management|log4j2?"
    r"|javax?|jdk|sun|com\.sun|file|user|https?|networkaddress)[._-][\w.-]{1,80}"
    r"|(?:CENTREON|MAP|JAVA|JDK|JRE|DB|LOG)_[A-Z0-9_]{1,40}|(?:HTTPS?|NO)_PROXY|RUN_ARGS|LOG"
    r"|PATH|HOME|TMPDIR|LANG|LC_[A-Z]{1,20}|TZ"
)


def names_a_secret(key: str) -> bool:
    """Tell whether a key's name says that its value is a password, a token or a private key."""
    return _SECRET_NAME.search(key) is not None


def shown_name(key: str, *, valued: bool, public: bool = False) -> str:
    """Return a key as it may be shown; `public` when the vendor's file or the spec has it.

    `valued` when it has a value: what has none may be no key at all.
    """
    return visible(key) if public or (valued and _NAME.fullmatch(key)) else HIDDEN


def shown_value(key: str, value: str) -> str:
    """Return the value of a key as it may be shown, in one line.

    Of a list of options each is judged by itself: `-Xmx4G -Dcentreon-map.signing-key=(hidden)`.
    """
    if not value.strip():
        return visible(value)
    if names_a_secret(key):
        return HIDDEN
    if value.startswith(("-", "$")):
        return " ".join(_options(value))
    return value if _harmless(key, value) else HIDDEN


def shown_option(word: str) -> str:
    """Return one option of a list as it may be shown: with its value, by its name, or neither."""
    if _JAVA.fullmatch(word):
        return word
    named = _NAMED.fullmatch(word)
    # A JVM knows each of its own -XX: it starts with no other.
    if named is None or not (named["dash"] == "-XX:" or _NAME.fullmatch(named["name"])):
        return HIDDEN
    value = named["value"]
    clear = not value or (_harmless(named["name"], value) and not names_a_secret(named["name"]))
    return f"{named['dash']}{named['name']}={value if clear else HIDDEN}"


def shown_line(line: str, *, public: bool) -> str:
    """Return a line that sets no key as it may be shown; `public` when a package brings it."""
    return without_secrets(line) if public else HIDDEN


def _harmless(key: str, value: str) -> bool:
    if _SWITCH.fullmatch(value):
        return True
    return any(
        keys.fullmatch(key) and values.fullmatch(value) is not None for keys, values in _HARMLESS
    )


def _options(value: str) -> list[str]:
    """Return each option as it may be shown; what follows a quote may be one value with blanks."""
    shown = list[str]()
    words = value.split()
    for number, word in enumerate(words, start=1):
        shown.append(shown_option(word))
        if _QUOTES & set(word):
            return [*shown, HIDDEN] if number < len(words) else shown
    return shown
