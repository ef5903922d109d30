"""dnf and rpm: what they are asked, and how their answers are read. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence

from mapinfra.hosts.host import Completed
from mapinfra.hosts.packages.model import Action, Conffiles, Family, PackageChange
from mapinfra.text import without_secrets

_DNF = ("env", "LC_ALL=C", "dnf", "-y", "--setopt=install_weak_deps=False")
_LOCKED = 200  # with exit_on_lock; dnf.conf(5)
_SCRIPTLET = re.compile(
    r"^(?:warning|error): (?P<kind>%\w+)\((?P<package>\S+)\) scriptlet failed, (?P<how>.+)$", re.M
)
_INCOMING = {"%pre", "%post", "%posttrans", "%pretrans"}
_PROGRESS = re.compile(r"\s|$|warning:|error:")
_PROBLEM = re.compile(r"^Error:(?P<text>.*)", re.M | re.S)
_UNSIGNED = re.compile(r"^ ?(?:Package \S+ is not signed|Public key for .+ is not .+)$", re.M)
_HINT = re.compile(r"^\(try to add .*\)$", re.M)

# Nothing of it touches the host's own caches, logs or locks, and nothing of it stays. The cache is
# started from the host's own, so that of a repository that didn't change one small file is read.
REPOSITORIES = """
mkdir "$aside/cache"
[ ! -d /var/cache/dnf ] ||
  tar -C /var/cache/dnf --exclude=packages --exclude='*.pid' -cf - . 2>/dev/null |
  tar -C "$aside/cache" -xf - 2>/dev/null
dnf_aside() {
  LC_ALL=C timeout -k 5 40 dnf -y --setopt=cachedir="$aside/cache" --setopt=logdir="$aside" \\
    --setopt=persistdir="$aside/state" --setopt='*.timeout=10' --setopt='*.retries=2' \\
    --setopt=install_weak_deps=False --refresh "$@"
}
"""
_FORMAT = "%{name} %{evr}"  # marked, as dnf prints its progress in between
# Where something is left out, all is asked for again with nothing left out: marked `~`.
OFFERED = f"""
offered() {{
  mark=$1
  shift
  dnf_aside --setopt='*.skip_if_unavailable=1' repoquery --available --showduplicates \
    --qf "$mark{_FORMAT}" "$@"
}}
offered = "$@" 2>"$aside/errors"
status=$?
sed 's/^/!/' "$aside/errors"
[ $status -eq 0 ] || echo "!exit $status"
lists=/etc/dnf/plugins/versionlock.list
leaves_out=$(grep -lsE '^[[:space:]]*(exclude|excludepkgs|includepkgs)[[:space:]]*=' \
  /etc/dnf/dnf.conf /etc/yum.conf /etc/yum.repos.d/*.repo
  grep -lsE '^[[:space:]]*[^#[:space:]]' $lists)
if [ -n "$leaves_out" ]; then
  printf '%s\\n' "$leaves_out" | sed 's/^/~by /'
  offered '~' --disableexcludes=all --disableplugin=versionlock "$@" 2>/dev/null
fi
"""
FORESEE = """
verb=$1
shift
dnf_aside --assumeno "$verb" "$@"
"""
INSTALLED = """
rpm -qa --qf '%{NAME} %{EVR}\\n' "$@"
"""
# `reinstall` for what is installed at that version, `install` for the rest, which brings its
# dependencies as well. A file that failed its check stays where dnf put it, so its word counts.
FETCH = """
target=$1
shift
take() {
  [ "$(rpm -qp --qf '%{NAME}-%{EVR}' "$1" 2>/dev/null)" = "$2" ] || return
  cp "$1" "$target/" || return
  rpm -qp --qf '%{NAME} %{EVR}' "$1" 2>/dev/null
  echo " $target/${1##*/}"
}
for spec in "$@"; do
  verb=install
  rpm -q "$spec" >/dev/null 2>&1 && verb=reinstall
  if dnf_aside --quiet --setopt='*.skip_if_unavailable=1' "$verb" --downloadonly \
    --downloaddir="$aside/files" "$spec" >&2; then
    for file in "$aside"/files/*.rpm; do take "$file" "$spec"; done
  else
    stem=$(printf %s "$spec" | sed 's/-[0-9]*:/-/')
    find /var/cache/dnf -name "$stem.*.rpm" 2>/dev/null | while read -r file; do
      case $(rpmkeys --checksig "$file" 2>/dev/null) in
      *'signatures OK') take "$file" "$spec" ;;
      esac
    done
  fi
  rm -rf "$aside/files"
done
"""
PRISTINE = """
rpm -qp --qf '[%{FILENAMES}\\n]' "$1" >"$aside/list" || exit
grep -qxF -e "$2" "$aside/list" || exit 44
rpm2archive - <"$1" >"$aside/archive" || exit
tar -xzO -f "$aside/archive" ".$2"
"""
LOCKS = """
set -- "$(rpm --eval '%{_dbpath}')/.rpm.lock"
for file in /var/cache/dnf/*_lock.pid /var/lib/dnf/rpmdb_lock.pid /var/run/yum.pid; do
  read -r pid <"$file" 2>/dev/null
  [ ! -s "$file" ] || [ ! -d "/proc/$pid" ] || echo "$pid"
done 2>/dev/null
"""


class Dnf:
    """The rpm family."""

    family: Family = "rpm"
    command = "dnf"
    repositories_script = REPOSITORIES
    offered_script = OFFERED
    installed_script = INSTALLED
    foresee_script = FORESEE
    fetch_script = FETCH
    pristine_script = PRISTINE
    locks_script = LOCKS
    update: tuple[str, ...] = ()

    def spec(self, name: str, version: str) -> str:
        """Return how a package at a version is asked for."""
        return f"{name}-{version}"

    def install(self, specs: Sequence[str], conffiles: Conffiles) -> list[str]:
        """Return the transaction that brings packages to versions, up or down."""
        del conffiles  # rpm has no say in it
        return [*_DNF, "--setopt=exit_on_lock=True", "--refresh", "install", *specs]

    def download(self, specs: Sequence[str]) -> list[str]:
        """Return what brings all that such a transaction needs into dnf's own cache."""
        return [*self.install(specs, "keep"), "--downloadonly"]

    def remove(self, names: Sequence[str], *, purge: bool) -> list[str]:
        """Return the transaction that removes these packages, and no dependencies.

        rpm keeps no account of configuration files, so there is nothing to purge.
        """
        return [*_DNF, "--setopt=exit_on_lock=True", "--noautoremove", "remove", *names]

    def foreseeing(self, verb: str, specs: Sequence[str]) -> list[str]:
        """Return the words of the dry run."""
        return [verb, *(["--noautoremove"] if verb == "remove" else []), *specs]

    def install_files(self, files: Sequence[str]) -> list[str]:
        """Return the command that installs package files, whatever is there now.

        rpm needs no repository for it, and waits itself for another transaction.
        """
        return ["env", "LC_ALL=C", "rpm", "-U", "--oldpackage", "--replacepkgs", *files]

    def foreseen(self, done: Completed) -> list[PackageChange] | None:
        """Return what a dry run announced; None when it failed."""
        if done.status != 0 and b"Operation aborted" not in done.stderr:
            return None
        return list(_table(done.text))

    def is_busy(self, done: Completed) -> bool:
        """Whether a transaction wasn't begun because of another's lock."""
        return done.status == _LOCKED

    def complaint(self, done: Completed) -> str:
        """Return why a command failed, in one line."""
        stderr = done.stderr.decode(errors="replace")
        problem = _PROBLEM.search(stderr)
        text = problem["text"] if problem else stderr or done.text
        return one_line(" ".join([*_UNSIGNED.findall(stderr), _HINT.sub("", text)]))

    def script_faults(self, done: Completed) -> list[str]:
        """Return the scripts of incoming packages that failed: dnf and rpm end with 0 for them.

        Scripts of outgoing packages don't count: what they leave behind shows in the versions.
        """
        output = done.text + "\n" + done.stderr.decode(errors="replace")
        found = dict.fromkeys(_script_faults(output))
        return list(found) or [
            f"the {kind} script of {package} failed"
            for kind, package in re.findall(
                r"^Error in ((?:PRE|POST)(?:IN|TRANS)) scriptlet in rpm package (\S+)", output, re.M
            )
        ]


def offered_lines(text: str) -> Iterator[tuple[str, str]]:
    """Name and version of each line of `repoquery`."""
    for line in text.splitlines():
        if found := re.fullmatch(r"=(\S+) (\S+)", line):
            yield found[1], found[2]


def withheld_lines(text: str) -> Iterator[tuple[str, str]]:
    """Name and version of each line of the `repoquery` that leaves nothing out."""
    for line in text.splitlines():
        if (found := re.fullmatch(r"~(\S+) (\S+)", line)) and found[1] != "by":
            yield found[1], found[2]


def unreadable(errors: str) -> list[str]:
    """The repositories that dnf says it ignored, each with the first reason given."""
    reasons = re.findall(
        r"^Errors during downloading metadata for repository '([^']+)':\n\s*- (.+)$", errors, re.M
    )
    first = dict(reversed(reasons))
    for names in re.findall(r"^Ignoring repositories: (.+)$", errors, re.M):
        for name in names.split(", "):
            first.setdefault(name, "it can't be read")
    failed = re.search(r"^exit (\d+)$", errors, re.M)
    if failed and not first:
        said = _PROBLEM.search(errors)
        first["dnf"] = said["text"] if said else without_a_word(int(failed[1]))
    return by_reason(dict(sorted(first.items())))


def installed(lines: Sequence[str]) -> tuple[dict[str, str], list[str], list[str]]:
    """Versions, faults and signing keys from `rpm -qa`."""
    versions: dict[str, str] = {}
    faults, keys = [], []
    for name, version in (line.split() for line in lines):
        if name == "gpg-pubkey":
            keys.append(f"{name}-{version}")
        elif name in versions:
            faults.append(
                f"{name} is installed twice, {versions[name]} and {version}: a transaction was "
                "cut short"
            )
        else:
            versions[name] = version
    return versions, faults, keys


def without_a_word(status: int) -> str:
    """Why a package manager ended that printed nothing; timeout(1) ends one with 124 or 137."""
    if status in (124, 137):
        return "it took longer than 40 s"
    return f"exit {status} without a word, as on a full disk"


def by_reason(found: Mapping[str, str]) -> list[str]:
    """What couldn't be read, and why: a reason that several have is said once."""
    sharing = dict[str, list[str]]()
    for what, reason in found.items():
        sharing.setdefault(reason, []).append(what)
    return [
        one_line(": ".join(filter(None, (", ".join(those), reason))))
        for reason, those in sharing.items()
    ]


def one_line(text: str) -> str:
    """Text without its line ends, indents and secrets, cut to what an error can hold."""
    line = without_secrets(" ".join(text.split()))
    return line if len(line) <= 400 else f"{line[:399]}…"


_ACTIONS: Mapping[str, Action] = {
    "Installing": "install",
    "Upgrading": "change",
    "Downgrading": "change",
    "Reinstalling": "change",
    "Removing": "remove",
}


def _table(text: str) -> Iterator[PackageChange]:
    """The rows of dnf's table; a row whose name is long goes on in the next line."""
    action: Action | None = None
    words: list[str] = []
    for line in text.splitlines():
        if heading := re.fullmatch(r"(\w+)(?: .*)?:", line):
            action, words = _ACTIONS.get(heading[1]), []
        elif line == "Transaction Summary" or action is None:
            action = None
        elif replaced := re.match(r"\s+replacing +(\S+)\.\S+ (\S+)", line):
            yield PackageChange("remove", replaced[1], replaced[2])
        elif words or re.match(r" \S", line):
            words += line.split()
        if action is not None and len(words) >= 3:
            yield PackageChange(action, words[0], words[2])
            words = []


def _script_faults(output: str) -> Iterator[str]:
    lines = output.splitlines()
    for number, line in enumerate(lines):
        failed = _SCRIPTLET.match(line)
        if failed and failed["kind"] in _INCOMING:
            before = lines[number - 1] if number else ""
            said = "" if _PROGRESS.match(before) else f": {one_line(before)}"
            yield f"{failed['kind']} of {failed['package']} failed, {failed['how']}{said}"
