"""The checksums of a backup: of everything in it, so that no changed bit goes unnoticed.

They stand in a file as `sha256sum -c` reads it. What is summed up anew has to be that file, line by
line: so a file that is missing, changed or foreign to it is found, and a changed line, too. Backups
of earlier versions have none of their script and manifest; there only what is listed counts.
"""

from collections.abc import Mapping

from mapinfra.backup.folder import FOREIGN, script_in, work_in
from mapinfra.backup.login import CLIENT_FILE
from mapinfra.backup.manifest import MANIFEST, SUMS, File, Manifest
from mapinfra.backup.wayback import ASIDE, BACK, LOG, REPLACED, ROOM, SCRIPT
from mapinfra.backup.working import LONGEST, CopyProgress
from mapinfra.hosts import Host

UNFINISHED = "UNFINISHED"
"""A file that says whose backup it is, there until the backup is whole."""
SEQUENCE = "SEQUENCE"
"""A file with the backup's number: each has a higher one than those before it."""
LEFTOVERS = "leftovers"
"""A folder for what package managers left beside MAP's configuration."""

_WRITTEN = (SUMS, BACK, SCRIPT, MANIFEST, CLIENT_FILE)
_PASSING = (
    *(UNFINISHED, SUMS, BACK, LOG, CLIENT_FILE, ROOM),
    *(f"{name}.new" for name in _WRITTEN),
    *("unpacking.failed", "copy.sql", "digest", "digest.tsv", REPLACED, f"{REPLACED}.new"),
)
"""What is there for a time, while somebody works with a backup, or has gone back to it."""
_LIGHT = (MANIFEST, SCRIPT, SEQUENCE)
"""What no manifest lists; beside it, what was left over."""
_OTHERS = (f"{LEFTOVERS}/", "digest/", ASIDE)

_NOT_PASSING = " ".join(f"! -path './{name}'" for name in (*_PASSING, "digest/*", f"{ASIDE}*.tar"))
SUM_UP = f"""\
sum_up() {{
  find . -type f {_NOT_PASSING} "$@" -printf '%P\\n' |
    while IFS= read -r name; do sha256sum -- "$name" || exit; done | LC_ALL=C sort
}}
"""
"""`sum_up` prints the checksums of all files in the working directory that stay."""

# A line of SHA256SUMS is 64 digits, two spaces, the name.
_COMPARE = rf"""
function name(line) {{ return substr(line, 67) }}
function is_light(file) {{ return file ~ /^({"|".join(_LIGHT).replace(".", "[.]")})$/ || file ~ /^{LEFTOVERS}\// }}
function fault(said) {{ print said; failed = 1; exit }}
NR == FNR {{ lines[$0]; names[name($0)]; if (is_light(name($0))) sealed = 1; next }}
!sealed && is_light(name($0)) {{ next }}
$0 in lines {{ delete lines[$0]; next }}
name($0) in names {{ fault(name($0) ": FAILED") }}
{{ fault(name($0) ": not part of the backup") }}
END {{ if (!failed) for (line in lines) {{ print name(line) ": missing"; exit }} }}
"""  # noqa: E501
COMPARED = f"""\
{SUM_UP}
compared() {{
  [ -s {SUMS} ] || {{ echo "{SUMS}: missing"; return; }}
  sum_up "$@" | awk '{_COMPARE}' {SUMS} -
}}
"""
"""`compared` prints how the working directory isn't as its checksums say; nothing: it is."""

_EACH_LIGHT = " -o ".join(f"-path './{name}'" for name in (*_LIGHT, f"{LEFTOVERS}/*"))

_VERIFY = f"""\
{FOREIGN}
{COMPARED}
cd "$1" || exit
said=$(foreign .)
[ -z "$said" ] || {{ echo "$1/${{said#./}} is a link, or not root's alone" >&2; exit 1; }}
said=$(compared)
[ -z "$said" ] || {{ echo "$said" >&2; exit 1; }}
folder=$2
shift 2
tar -tf config.tar | awk -v folder="${{folder#/}}" '
  BEGIN {{ while (ARGC > 1) elsewhere[substr(ARGV[--ARGC], 2)] }}
  $0 in elsewhere {{ next }}
  $0 != folder && $0 != folder "/" && index($0, folder "/") != 1 || /(^|\\/)[.][.](\\/|$)/ {{
    print "config.tar has " $0 ", which is not in /" folder; exit
  }}' "$@" | {{ ! grep . >&2; }}
"""
_LIST = f"""\
{SUM_UP}
umask 077
cd "$1" && find . -type f -exec chmod 600 {{}} + && sum_up ! -path './{SEQUENCE}' |
  while read -r sum name; do printf '%s %s %s\\n' "$sum" "$(stat -c %s "$name")" "$name"; done
"""
# Written beside and renamed: the lines of what isn't summed up anew come on stdin, or stay.
_SEAL = f"""\
{SUM_UP}
umask 077
cd "$1" && {{ cat && sum_up '(' {_EACH_LIGHT} ')'; }} | LC_ALL=C sort \\
  >{SUMS}.new && sync {SUMS}.new && mv {SUMS}.new {SUMS}
"""


def verify(host: Host, manifest: Manifest) -> None:
    """Read every file of a backup again; raise BackupFailed when one isn't as it was written.

    Also when one is missing or was added, is a link or not root's alone, or when its archive holds
    something outside MAP's configuration. FolderUnsafe: the folder itself isn't root's alone.
    """
    script_in(
        host,
        f"checking backup {manifest.id}",
        manifest.directory,
        _VERIFY,
        manifest.config_folder,
        *manifest.elsewhere,
        timeout=LONGEST,
    )


def summed_up(
    host: Host, unit: str, directory: str, progress: CopyProgress | None = None
) -> Mapping[str, File]:
    """Return the files of a backup that is being made, readable by root alone from now on."""
    text = work_in(host, unit, "summing up the backup", directory, _LIST, progress=progress)
    listed = (line.split(" ", 2) for line in text.splitlines())
    return {name: File(int(size), sha256) for sha256, size, name in listed}


def seal(host: Host, manifest: Manifest) -> None:
    """Write the checksums: of the manifest's files as it says, of everything else as it is now."""
    lines = "".join(f"{file.sha256}  {name}\n" for name, file in manifest.files.items())
    script_in(host, "writing the checksums", manifest.directory, _SEAL, stdin=lines.encode())


def damage(manifest: Manifest, there: Mapping[str, str]) -> str:
    """Return what is wrong with a backup, by the sizes of the files that are there, if anything."""
    for name in (SCRIPT, SUMS):
        if name not in there:
            return f"{name} is missing"
    for name, file in manifest.files.items():
        if name not in there:
            return f"{name} is missing"
        if there[name] != str(file.size):
            return f"{name} has {there[name]} bytes, not {file.size}"
    known = {*manifest.files, *_LIGHT, *_PASSING}
    strange = [name for name in there if name not in known and not name.startswith(_OTHERS)]
    return f"{strange[0]} isn't part of the backup" if strange else ""
