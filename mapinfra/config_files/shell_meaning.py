"""What a shell file means, as far as its text proves it.

Straight-line assignments are evaluated. Any other command is not modelled: what it may write is
then known only as "this text, having read these values". Where in doubt a command counts as
reading and writing more than it does, so that two files count as different rather than as alike.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from mapinfra.config_files.meaning import Meaning, Term, Value, Variable, joined
from mapinfra.config_files.model import Assignment, ConfigFile, Piece, PieceKind, ValuePart

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXPORT = re.compile(r"export((?:[ \t]+[A-Za-z_]\w*)+)[ \t]*;?[ \t]*(?:#.*)?", re.ASCII)
_UNSET = re.compile(r"unset(?:[ \t]+-v)?((?:[ \t]+[A-Za-z_]\w*)+)[ \t]*;?[ \t]*(?:#.*)?", re.ASCII)
_EXPORT_ALL = re.compile(r"set[ \t]+([-+])(?:a|o[ \t]+allexport)[ \t]*;?[ \t]*(?:#.*)?")
_FUNCTION = re.compile(r"(?:function[ \t]+)?([\w.:-]+)[ \t]*\([ \t]*\)|function[ \t]+([\w.:-]+)")

_DEFAULT = re.compile(r"\$\{([A-Za-z_]\w*)(:?[-+])([\w@%+=:,./ -]*)\}", re.ASCII)
_REPLACED = re.compile(r"\$\{([A-Za-z_]\w*)(//?)([\w+=:,. -]+)/([\w+=:,./% -]*)\}", re.ASCII)
_ASSIGNS = re.compile(r"\$\{!|\$\{\w+(?:\[[^]]*\])?:?=|\$\(\(|\$\[")
_RUNS = re.compile(r"\$\(|`")
_CHANGING = re.compile(
    r"\$_|\$\{?(?:LINENO|RANDOM|SRANDOM|SECONDS|EPOCH\w+|BASH_\w+|FUNCNAME|[?!_-])"
)

# After these nothing that follows is known to take place, or to mean what it says.
_ENDS = re.compile(
    r"(?<![\w-])(?:eval|source|trap|alias|unalias|enable|exec|exit|return|set|shopt|logout|readonly"
    r"|break|continue|nameref|coproc|suspend|builtin|command)(?![\w-])"
    r"|(?:^|[\s;&|({])\.(?=\s)|\$\{!|(?<![\w-])(?:declare|typeset|local)\s+-\w*[nriul]"
)
_DECLARES = re.compile(
    r"(?<![\w-])(?:read|unset|export|declare|typeset|local|for|select|mapfile|readarray|getopts|let"
    r"|printf|wait)(?![\w-])|\(\(|\$\["
)
_HIDDEN = re.compile(r"\w[\"'\\]+\w*\+?=|(?:^|\s)[\"'\\]*\$|\w[\"'\\]+\w|(?:^|\s)\{[^\s;]*,")
_WRITTEN = re.compile(r"(?<![\w.-])([A-Za-z_]\w*)(?:\[[^]]*\])?\+?=|\$\{(\w+)(?:\[[^]]*\])?:?=")
_NOT_SCALAR = re.compile(
    r"\w\+?=\(|\w\[[^]]*\]\+?=|(?<![\w-])(?:declare|typeset|local|mapfile|readarray)(?![\w-])"
    r"|read\s+-\w*a"
)
_MOVES = re.compile(r"(?<![\w-])(?:cd|pushd|popd)(?![\w-])")
_MOVED = frozenset({"PWD", "OLDPWD", "DIRSTACK"})
# What reads a variable without naming it; where the shell is tells what a relative path names.
_READERS = (
    (re.compile(r"~(?![\w.+-])"), "HOME"),
    (re.compile(r"~-"), "OLDPWD"),
    (re.compile(r"~\+|(?<!\S)-(?:[b-hkprsuwxGLNOS]|ef|nt|ot)\s|[<>*?]"), "PWD"),
)
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_QUOTE_IN_COMMENT = re.compile(r"(?:^|\s)#.*['\"]")
_BETWEEN_COMMANDS = re.compile(r"[;&|()`\n]|(?<!\$)\{")
_BEFORE_A_COMMAND = re.compile(
    r"\s*(?:(?:if|then|else|elif|do|while|until|time|!|\})\s+)*"
    r"(?:[A-Za-z_]\w*(?:\[[^]]*\])?\+?=\S*(?:\s+|$))*"
)
_PLAIN_WORD = re.compile(r"[\w./:+@%=\[\]{}*?!#-]+")
_PLAIN_VALUE = re.compile(r"[^\s*?\[\]\\~{}\"'$`();&|<>#!]+", re.ASCII)
_BUILTINS = frozenset({
    "[", "[[", "test", ":", "true", "false", "export", "unset", "echo", "printf", "read", "let",
    "declare", "typeset", "local", "if", "then", "else", "elif", "fi", "for", "do", "done",
    "while", "until", "case", "esac", "select", "function", "{", "}", "!", "]]", "]",
})  # fmt: skip
# The shell's own.
_SPECIAL = frozenset({
    "BASHOPTS", "BASHPID", "BASH_ARGV0", "COMP_WORDBREAKS", "DIRSTACK", "EPOCHREALTIME",
    "EPOCHSECONDS", "EUID", "FUNCNAME", "GROUPS", "HISTCMD", "LINENO", "OPTIND", "PPID", "RANDOM",
    "SECONDS", "SHELLOPTS", "SRANDOM", "UID",
})  # fmt: skip
# What a command may heed though nobody exports it here: it often comes from the environment.
_ENVIRONMENT = re.compile(
    r"PATH|IFS|HOME|LANG|LANGUAGE|LC_\w+|TZ|LD_\w+|CDPATH|ENV|BASH_ENV|POSIXLY_CORRECT|TMPDIR|PWD"
)


def meaning(document: ConfigFile) -> Meaning:
    """Return what a shell holds once it has read the file."""
    reading = _Reading()
    line = 1
    for index, piece in enumerate(document.pieces):
        if not reading.read(piece, line):
            reading.rest(document.pieces[index:], line)
            break
        line += piece.raw.count(b"\n")
    return Meaning(reading.variables, tuple(reading.effects), reading.whole)


@dataclass
class _Reading:
    """The state of a shell that has read a file so far."""

    variables: dict[str, Variable] = field(default_factory=dict)
    effects: list[Term] = field(default_factory=list)
    functions: dict[str, str] = field(default_factory=dict)
    odd: set[str] = field(default_factory=lambda: set(_SPECIAL))
    """Names whose assignment does more, or less, than to set a text."""
    exports_all: bool = False
    whole: bool = True

    def read(self, piece: Piece, line: int) -> bool:
        """Take the next piece; tell whether what it does has bounds."""
        if piece.assignments:
            return self._assignments(piece, line)
        if piece.kind not in (PieceKind.SETTING, PieceKind.STATEMENT):
            return True
        text = piece.text
        return self._flag(text) or self._declaration(text) or self._statement(text, line)

    def rest(self, pieces: Iterable[Piece], line: int) -> None:
        """Take all that follows as one command of which anything may come."""
        left = [piece for piece in pieces if piece.kind in (PieceKind.SETTING, PieceKind.STATEMENT)]
        text = "\n".join(piece.text for piece in left)
        self.whole = False
        known = set(self.variables)
        self._do(text, line, known, _written(text) | known, environment=True)

    # Lines that are modelled

    def _assignments(self, piece: Piece, line: int) -> bool:
        """Take `A=1; B=2` one by one, an odd one as a command."""
        for held in piece.assignments:
            before = self.variables.get(held.key)
            exported = held.exported or self.exports_all or bool(before and before.exported)
            if self._is_odd(piece, held, line):
                text = piece.raw[held.start : held.end].decode("latin-1")
                if not self._statement(f"export {text}" if held.exported else text, line):
                    return False
                value = self.variables[held.key].value or ()
            else:
                value = self._value(held, line)
            self.variables[held.key] = Variable(value, exported)
        return True

    def _is_odd(self, piece: Piece, held: Assignment, line: int) -> bool:
        expansions = [part.text for part in held.parts if not part.literal]
        if held.key in self.odd or any(map(_ASSIGNS.search, expansions)):
            return True
        if not (held.exported and _is_bare(piece, held)):
            return False
        # Such a command isn't evaluated here, as it would count as run.
        return any(map(_RUNS.search, expansions)) or not _is_one_word(self._value(held, line))

    def _flag(self, text: str) -> bool:
        """Heed `set -a` and `set +a`; tell whether it was one."""
        found = _EXPORT_ALL.fullmatch(text)
        if found:
            self.exports_all = found[1] == "-"
        return found is not None

    def _declaration(self, text: str) -> bool:
        if found := _UNSET.fullmatch(text):
            for name in found[1].split():
                self.variables[name] = Variable(None)
            return True
        if found := _EXPORT.fullmatch(text):
            for name in found[1].split():
                held = self.variables.get(name, Variable((_inherited(name),)))
                self.variables[name] = Variable(held.value, exported=True)
        return found is not None

    # Values

    def _value(self, held: Assignment, line: int) -> Value:
        return joined(tuple(atom for part in held.parts for atom in self._atoms(part, line)))

    def _atoms(self, part: ValuePart, line: int) -> Value:
        if part.literal:
            return (part.text,)
        if part.reference is not None:
            return self._held(part.reference)
        known = self._default(part) or self._replaced(part)
        return known if known is not None else (self._expansion(part, line),)

    def _held(self, name: str) -> Value:
        held = self.variables.get(name)
        return (_inherited(name),) if held is None else held.value or ()

    def _default(self, part: ValuePart) -> Value | None:
        """Return `${X:-y}` and its kin where it is known whether X is set, and empty."""
        found = _DEFAULT.fullmatch(part.text)
        held = self.variables.get(found[1]) if found else None
        if found is None or held is None:
            return None
        has = _has_content(held.value) if ":" in found[2] else _is_set(held.value)
        if has is None:
            return None
        if found[2].endswith("+"):
            return (found[3],) if has else ()
        return (held.value or ()) if has else (found[3],)

    def _replaced(self, part: ValuePart) -> Value | None:
        """Return `${X/a/b}` of plain text."""
        found = _REPLACED.fullmatch(part.text)
        held = self.variables.get(found[1]) if found else None
        if found is None or held is None or held.value is None:
            return None
        text = "".join(one for one in held.value if isinstance(one, str))
        if len(held.value) > 1 or (held.value and text != held.value[0]):
            return None
        return (text.replace(found[3], found[4], -1 if found[2] == "//" else 1),)

    def _expansion(self, part: ValuePart, line: int) -> Term:
        text = f'"{part.text}"' if part.quoted else part.text
        runs = _RUNS.search(text) is not None
        term = self._term(text, line, self._touched(text), environment=runs)
        if runs:
            self.effects.append(term)
        return term

    # Lines that are not

    def _statement(self, text: str, line: int) -> bool:
        """Take a command as all that it may be; tell whether that has bounds."""
        touched = self._touched(text)
        bodies = [text, *(self.functions[name] for name in touched if name in self.functions)]
        if any(_is_dark(body) or _ENDS.search(body) for body in bodies):
            return False
        if found := _FUNCTION.match(text):
            self.functions[found[1] or found[2]] = text
        written = {name for body in bodies for name in _written(body)}
        external = any(_calls_programs(body) for body in bodies)
        self._do(text, line, touched | written, written, environment=external)
        if any(_NOT_SCALAR.search(body) for body in bodies):
            self.odd |= written
        return True

    def _do(
        self, text: str, line: int, reads: set[str], writes: set[str], *, environment: bool
    ) -> None:
        self.effects.append(self._term(text, line, reads, environment))
        results = {
            name: self._term(f"{name} after {text}", line, reads, environment) for name in writes
        }
        for name, term in results.items():
            before = self.variables.get(name)
            self.variables[name] = Variable((term,), bool(before and before.exported))

    def _touched(self, text: str) -> set[str]:
        """Return every name in a text, and in the functions of these names, and so on."""
        found, new = set[str](), _names(text)
        while new:
            found |= new
            bodies = [self.functions[name] for name in new if name in self.functions]
            new = {name for body in bodies for name in _names(body)} - found
        return found

    def _term(self, text: str, line: int, reads: set[str], environment: bool) -> Term:
        named = reads | (self._visible() if environment else set())
        held = [(name, self.variables[name]) for name in sorted(named) if name in self.variables]
        functions = [(name, self.functions[name]) for name in sorted(reads & set(self.functions))]
        moment = (len(self.effects), line) if _CHANGING.search(text) else ()
        made = (text, held, functions, self.exports_all, moment)
        return Term(_digest(_repr(made)), line, frozenset((*named, *_behind(held))))

    def _visible(self) -> set[str]:
        return {
            name
            for name, held in self.variables.items()
            if held.exported or _ENVIRONMENT.fullmatch(name)
        }


def _repr(made: tuple[object, ...]) -> str:
    """Return text that is the same for the same things alone; a term stands by its digest."""
    return "\0".join(_plain(thing) for thing in made)


def _behind(held: Iterable[tuple[str, Variable]]) -> Iterator[str]:
    for _, variable in held:
        for part in variable.value or ():
            if isinstance(part, Term):
                yield from part.reads


def _plain(thing: object) -> str:
    if isinstance(thing, Term):
        return f"<{thing.digest}>"
    if isinstance(thing, Variable):
        return f"{_plain(thing.value)}{thing.exported}"
    if isinstance(thing, tuple | list):
        return f"({','.join(_plain(one) for one in thing)})"
    return repr(thing)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _inherited(name: str) -> Term:
    return Term(f"the environment's {name}", 0)


def _has_content(value: Value | None) -> bool | None:
    """Tell whether a value isn't empty; None where that can't be known."""
    if not value:
        return False
    return True if any(isinstance(part, str) for part in value) else None


def _is_set(value: Value | None) -> bool | None:
    """Tell whether a variable is set; None where only a shell can: a command may have set it."""
    return True if value == () else _has_content(value)


def _commands(text: str) -> Iterator[str]:
    """Yield the first word of each simple command, and some words that are none."""
    for command in _BETWEEN_COMMANDS.split(_QUOTED.sub('""', text)):
        words = command[_end_of(_BEFORE_A_COMMAND, command) :].split(maxsplit=1)
        yield from words[:1]


def _end_of(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.match(text)
    return found.end() if found else 0


def _is_dark(text: str) -> bool:
    """Tell whether it can't even be seen what a command is, or which names it writes."""
    if _QUOTE_IN_COMMENT.search(text):
        return True
    if any(not _PLAIN_WORD.fullmatch(word) for word in _commands(text)):
        return True
    return bool(_DECLARES.search(text)) and bool(_HIDDEN.search(text))


def _is_bare(piece: Piece, assignment: Assignment) -> bool:
    """Tell whether an expansion has no quotes: behind `export` some shells split that at blanks."""
    written = piece.raw[assignment.value_start : assignment.end].decode("latin-1")
    return bool(set("$`") & set(_QUOTED.sub("", written)))


def _is_one_word(value: Value) -> bool:
    """Tell whether a value is the same in quotes and without."""
    return all(isinstance(part, str) and _PLAIN_VALUE.fullmatch(part) for part in value)


def _calls_programs(text: str) -> bool:
    return bool(_RUNS.search(text)) or any(word not in _BUILTINS for word in _commands(text))


def _names(text: str) -> set[str]:
    return {*_NAME.findall(text), *(name for what, name in _READERS if what.search(text))}


def _written(text: str) -> set[str]:
    moved = _MOVED if _MOVES.search(text) else ()
    if _DECLARES.search(text):
        return {*_NAME.findall(text), *moved}
    return {*(found[1] or found[2] for found in _WRITTEN.finditer(text)), *moved}
