"""How old a backup is, in words; a clock that was wrong is told as that."""

from mapinfra.backup.manifest import Manifest

_UNITS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"))
_TOLERANCE = 60.0  # seconds that two clocks may differ without a word


def is_in_future(manifest: Manifest, now: float) -> bool:
    """Whether a backup says that it was taken after `now`, in seconds since 1970."""
    return manifest.taken - now > _TOLERANCE


def age(manifest: Manifest, now: float) -> str:
    """Return how old a backup is at `now`, in its largest unit, or how far in the future."""
    if is_in_future(manifest, now):
        return f"{_length(manifest.taken - now)} in the future"
    return _length(max(now - manifest.taken, 0))


def ago(manifest: Manifest, now: float) -> str:
    """Return when a backup was taken, seen from `now`."""
    return age(manifest, now) + ("" if is_in_future(manifest, now) else " ago")


def _length(seconds: float) -> str:
    for length, unit in _UNITS:
        number = int(seconds / length)
        if number:
            return f"{number} {unit}{'s' if number > 1 else ''}"
    return f"{seconds:.0f} s"
