"""apt and dpkg: what they are asked, and how their answers are read. Pure."""

import re
from collections.abc import Iterator, Sequence

from mapinfra.hosts.host import Completed
from mapinfra.hosts.packages.dnf import by_reason, one_line, without_a_word
from mapinfra.hosts.packages.model import Conffiles, Family, PackageChange

_ENVIRONMENT = ("env", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
_APT = (*_ENVIRONMENT, "apt-get", "-y", "-o", "Dpkg::Use-Pty=0")
_INSTALL = ("--allow-downgrades", "--no-install-recommends", "install")
_CONFFILES = {"keep": ("--force-confdef", "--force-confold"), "replace": ("--force-confnew",)}
_BUSY = ("Could not get lock", "was locked by another process", "Unable to acquire the dpkg")
_SIMULATED = re.compile(
    r"^(?P<verb>Inst|Remv|Conf) (?P<name>\S+)"
    r"(?: \[(?P<old>[^\]]+)\])?(?: \((?P<new>\S+)(?: [^)]*)?\))?",
    re.M,
)
_CHATTER = re.compile(
    r"debconf: delaying|Errors were encountered| \S+$|E: Sub-process|W: |N: |dpkg: warning:"
)
_STATES = {
    "U": "unpacked only",
    "F": "half configured",
    "H": "half installed",
    "W": "waiting for triggers of another package",
    "t": "waiting for its triggers",
    "i": "marked for a new installation",
}

# Nothing of it touches the host's own lists, caches, logs or locks, and nothing of it stays: not
# even the hooks that other packages hang on an update. The lists are started from the host's own.
REPOSITORIES = """
chmod 755 "$aside"
mkdir -p "$aside/cache/archives/partial"
cp -a /var/lib/apt/lists "$aside/lists" 2>/dev/null || mkdir -p "$aside/lists/partial"
cat >"$aside/apt.conf" <<EOF
Dir::State::Lists "$aside/lists/";
Dir::Cache "$aside/cache/";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Log "$aside/";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::Retries "0";
Acquire::http::Timeout "10";
Acquire::https::Timeout "10";
EOF
apt_aside() { LC_ALL=C timeout -k 5 40 apt-get -c "$aside/apt.conf" -y "$@"; }
apt_aside update >"$aside/update" 2>&1
updated=$?
"""
OFFERED = """
LC_ALL=C apt-cache -c "$aside/apt.conf" madison "$@" 2>/dev/null
sed 's/^/!/' "$aside/update"
[ $updated -eq 0 ] || echo "!exit $updated"
pins=$(find /etc/apt/preferences /etc/apt/preferences.d -type f 2>/dev/null)
if [ -n "$pins" ]; then
  printf '%s\\n' "$pins" | sed 's/^/~by /'
  LC_ALL=C apt-cache -c "$aside/apt.conf" policy "$@" 2>/dev/null | sed 's/^/%/'
fi
"""
FORESEE = """
verb=$1
shift
apt_aside -s --allow-downgrades --no-install-recommends "$verb" "$@"
"""
# What was cut short of any package stands in the way of every transaction of apt.
INSTALLED = """
[ -z "$(ls /var/lib/dpkg/updates 2>/dev/null)" ] || echo '!'
dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\\n' 2>/dev/null |
  sed -n '/ .[UFH].\\{0,1\\} *$/p; / ..R *$/p'
dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\\n' "$@" 2>/dev/null || :
"""
# An archive in apt's own cache was checked against the signed lists when it came there.
FETCH = """
target=$1
shift
take() {
  [ "$(dpkg-deb -W --showformat '${Package}=${Version}' "$1")" = "$2" ] || return
  cp "$1" "$target/" && echo "${2%%=*} ${2#*=} $target/${1##*/}"
}
for spec in "$@"; do
  mkdir "$aside/files"
  if (cd "$aside/files" && apt_aside -q -o APT::Sandbox::User=root download "$spec" >&2); then
    for file in "$aside"/files/*.deb; do take "$file" "$spec"; done
  else
    for file in "/var/cache/apt/archives/${spec%%=*}_"*.deb; do
      [ ! -e "$file" ] || take "$file" "$spec"
    done
  fi
  rm -rf "$aside/files"
done
"""
PRISTINE = """
dpkg-deb --fsys-tarfile "$1" >"$aside/archive" || exit
tar -t -f "$aside/archive" >"$aside/list" || exit
grep -qxF -e ".$2" "$aside/list" || exit 44
tar -xO -f "$aside/archive" ".$2"
"""
LOCKS = """
set -- /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock \
  /var/cache/apt/archives/lock
"""
_INSTALL_FILES = """
tries=0
while :; do
  said=$(dpkg --force-confdef --force-confold --force-downgrade -i "$@" 2>&1)
  status=$?
  printf '%s\\n' "$said"
  case $said in *"was locked by another process"*) ;; *) exit $status ;; esac
  tries=$((tries + 1))
  [ $tries -lt 150 ] || exit $status
  sleep 2
done
"""


class Apt:
    """The deb family."""

    family: Family = "deb"
    command = "apt"
    repositories_script = REPOSITORIES
    offered_script = OFFERED
    installed_script = INSTALLED
    foresee_script = FORESEE
    fetch_script = FETCH
    pristine_script = PRISTINE
    locks_script = LOCKS
    update: tuple[str, ...] = (*_APT, "-q", "update")

    def spec(self, name: str, version: str) -> str:
        """Return how a package at a version is asked for."""
        return f"{name}={version}"

    def install(self, specs: Sequence[str], conffiles: Conffiles) -> list[str]:
        """Return the transaction that brings packages to versions, up or down."""
        options = [f"Dpkg::Options::={option}" for option in _CONFFILES[conffiles]]
        pairs = [word for option in options for word in ("-o", option)]
        return [*_APT, *pairs, *_INSTALL, *specs]

    def download(self, specs: Sequence[str]) -> list[str]:
        """Return what brings all that such a transaction needs into apt's own cache."""
        return [*self.install(specs, "keep"), "--download-only"]

    def remove(self, names: Sequence[str], *, purge: bool) -> list[str]:
        """Return the transaction that removes these packages, with their conffiles or without.

        dpkg never brings back a conffile that was deleted by hand, so that is no other way.
        """
        return [*_APT, "purge" if purge else "remove", *names]

    def foreseeing(self, verb: str, specs: Sequence[str]) -> list[str]:
        """Return the words of the dry run."""
        return [verb, *specs]

    def install_files(self, files: Sequence[str]) -> list[str]:
        """Return the command that installs package files, whatever is there now.

        dpkg needs no lists for it, and mends packages left half configured; it doesn't wait for
        its lock, so this does, for five minutes.
        """
        return [*_ENVIRONMENT, "sh", "-c", _INSTALL_FILES, "sh", *files]

    def foreseen(self, done: Completed) -> list[PackageChange] | None:
        """Return what a simulation announced; None when it failed."""
        return None if done.status != 0 else list(_simulated(done.text))

    def is_busy(self, done: Completed) -> bool:
        """Whether a transaction wasn't begun because of another's lock."""
        stderr = done.stderr.decode(errors="replace")
        return done.status != 0 and any(words in stderr for words in _BUSY)

    def complaint(self, done: Completed) -> str:
        """Return why a command failed, in one line."""
        unmet = re.search(
            r"^The following packages have unmet dependencies:\n((?: .*\n?)+)", done.text, re.M
        )
        if unmet:
            return f"unmet dependencies: {one_line(unmet[1])}"
        said = done.stderr.decode(errors="replace") or done.text
        lines = [
            line.removeprefix("E: ")
            for line in said.splitlines()
            if line and not _CHATTER.match(line)
        ]
        return one_line(" ".join(lines))

    def script_faults(self, done: Completed) -> list[str]:
        """Nothing: apt ends with an error when a script failed."""
        del done
        return []


def offered_lines(text: str) -> Iterator[tuple[str, str]]:
    """Name and version of each line of `apt-cache madison` that is a binary package, oldest first.

    madison prints the newest first.
    """
    for line in reversed(text.splitlines()):
        words = [word.strip() for word in line.split(" | ")]
        if len(words) == 3 and not line.startswith("!") and not words[2].endswith(" Sources"):
            yield words[0], words[1]


def withheld_lines(text: str) -> Iterator[tuple[str, str]]:
    """Name and version of what apt's pins keep away, by `apt-cache policy`; apt_preferences(5).

    A version with a priority below 0 is never to be installed, and beside one with 1000 or more
    every other one goes again at the next upgrade. A version that is asked for by its number would
    be installed all the same.
    """
    ranks: dict[str, dict[str, int]] = {}
    name = ""
    for line in text.splitlines():
        if head := re.fullmatch(r"%(\S+):", line):
            name = head[1]
        elif row := re.fullmatch(r"% (?:\*\*\*|   ) (\S+) (-?\d+)", line):
            ranks.setdefault(name, {})[row[1]] = int(row[2])
    for package, found in ranks.items():
        forced = {version for version, rank in found.items() if rank >= 1000}
        for version, rank in found.items():
            if rank < 0 or (forced and version not in forced):
                yield package, version


def held(lines: Sequence[str]) -> frozenset[str]:
    """Names of the packages that `apt-mark hold` keeps as they are."""
    rows = (line.split() for line in lines)
    return frozenset(row[0] for row in rows if len(row) >= 3 and row[2].startswith("h"))


def unreadable(errors: str) -> list[str]:
    """The repositories that apt says it couldn't read, each with its reason."""
    found = dict[str, str]()
    for what, reason in re.findall(r"^Err:\d+ (.+)\n {2}(.+)$", errors, re.M):
        found[" ".join(what.split()[:2])] = reason
    for what in re.findall(r"^[EW]: (.*(?:not signed|GPG error|is not valid).*)$", errors, re.M):
        if not any(f"{repository} " in what for repository in found):
            found.setdefault(what, "")
    failed = re.search(r"^exit (\d+)$", errors, re.M)
    if failed and not found:
        said = re.findall(r"^E: (.+)$", errors, re.M)
        found["apt-get update"] = said[0] if said else without_a_word(int(failed[1]))
    return by_reason(found)


def installed(lines: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Versions and faults from `dpkg-query -W`; what only left its conffiles isn't installed."""
    versions: dict[str, str] = {}
    faults: list[str] = []
    if "!" in lines:
        faults.append("dpkg was interrupted: run `dpkg --configure -a` there")
    for name, version, state in (line.split() for line in lines if len(line.split()) >= 3):
        if state[1] in "nc":
            continue
        versions[name] = version
        if state[1] != "i" or state[2:]:
            told = _STATES.get(state[1], f"in state {state}")
            faults.append(
                f"{name} {version} is {told}: a transaction was cut short or failed, see "
                "`dpkg --audit` and `dpkg --configure -a` there"
            )
    return versions, list(dict.fromkeys(faults))


def _simulated(text: str) -> Iterator[PackageChange]:
    known = set[str]()
    for found in _SIMULATED.finditer(text):
        name = found["name"].partition(":")[0]
        if found["verb"] == "Remv":
            yield PackageChange("remove", name, found["old"] or "")
        elif found["verb"] == "Inst":
            yield PackageChange("change" if found["old"] else "install", name, found["new"])
        elif name not in known:
            yield PackageChange("change", name, found["new"])
        known.add(name)
