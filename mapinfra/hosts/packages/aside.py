"""A place of its own for what is only read: it begins a script and is removed at its end."""

ASIDE = """
aside=$(mktemp -d /var/tmp/mapinfra.XXXXXXXX) || exit
trap 'rm -rf "$aside"' EXIT
trap 'exit 143' HUP INT TERM
"""
"""Sets `aside`, a directory that only the caller can enter."""
