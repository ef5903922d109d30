"""What a real shell makes of a file: its variables, and which are exported."""

import re
import subprocess
from collections.abc import Mapping

_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_ENDED = b"\0ended\0"
_SHELLS_OWN = {"HOME", "PWD", "OLDPWD"}
"""What a file can change, or a shell sets, without naming it."""


def variables(
    shell: str, content: bytes, environment: Mapping[str, str]
) -> dict[str, tuple[bytes | None, bool]] | None:
    """Return each variable's value and whether it is exported; None when the shell gave up.

    One that has no value may be exported: it is, once it gets one.
    The shell finds no program (its PATH is empty), so that nothing but builtins runs.
    """
    names = sorted({name.decode() for name in _NAME.findall(content)} | _SHELLS_OWN)
    shown = "".join(f'[ -z "${{{n}+x}}" ] || printf "%s\\0" {n} "${n}"\n' for n in names)
    tail = f"\nprintf '\\0ended\\0'\n{shown}printf '\\0ended\\0'\nexport -p\n"
    done = subprocess.run(
        [f"/bin/{shell}", "-c", content.decode("utf-8", "surrogateescape") + tail],
        env={**environment, "PATH": "/nonexistent"},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=20,
        check=False,
    )
    parts = done.stdout.split(_ENDED)
    if len(parts) != 3 or done.stderr:
        return None
    words = parts[1].split(b"\0")[:-1]
    held = {name.decode(): value for name, value in zip(words[::2], words[1::2], strict=True)}
    found = set(re.findall(rb"(?:export|declare -\w*x\w*) ([A-Za-z_]\w*)", parts[2]))
    exported = {name.decode() for name in found}
    there = {*held, *(exported & set(names))}
    return {name: (held.get(name), name in exported) for name in there}
