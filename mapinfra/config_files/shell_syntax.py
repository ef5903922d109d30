"""The words of a shell script, read as a POSIX shell does; text is bytes taken as latin-1.

Nothing is run: a command substitution or a parameter expansion with an operator stays as written.
"""

import re
from dataclasses import dataclass, field, replace

from mapinfra.config_files.errors import ConfigFileUnreadable
from mapinfra.config_files.model import Assignment, ValuePart

NEWLINE = re.compile(r"\r?\n")
_SKIPPED = re.compile(r"(?:[ \t]|\\\r?\n)+|#[^\n]*")
_OPERATOR = re.compile(r"&&|\|\||;;|<<<|<<|>>|[;&|()<>]")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=")
# A line that goes on is put together before anything is made of it: $A, and x below it, is $Ax.
_JOINED = r"(?:\\\r?\n)*"
_NAME = rf"[A-Za-z_](?:{_JOINED}[A-Za-z0-9_])*"
_REFERENCE = re.compile(rf"\${_JOINED}(?:({_NAME})|\{{{_JOINED}({_NAME}){_JOINED}\}})")
_PARAMETER = re.compile(rf"\${_JOINED}([0-9@*#?$!-])")
_CUT_OPENER = re.compile(r"\$(?:\\\r?\n)+[({']")
_LINE_GOES_ON = re.compile(r"\\\r?\n")
_ANSI_QUOTED = re.compile(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL)
_TILDE = re.compile(r"~[\w.+-]*", re.ASCII)
_PLAIN = re.compile(r"[^\s;&|()<>\\'\"$`~:]+")
_PLAIN_QUOTED = re.compile(r'[^"$`\\]+')

_CLOSERS = {
    "if": "fi",
    "case": "esac",
    "for": "done",
    "while": "done",
    "until": "done",
    "select": "done",
    "{": "}",
    "[[": "]]",
}
_BEFORE_A_COMMAND = frozenset({"if", "then", "elif", "else", "while", "until", "do", "{", "!"})
_GOES_ON = frozenset({"&&", "||", "|"})
_REDIRECTS = frozenset({"<", ">", ">>", "<<<"})


def _unreadable(text: str, at: int, what: str) -> ConfigFileUnreadable:
    return ConfigFileUnreadable(what, line=text.count("\n", 0, at) + 1)


def _ends_word(text: str, at: int) -> bool:
    return text[at] in " \t\n;&|()<>" or text.startswith("\r\n", at)


def _word(text: str, at: int) -> tuple[int, list[ValuePart]]:
    """Read a word; return where it ends, and its parts."""
    parts = list[ValuePart]()
    while at < len(text) and not _ends_word(text, at):
        # Nothing at all stands for a line that goes on; a quoted colon is taken for one.
        may_expand = not parts or parts[-1].text.endswith(":")
        if may_expand and (tilde := _TILDE.match(text, at)):
            at, found = tilde.end(), [ValuePart(tilde[0], literal=False)]
        else:
            at, found = _stretch(text, at)
        parts += found
    return at, parts


def _stretch(text: str, at: int) -> tuple[int, list[ValuePart]]:
    match text[at]:
        case "'":
            end = text.find("'", at + 1)
            if end < 0:
                raise _unreadable(text, at, "a single quote is opened and never closed")
            return end + 1, [ValuePart(text[at + 1 : end])]
        case '"':
            return _double_quoted(text, at)
        case "\\":
            return _escape(text, at, quoted=False)
        case "$" | "`":
            return _expansion(text, at, quoted=False)
    plain = _PLAIN.match(text, at)
    end = plain.end() if plain else at + 1
    return end, [ValuePart(text[at:end])]


def _double_quoted(text: str, at: int) -> tuple[int, list[ValuePart]]:
    start, parts = at, list[ValuePart]()
    at += 1
    while at < len(text) and text[at] != '"':
        if text[at] in "$`":
            at, found = _expansion(text, at, quoted=True)
        elif text[at] == "\\":
            at, found = _escape(text, at, quoted=True)
        else:
            plain = _PLAIN_QUOTED.match(text, at)
            end = plain.end() if plain else at + 1
            at, found = end, [ValuePart(text[at:end])]
        parts += found
    if at >= len(text):
        raise _unreadable(text, start, "a double quote is opened and never closed")
    return at + 1, parts


def _escape(text: str, at: int, *, quoted: bool) -> tuple[int, list[ValuePart]]:
    if newline := NEWLINE.match(text, at + 1):
        return newline.end(), []
    if at + 1 >= len(text):
        raise _unreadable(text, at, "the file ends with a backslash")
    kept = "\\" if quoted and text[at + 1] not in '$`"\\' else ""
    return at + 2, [ValuePart(kept + text[at + 1])]


def _expansion(text: str, at: int, *, quoted: bool) -> tuple[int, list[ValuePart]]:
    if found := _REFERENCE.match(text, at):
        name = _LINE_GOES_ON.sub("", found[1] or found[2])
        return found.end(), [ValuePart(f"${{{name}}}", reference=name, literal=False)]
    if _CUT_OPENER.match(text, at):
        raise _unreadable(text, at, "a line goes on right behind a dollar sign")
    if text[at] == "`" or text.startswith(("$(", "${"), at):
        end = _closed(text, at, quoted=quoted)
        return end, [ValuePart(text[at:end], literal=False, quoted=quoted)]
    if not quoted and text.startswith("$'", at):
        found = _ANSI_QUOTED.match(text, at)
        if found is None:
            raise _unreadable(text, at, "a single quote is opened and never closed")
        return found.end(), [ValuePart(found[0], literal=False)]
    if found := _PARAMETER.match(text, at):
        return found.end(), [ValuePart(f"${found[1]}", literal=False)]
    return at + 1, [ValuePart("$")]


def _closed(text: str, at: int, *, quoted: bool) -> int:
    """Return where the substitution that begins here ends; nesting is no deeper than memory."""
    start, closers = at, list[str]()
    while at < len(text):
        opener = _opener(text, at, closers[-1] if closers else "")
        if closers and text[at] == closers[-1]:
            closers.pop()
            at += 1
            if not closers:
                return at
        elif text[at] == "\\":
            at += 2
        elif text[at] == "'" and _quotes(closers, quoted):
            at = text.find("'", at + 1) + 1 or len(text)
        elif opener:
            closers.append(opener[-1])
            at += len(opener) - 1
        else:
            at += 1
    raise _unreadable(text, start, "a substitution is opened and never closed")


def _opener(text: str, at: int, closer: str) -> str:
    """Return the characters that open something here, and the one that closes it; or nothing."""
    for opened, closing in (("$(", ")"), ("${", "}"), ("`", "`")):
        if text.startswith(opened, at):
            return opened + closing
    if text[at] == '"' and closer != '"':
        return '""'
    return "()" if text[at] == "(" and closer == ")" else ""


def _quotes(closers: list[str], quoted: bool) -> bool:
    """Tell whether a single quote quotes here; inside double quotes it is a character."""
    return closers[-1] in ")`" or (closers[-1] == "}" and not quoted and '"' not in closers)


@dataclass(frozen=True)
class _Token:
    """A word or an operator, from `start` to `end`."""

    text: str
    start: int
    end: int
    operator: bool = False


@dataclass
class Statement:
    """One complete command of a script, with all the lines that it needs.

    `read` must be called first; it returns where the next one begins.
    """

    text: str
    start: int
    _tokens: list[_Token] = field(default_factory=list)
    _assigned: dict[int, Assignment] = field(default_factory=dict)
    _open: list[tuple[str, int]] = field(default_factory=list)
    _command: bool = True

    def read(self) -> int:
        """Read to the end of the command's last line; raise ConfigFileUnreadable if it has none."""
        at = self.start
        while at < len(self.text):
            if newline := NEWLINE.match(self.text, at):
                if self._complete():
                    return newline.end()
                self._add(newline[0], at, operator=True)
                at, self._command = newline.end(), True
            elif skipped := _SKIPPED.match(self.text, at):
                at = skipped.end()
            elif operator := _OPERATOR.match(self.text, at):
                at = operator.end()
                self._operator(operator[0], operator.start())
            else:
                at = self._word(at)
        if not self._complete():
            self._refuse_unfinished()
        return at

    def assignments(self) -> list[Assignment]:
        """Return the assignments when the command is nothing else; offsets count from its start."""
        found = list[Assignment]()
        exported, first = False, True
        for token in self._tokens:
            if token.operator and token.text == ";":
                exported, first = False, True
            elif first and token.text == "export":
                exported, first = True, False
            elif token.start in self._assigned:
                found.append(replace(self._assigned[token.start], exported=exported))
                first = False
            else:
                return []
        return found

    def _complete(self) -> bool:
        words = [token for token in self._tokens if NEWLINE.match(token.text) is None]
        return not self._open and not (words and words[-1].text in _GOES_ON)

    def _refuse_unfinished(self) -> None:
        closer, at = self._open[-1] if self._open else ("a command", self._tokens[-1].start)
        raise _unreadable(self.text, at, f"the file ends where {closer} is still to come")

    def _add(self, text: str, start: int, *, operator: bool = False) -> None:
        self._tokens.append(_Token(text, start, start + len(text), operator))

    def _operator(self, operator: str, at: int) -> None:
        if operator == "<<":
            raise _unreadable(self.text, at, "a here-document is not supported")
        self._add(operator, at, operator=True)
        self._command = operator not in _REDIRECTS
        if operator == "(":
            self._open.append((")", at))
        elif operator == ")":
            self._close(")")

    def _close(self, closer: str) -> None:
        if self._open and self._open[-1][0] == closer:
            self._open.pop()

    def _word(self, at: int) -> int:
        if assigned := _ASSIGNED.match(self.text, at):
            return self._assignment(assigned)
        end, _ = _word(self.text, at)
        word = self.text[at:end]
        self._add(word, at)
        # The brace of `function name {` doesn't stand where a command begins.
        opens = self._command or (word == "{" and self._tokens[0].text == "function")
        if opens or word == "]]":
            self._reserved(word, at)
        self._command = self._command and word in _BEFORE_A_COMMAND
        return end

    def _reserved(self, word: str, at: int) -> None:
        if word in _CLOSERS:
            self._open.append((_CLOSERS[word], at))
        elif word in _CLOSERS.values():
            self._close(word)

    def _assignment(self, assigned: re.Match[str]) -> int:
        key, at = assigned[1], assigned.start()
        end, parts = _word(self.text, assigned.end())
        if assigned[2]:
            parts = [ValuePart(f"${{{key}}}", reference=key, literal=False), *parts]
        self._add(self.text[at:end], at)
        self._assigned[at] = Assignment(
            key, tuple(parts), at - self.start, assigned.end() - self.start, end - self.start
        )
        self._command = False
        return end
