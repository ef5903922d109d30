"""A place of its own for what is only read: it begins a script and is removed at its end."""

ASIDE = """
# Named after the boot: what a host that lost its power has left is nobody's, and goes now.
boot=$(cut -c 1-8 /proc/sys/kernel/random/boot_id) || exit
find /var/tmp -maxdepth 1 -type d -user "$(id -u)" \\
  -name 'mapinfra.????????.????????' ! -name "mapinfra.$boot.*" -exec rm -rf {} +
aside=$(mktemp -d "/var/tmp/mapinfra.$boot.XXXXXXXX") || exit
trap 'rm -rf "$aside"' EXIT
trap 'exit 143' HUP INT TERM
"""
"""Sets `aside`, a directory that only the caller can enter."""
