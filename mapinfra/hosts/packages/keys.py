"""Keys that packages are signed with, of hosts with rpm."""

from collections.abc import Sequence

from mapinfra.hosts.host import Host

_IMPORT = """\
set -e
file=$(mktemp)
trap 'rm -f "$file"' EXIT
curl --fail --silent --show-error --location --max-time 60 --output "$file" "$1"
gpg --show-keys --with-colons "$file" | grep -q "^fpr:*$2:" ||
  { echo "the key of $1 isn't the one with fingerprint $2" >&2; exit 1; }
rpm --import "$file"
"""


def import_key(host: Host, url: str, fingerprint: str) -> None:
    """Import a key from an address; raise HostError unless it has this fingerprint."""
    host.run(["sh", "-c", _IMPORT, "sh", url, fingerprint], timeout=90)


def remove_keys(host: Host, names: Sequence[str]) -> None:
    """Remove keys by the names that rpm has for them (gpg-pubkey-…); raise HostError."""
    host.run(["rpm", "-e", *names])
