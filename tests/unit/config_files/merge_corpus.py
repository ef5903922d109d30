"""Configuration files as administrators edit them and as the vendor changes them: the corpus.

Each case is one edit met by one change of the vendor's, both made on one of the bases below.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Edit = Callable[[str], str]

BASES = {
    "22.10": (
        "# Centreon MAP (centreon-map-engine): how its Java process is started.\n\n"
        'RUN_ARGS="--spring.profiles.active=prod"\n\n'
        "# Large platforms need more memory.\n"
        'JAVA_OPTS="-XX:+HeapDumpOnOutOfMemoryError -Dcentreon-map.signing-key=k3y'
        ' -Dcentreon-map.access-token-validity-seconds=15552000 -Xms512m -Xmx4G"\n'
    ),
    "plain": (
        "LOG=/var/log/map\nRUN_ARGS=--spring.profiles.active=prod\n"
        "JAVA_OPTS='-XX:+HeapDumpOnOutOfMemoryError -Dcentreon-map.signing-key=k3y"
        " -Xms512m -Xmx4G'\nexport LOG\n"
    ),
}


def replaced(old: str, new: str) -> Edit:
    return lambda text: text.replace(old, new)


def before(name: str, line: str) -> Edit:
    return lambda text: text.replace(f"{name}=", f"{line}\n{name}=", 1)


def after(line: str) -> Edit:
    return lambda text: f"{text}{line}\n"


def both(one: Edit, other: Edit) -> Edit:
    return lambda text: other(one(text))


MORE = 'JAVA_OPTS="$JAVA_OPTS -Dx=1"'

EDITS: dict[str, Edit] = {
    "heap": replaced("-Xmx4G", "-Xmx8G"),
    "profile": replaced("active=prod", "active=prod,tls"),
    "heap-and-profile": both(replaced("-Xmx4G", "-Xmx8G"), replaced("=prod", "=prod,tls")),
    "option-gone": replaced(" -Xms512m", ""),
    "flag-off": replaced("-XX:+Heap", "-XX:-Heap"),
    "option-in-front": replaced("-XX:+Heap", "-Dfirst=1 -XX:+Heap"),
    "collector": replaced("-Xms512m", "-XX:+UseParallelGC -Xms512m"),
    "exported": replaced("JAVA_OPTS=", "export JAVA_OPTS="),
    "exported-later": after("export JAVA_OPTS RUN_ARGS"),
    "everything-exported": lambda text: f"set -a\n{text}set +a\n",
    "appended": after(MORE),
    "appended-twice": after(f'{MORE}\nJAVA_OPTS="${{JAVA_OPTS}} -Dy=2"'),
    "appended-plus": after('JAVA_OPTS+=" -Dx=1"'),
    "appended-default": after('JAVA_OPTS="${JAVA_OPTS:-} -Dx=1"'),
    "appended-default-text": after('JAVA_OPTS="${JAVA_OPTS:--Xmx1G} -Dx=1"'),
    "appended-alternative": after('JAVA_OPTS="${JAVA_OPTS:+$JAVA_OPTS }-Dx=1"'),
    "appended-plus-word": after('JAVA_OPTS="$JAVA_OPTS ${JAVA_OPTS:+-Dset=1}"'),
    "overridden": after('JAVA_OPTS="$JAVA_OPTS -Xmx8G"'),
    "in-front": after('JAVA_OPTS="-Dx=1 $JAVA_OPTS"'),
    "replaced-by-pattern": after('JAVA_OPTS="${JAVA_OPTS/-Xmx4G/-Xmx8G}"'),
    "replaced-everywhere": after('JAVA_OPTS="${JAVA_OPTS//512m/1G}"'),
    "cut-by-pattern": after('JAVA_OPTS="${JAVA_OPTS%-Xmx4G}-Xmx8G"'),
    "proxy": after('PROXY_OPTS="-Dp=1"\nJAVA_OPTS="$JAVA_OPTS $PROXY_OPTS"'),
    "proxy-before": both(
        before("RUN_ARGS", 'PROXY_OPTS="-Dp=1"'), after('JAVA_OPTS="$JAVA_OPTS $PROXY_OPTS"')
    ),
    "between": both(before("JAVA_OPTS", 'HEAP="-Xmx8G"'), replaced("-Xmx4G", "$HEAP")),
    "profile-variable": both(
        before("RUN_ARGS", "PROFILES=prod,tls"),
        after('RUN_ARGS="--spring.profiles.active=$PROFILES"'),
    ),
    "unset-before": before("RUN_ARGS", "unset RUN_ARGS"),
    "unset-and-anew": after('unset RUN_ARGS\nRUN_ARGS="--x=1"'),
    "unset": after("unset RUN_ARGS"),
    "array": after('MORE=(-Da=1 -Db=2)\nJAVA_OPTS="$JAVA_OPTS ${MORE[*]}"'),
    "condition": after('[ -n "$COND" ] && JAVA_OPTS="$JAVA_OPTS -Dx=1"'),
    "condition-or": after('[ -z "$COND" ] || RUN_ARGS="$RUN_ARGS --x=1"'),
    "condition-between": both(
        before("JAVA_OPTS", 'if [ -n "$COND" ]; then\n  SIZE=8G\nelse\n  SIZE=2G\nfi'),
        replaced("-Xmx4G", "-Xmx$SIZE"),
    ),
    "condition-on-memory": after(
        'case "$COND" in\n  big) JAVA_OPTS="$JAVA_OPTS -Xmx16G" ;;\n'
        '  *) JAVA_OPTS="$JAVA_OPTS -Xmx2G" ;;\nesac'
    ),
    "loop": after('for one in a b; do JAVA_OPTS="$JAVA_OPTS -D$one=1"; done'),
    "function": after('add() {\n  JAVA_OPTS="$JAVA_OPTS $1"\n}\nadd -Dx=1'),
    "function-profile": after('tls() { RUN_ARGS="$RUN_ARGS,tls"; }\ntls'),
    "function-first": both(
        lambda text: f"heap() {{ echo 8G; }}\n{text}", after('JAVA_OPTS="$JAVA_OPTS -Xmx$(heap)"')
    ),
    "default-of-own": after(': "${OWN:=1}"\nJAVA_OPTS="$JAVA_OPTS -Down=$OWN"'),
    "command": after('JAVA_OPTS="$JAVA_OPTS -Dh=$(echo h)"'),
    "environment": after('JAVA_OPTS="$JAVA_OPTS $COND"'),
    "environment-first": before("JAVA_OPTS", "JAVA_HOME=${COND:-/usr}"),
    "limits": after("ulimit -c 0"),
    "eval": after('eval "JAVA_OPTS=\\"\\$JAVA_OPTS -Dx=1\\""'),
    "own-variables": after("OWN='a b'\nOTHER=\"$OWN c\"\nexport OTHER"),
    "comment": before("JAVA_OPTS", "# ours: don't touch"),
    "comment-and-heap": both(before("JAVA_OPTS", "# ours"), replaced("-Xmx4G", "-Xmx8G")),
    "commented-out": replaced("RUN_ARGS=", "#RUN_ARGS="),
    "reordered": lambda text: "\n".join(reversed(text.split("\n"))).lstrip("\n") + "\n",
    "two-on-a-line": after("ONE=1; TWO=2"),
    "quoted-blank": after("JAVA_OPTS=\"$JAVA_OPTS -Dtitle='our MAP'\""),
    "no-end": lambda text: f"{text}{MORE}",
}

VENDOR: dict[str, Edit] = {
    "comment": lambda text: f"# A new word of the vendor's\n{text}",
    "flag": replaced("-XX:+Heap", "-XX:+ExitOnOutOfMemoryError -XX:+Heap"),
    "flag-last": replaced("-Xmx4G", "-Xmx4G -XX:MaxMetaspaceSize=512m"),
    "heap": replaced("-Xmx4G", "-Xmx6G"),
    "flag-gone": replaced("-XX:+HeapDumpOnOutOfMemoryError ", ""),
    "variable": after('TMPDIR="/tmp"'),
    "profile": replaced("active=prod", "active=prod,metrics"),
    "argument": both(replaced("prod\"", "prod --server.x=1\""),
                     replaced("=--spring.profiles.active=prod\n",
                              "='--spring.profiles.active=prod --server.x=1'\n")),
    "unset-and-exported": after("unset RUN_ARGS\nexport RUN_ARGS"),
    "swapped": lambda text: _swapped(text),
    "all": lambda text: "# Anew\n" + text.replace("-XX:+Heap", "-XX:+New -XX:+Heap")
    .replace("-Xms512m", "-Xms1G") + "TMPDIR=/tmp\n",
}  # fmt: skip


def _swapped(text: str) -> str:
    lines = text.splitlines(keepends=True)
    keys = [at for at, line in enumerate(lines) if line.startswith(("RUN_ARGS=", "JAVA_OPTS="))]
    lines[keys[0]], lines[keys[1]] = lines[keys[1]], lines[keys[0]]
    return "".join(lines)


@dataclass(frozen=True)
class Case:
    name: str
    old: bytes
    mine: bytes
    new: bytes


def cases() -> Iterator[Case]:
    for base, text in BASES.items():
        for edit, edited in EDITS.items():
            for change, changed in VENDOR.items():
                yield Case(
                    f"{base}: {edit} meets {change}",
                    text.encode(),
                    edited(text).encode(),
                    changed(text).encode(),
                )


PROPERTIES_BASE = (
    "# The central\ncentreon.url=http://localhost\ncentreon.user=\nbroker.port=5758\n"
    "broker.tls = false\n\n# This server\ncentreon-map.port: 8081\nlong=one,\\\n    two\n"
)
PROPERTIES_EDITS: dict[str, Edit] = {
    "port": replaced("8081", "9443"),
    "tls": replaced("tls = false", "tls = true"),
    "added": after("centreon-map.keystore=/etc/centreon-map/map.p12"),
    "added-twice": after("own=1\nown=2"),
    "doubled": after("broker.port=5759"),
    "escaped": after("own\\ key=a\\tb\\u00e9\\\\"),
    "colon": replaced("centreon.user=", "centreon.user : map"),
    "continued": replaced("two", "two,\\\n  three"),
    "gone": replaced("broker.port=5758\n", ""),
    "commented-out": replaced("broker.port", "#broker.port"),
    "comment": replaced("# This server", "# This server, ours"),
    "crlf": lambda text: text.replace("\n", "\r\n").replace("8081", "9443"),
    "value-with-blanks": replaced("http://localhost", "  http\\://central "),
    "no-end": lambda text: text.rstrip("\n") + "\nown=1",
    "blank-separator": after("own value of it"),
}
PROPERTIES_VENDOR: dict[str, Edit] = {
    "comment": lambda text: f"# A word\n{text}",
    "new": after("centreon-map.compression.enabled=true"),
    "port": replaced("5758", "5760"),
    "gone": replaced("broker.tls = false\n", ""),
    "anew": lambda text: "\n".join(sorted(text.replace("one,\\\n    two", "three").split("\n"))),
    "all": lambda text: text.replace("8081", "8082").replace("# The", "# Their") + "x=\\\n  y\n",
}


def property_cases() -> Iterator[Case]:
    base = PROPERTIES_BASE
    for edit, edited in PROPERTIES_EDITS.items():
        for change, changed in PROPERTIES_VENDOR.items():
            contents = (base, edited(base), changed(base))
            yield Case(f"{edit} meets {change}", *(text.encode("latin-1") for text in contents))
