"""What ssh_config files say of one host, as ssh(1) reads them (ssh_config(5), OpenSSH 9.2).

Own code: paramiko's reader takes an unknown Match criterion for true, a comment for a part of the
value, and knows no Include. What can't be judged here is refused, never passed over.
"""

import fnmatch
import getpass
import os
import re
import socket
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mapinfra.hosts.ssh_keywords import KNOWN, MEANT, REFUSED

Options = Mapping[str, tuple[str, ...]]
"""Values by keyword in lower case; the first one given counts, but for lists of files."""

_LISTS = ("identityfile", "certificatefile")  # each line adds to these
_COMMANDS = ("knownhostscommand", "localcommand", "proxycommand", "remotecommand")
_DEPTH = 16  # of Include, as in ssh(1)
_LINE = re.compile(r'\s*(?P<keyword>[^\s="]+|"[^"]*")(?:\s*=\s*|\s+|$)(?P<rest>.*)')
_ENVIRONMENT = re.compile(r"\$\{(?P<name>[^}]*)\}")
_TOKEN = re.compile(r"%(?P<letter>.?)")
_ESCAPED = "\"'\\"


class ConfigFault(Exception):
    """What can't be used of a configuration: where it stands, if anywhere, and what to do."""

    def __init__(self, what: str, remedy: str = "", where: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.where = where


@dataclass(frozen=True)
class Asked:
    """What ssh(1) would be given on its command line, and how long `Match exec` may take."""

    alias: str
    user: str | None = None
    port: int | None = None
    seconds: float = 10.0


def options_of(files: Sequence[Path], asked: Asked) -> Options:
    """Return what the files, the first one first, say of a host. A missing file says nothing.

    `hostname` is always there, with its tokens filled in. Raises ConfigFault for what ssh(1) would
    refuse, and for what mapinfra can't do as it would; OSError or UnicodeDecodeError for a file
    that can't be read.
    """
    reading = _Reading(asked)
    reading.take_all(files)
    reading.settled = reading.hostname()
    if reading.wants_another_pass:
        reading.final = True
        reading.take_all(files)
    for keyword, refusal in REFUSED.items():
        for value in reading.options.get(keyword, ()):
            if not refusal.harmless(value):
                raise ConfigFault(f"it has `{keyword} {value}`", refusal.remedy)
    return {**reading.options, "hostname": (reading.settled,)}


@dataclass(frozen=True)
class _Place:
    """Where lines are read: what Include starts from, whether any line counts, how deep."""

    base: Path
    active: bool = True
    depth: int = 0


@dataclass
class _Reading:
    """One look-up; `options` grow line by line, since Match may ask for those found so far.

    `settled` is the HostName that the first pass found: ssh(1) takes none from the final one.
    """

    asked: Asked
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    final: bool = False
    wants_another_pass: bool = False
    settled: str = ""

    def __post_init__(self) -> None:
        if self.asked.user is not None:
            self.options["user"] = (self.asked.user,)
        if self.asked.port is not None:
            self.options["port"] = (str(self.asked.port),)

    def take_all(self, files: Iterable[Path]) -> None:
        for file in files:
            self._take(file, _Place(_base(file)))

    def hostname(self) -> str:
        """The HostName found so far."""
        if self.settled:
            return self.settled
        name = self.options.get("hostname", (self.asked.alias,))[0]
        return expanded(name, {"%": "%", "h": self.asked.alias})

    def _take(self, file: Path, place: _Place) -> None:
        """Take a file in; within an Include that doesn't count, none of its lines does."""
        if place.depth > _DEPTH:
            raise ConfigFault("its Include goes in a circle")
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        counts = place.active
        for number, line in enumerate(text.split("\n"), start=1):
            try:
                counts = self._line(line, place, counts=counts)
            except ConfigFault as fault:
                fault.where = fault.where or f"{file}:{number}"
                raise

    def _line(self, line: str, place: _Place, *, counts: bool) -> bool:
        """Take a line in; return whether the lines after it count."""
        found = _LINE.match(line)
        if found is None or found["keyword"].startswith("#"):
            return counts
        name = found["keyword"].strip('"').lower()
        keyword, rest = MEANT.get(name, name), found["rest"]
        match keyword:
            case "host":
                # In a last pass ssh(1) takes the patterns for what the first one has found.
                name = self.settled if self.final else self.asked.alias
                return place.active and _is_listed(name, words(rest))
            case "match":
                return place.active and self._match(rest)
            case "include":
                inner = replace(place, active=counts, depth=place.depth + 1)
                for file in _included(words(rest), place.base):
                    self._take(file, inner)
            case _:
                self._option(keyword, rest, counts=counts)
        return counts

    def _option(self, keyword: str, rest: str, *, counts: bool) -> None:
        if keyword not in KNOWN:
            if _is_listed(keyword, self.options.get("ignoreunknown", ("",))[0].lower().split(",")):
                return
            raise ConfigFault(
                f"`{keyword}` is no keyword of ssh_config",
                "correct it, or name it in IgnoreUnknown",
            )
        values = (rest.strip(),) if keyword in _COMMANDS else tuple(words(rest))
        if not values or not values[0]:
            raise ConfigFault(f"`{keyword}` has no value", "give it one, or take it out")
        if not counts:
            return
        if keyword in _LISTS:
            held = self.options.get(keyword, ())
            self.options[keyword] = held + tuple(one for one in values[:1] if one not in held)
        else:
            self.options.setdefault(keyword, values)

    def _match(self, rest: str) -> bool:
        """Whether all criteria of a Match hold; those after one that doesn't aren't looked at."""
        criteria = _Criteria(rest)
        if not criteria.words:
            raise ConfigFault("`Match` has no criterion", "write Match all")
        for word in criteria:
            negated, criterion = word.startswith("!"), word.lstrip("!").lower()
            if self._holds(criterion, criteria) is negated:
                return False
        return True

    def _holds(self, criterion: str, criteria: "_Criteria") -> bool:
        local = getpass.getuser()
        match criterion:
            case "all":
                return True
            case "canonical":
                return self.final  # a last pass counts as one with canonical names, too
            case "final":
                self.wants_another_pass = True
                return self.final
            case "host":
                return _is_listed(self.hostname().lower(), criteria.values(lower=True))
            case "originalhost":
                return _is_listed(self.asked.alias.lower(), criteria.values(lower=True))
            case "user":
                return _is_listed(self.options.get("user", (local,))[0], criteria.values())
            case "localuser":
                return _is_listed(local, criteria.values())
            case "exec":
                return self._succeeds(criteria.value())
        raise ConfigFault(
            f"mapinfra can't judge `Match {criterion}`",
            "use host, originalhost, user, localuser, exec, final or all, or give mapinfra a "
            "configuration of its own (ssh.config)",
        )

    def _succeeds(self, command: str) -> bool:
        filled = expanded(command, tokens(self.options, self.asked.alias, self.hostname()))
        try:
            done = subprocess.run(
                ["/bin/sh", "-c", filled],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self.asked.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ConfigFault(
                f"the command of `Match exec` took longer than {self.asked.seconds:g} s",
                "correct the command, or raise ssh.connect_timeout",
            ) from None
        return done.returncode == 0


class _Criteria:
    """The words of a Match line, taken one after the other; `host=a` is two of them."""

    _NAMED = re.compile(r"!?(host|originalhost|user|localuser|exec)=(.*)", re.IGNORECASE)

    def __init__(self, rest: str) -> None:
        self.words: list[str] = []
        for word in words(rest):
            named = self._NAMED.fullmatch(word)
            self.words += word.split("=", 1) if named else [word]
        self._left = iter(self.words)

    def __iter__(self) -> Iterator[str]:
        return self._left

    def value(self) -> str:
        word = next(self._left, None)
        if word is None:
            raise ConfigFault("a criterion of `Match` has no value", "give it one")
        return word

    def values(self, *, lower: bool = False) -> list[str]:
        value = self.value()
        return (value.lower() if lower else value).split(",")


def words(text: str) -> list[str]:
    """Split as ssh(1) does: quotes of both kinds, backslashes, a comment at the end.

    Raises ConfigFault.
    """
    found: list[str] = []
    rest = text.lstrip()
    while rest and not rest.startswith("#"):
        word, rest = _word(rest)
        found.append(word)
        rest = rest.lstrip()
    return found


def _word(text: str) -> tuple[str, str]:
    """The first word, and what comes after it."""
    word, quote, index = "", "", 0
    while index < len(text) and (quote or not text[index].isspace()):
        char, after = text[index], text[index + 1 : index + 2]
        if char == "\\" and after and (after in _ESCAPED or (after == " " and not quote)):
            word, index = word + after, index + 1
        elif char == quote:
            quote = ""
        elif not quote and char in "\"'":
            quote = char
        else:
            word += char
        index += 1
    if quote:
        raise ConfigFault("it can't be read, a quote isn't closed", "close it")
    return word, text[index:]


def _is_listed(name: str, patterns: Sequence[str]) -> bool:
    """Whether a list of patterns has a name; one with `!` before it decides against it."""
    found = False
    for pattern in patterns:
        if pattern.startswith("!"):
            if _is_like(name, pattern[1:]):
                return False
        elif _is_like(name, pattern):
            found = True
    return found


def _is_like(name: str, pattern: str) -> bool:
    # `[` opens no set here: only * and ? are special.
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))


def _base(file: Path) -> Path:
    """What Include starts from: /etc/ssh for a file there, ~/.ssh for any other."""
    system = Path("/etc/ssh")
    return system if file.is_relative_to(system) else path("~/.ssh")


def _included(patterns: Iterable[str], base: Path) -> Iterator[Path]:
    for pattern in patterns:
        wanted = base / path(environment(pattern))
        yield from sorted(Path(wanted.anchor).glob(str(wanted.relative_to(wanted.anchor))))


def path(text: str) -> Path:
    """Return the path with its `~` or `~user` filled in; raise ConfigFault for no such user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        user = text.partition("/")[0]
        raise ConfigFault(f"`{text}` names no file, there is no {user}", "correct it") from None


def is_on(value: str) -> bool:
    """Tell whether a switch is on: ssh(1) takes true for yes, too."""
    return value.lower() in ("yes", "true")


def tokens(options: Options, alias: str, hostname: str) -> dict[str, str]:
    """What the tokens of ssh_config(5) stand for, but %C and those of KnownHostsCommand."""
    local, user = socket.gethostname(), getpass.getuser()
    return {
        "%": "%",
        "d": str(Path.home()),
        "h": hostname,
        "i": str(os.getuid()),
        "j": options.get("proxyjump", ("",))[0],
        "k": options.get("hostkeyalias", (alias,))[0],
        "L": local.partition(".")[0],
        "l": local,
        "n": alias,
        "p": options.get("port", ("22",))[0],
        "r": options.get("user", (user,))[0],
        "u": user,
    }


def expanded(text: str, known: Mapping[str, str]) -> str:
    """Fill in tokens; raise ConfigFault for one that isn't among those known."""

    def value(found: re.Match[str]) -> str:
        if found["letter"] not in known:
            raise ConfigFault(f"`{text}` has the token `{found[0]}`", "write it out")
        return known[found["letter"]]

    return _TOKEN.sub(value, text)


def environment(text: str) -> str:
    """Fill in `${NAME}`; raise ConfigFault for a variable that isn't set."""

    def value(found: re.Match[str]) -> str:
        held = os.environ.get(found["name"])
        if held is None:
            raise ConfigFault(f"`{text}` needs a variable that isn't set", f"set {found['name']}")
        return held

    return _ENVIRONMENT.sub(value, text)
