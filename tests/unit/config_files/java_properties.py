"""A second reader of Java properties, made from the text of java.util.Properties.load (JDK 17)."""

_BLANKS = " \t\f"


def load(content: bytes) -> dict[str, str]:
    """Return keys and values; of a doubled key the last counts."""
    held = dict[str, str]()
    for line in _logical_lines(content.decode("latin-1")):
        end, escaped = 0, False
        while end < len(line) and (escaped or line[end] not in "=:" + _BLANKS):
            escaped = line[end] == "\\" and not escaped
            end += 1
        rest = line[end:].lstrip(_BLANKS)
        if rest[:1] in ("=", ":") and rest:
            rest = rest[1:].lstrip(_BLANKS)
        held[_unescaped(line[:end])] = _unescaped(rest)
    return held


def _logical_lines(text: str) -> list[str]:
    logical = [""]
    for natural in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = natural.lstrip(_BLANKS)
        # Also behind a line that goes on and has nothing: the logical line is still empty then.
        if not logical[-1] and line[:1] in ("#", "!"):
            continue
        goes_on = (len(line) - len(line.rstrip("\\"))) % 2
        logical[-1] += line[:-1] if goes_on else line
        if not goes_on:
            logical.append("")
    return [line for line in logical if line]


def _unescaped(text: str) -> str:
    result, at = "", 0
    while at < len(text):
        if text[at] != "\\":
            result, at = result + text[at], at + 1
        elif text[at + 1 : at + 2] == "u":
            result, at = result + chr(int(text[at + 2 : at + 6], 16)), at + 6
        else:
            letter = text[at + 1 : at + 2]
            result += {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(letter, letter)
            at += 2
    return result
