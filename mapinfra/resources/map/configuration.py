"""The configuration files of a MAP server that is updated: forecast before, merged after.

Before the package is changed the merge is made of the backup and the package's payload: that is a
forecast. After it, the vendor's side is what its scripts have left on the host, and that counts.
"""

from base64 import b64decode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from mapinfra.centreon.map.configure import written_by_configure
from mapinfra.centreon.rules.verdict import ReplaceWord, SetProperty
from mapinfra.config_files import (
    Difference,
    Format,
    Merged,
    MergeOutcome,
    Strategy,
    format_of,
    merge,
    with_settings,
)
from mapinfra.config_files import settings as read_settings
from mapinfra.errors import CentreonError
from mapinfra.hosts import Host
from mapinfra.hosts.failures import last_line

_TRIES = 5
_EDITED = 75
_WRITE = """\
[ -e "$1" ] || { echo "$1 isn't there any more" >&2; exit 1; }
umask 077
cat >"$1.mapinfra" && chown --reference="$1" "$1.mapinfra" &&
  chmod --reference="$1" "$1.mapinfra" && sync "$1.mapinfra" || exit
now=$(sha256sum <"$1")
case ${now%% *} in "$2" | "$3") ;; *) rm -f "$1.mapinfra"; exit 75 ;; esac
mv "$1.mapinfra" "$1"
"""
_READ = (
    'for file; do [ ! -f "$file" ] || { printf "%s " "$file"; base64 -w 0 <"$file"; echo; }; done'
)
_ASIDE = (".rpmsave", ".dpkg-old")
"""The administrator's file, where the package manager has put the new one in its place."""
_BESIDE = (".rpmnew", ".dpkg-dist")
"""The vendor's file, where the administrator's has stayed in place."""


class Edited(CentreonError):
    """A file isn't any more what it was when it was read."""


def write_file(host: Host, path: str, content: bytes, *, read: bytes) -> None:
    """Replace a file's content at once; owner and mode stay.

    `read` is what the content was made of. Raises Edited when the file holds something else by
    now: then it stays as it is.
    """
    # What already is as wanted is no edit: an undo may come before its step.
    sums = [sha256(one).hexdigest() for one in (read, content)]
    argv = ["sh", "-c", _WRITE, "sh", path, *sums]
    done = host.run(argv, stdin=content, check=False)
    if done.status == _EDITED:
        raise edited(host, path)
    if done.status != 0:
        raise CentreonError(f"writing {path} failed: {last_line(done.stderr)}", where=host.name)


def edited(host: Host, path: str) -> Edited:
    """Return the error for a file that somebody has changed meanwhile."""
    return Edited(
        f"{path} was edited meanwhile; the edit stays as it is",
        where=host.name,
        remedy="run `up` again, which takes it into account",
    )


def contents(host: Host, paths: Iterable[str]) -> dict[str, bytes]:
    """Return what is in those of the files that there are."""
    text = host.run(["sh", "-c", _READ, "sh", *paths]).text
    pairs = (line.partition(" ") for line in text.splitlines())
    return {path: b64decode(content) for path, _, content in pairs}


@dataclass(frozen=True)
class Versions:
    """One file before the package is changed, as the old package had it, and as the new one has."""

    local: bytes = field(repr=False)
    pristine: bytes | None = field(repr=False)
    vendor: bytes = field(repr=False)
    leftovers: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """What package managers had left beside it before, by the end of the name."""

    def after(self, found: Mapping[str, bytes]) -> "Versions":
        """Return these as the transaction has found and brought them."""
        local = next((found[end] for end in _ASIDE if end in found), self.local)
        vendor = next((found[end] for end in _BESIDE if end in found), self.vendor)
        return replace(self, local=local, vendor=vendor)

    def put(self, found: Mapping[str, bytes]) -> bytes:
        """Return which of them the package manager has left in place."""
        stays = any(end in found for end in _BESIDE) or self.vendor == self.pristine
        return self.local if stays and not any(end in found for end in _ASIDE) else self.vendor


@dataclass(frozen=True)
class Merger:
    """What the spec and the rules ask of the merge of one file."""

    path: str
    form: Format
    strategy: Strategy
    wanted: Mapping[str, str]
    actions: Sequence[ReplaceWord | SetProperty]

    def forecast(self, versions: Versions) -> Merged:
        """Return the merge of a file as the package brings it."""
        kept = [
            key for key in read_settings(versions.local, self.form) if written_by_configure(key)
        ]
        merged = self._merge(
            versions.pristine, versions.local, versions.vendor, self.strategy, kept
        )
        content = _with_actions(merged.content, self.path, self.actions)
        return Merged(with_settings(content, self.wanted, self.form), merged.differences)

    def final(self, versions: Versions, now: bytes, found: Mapping[str, bytes]) -> Merged:
        """Return the merge with what scripts have made of the file, told by the differences.

        `now` is the file, `found` what the transaction has left beside it. Raises CentreonError
        where scripts and the merge have changed the same.
        """
        brought = versions.after(found)
        merged = self.forecast(brought)
        before = brought.put(found)
        if merged.undecided or now in (before, merged.content):
            return replace(merged, differences=merged.undecided)
        told = self._merge(before, before, now, Strategy.VENDOR, ()).differences
        # What a script has written is for this host; it wins over what the package brings for all.
        whole = self._merge(before, now, merged.content, Strategy.CARRY, ())
        clashes = [one for one in whole.differences if one.twofold and one.key not in self.wanted]
        if whole.undecided or (clashes and before != brought.local):
            clash = (whole.undecided or clashes)[0]
            raise CentreonError(
                f"the package's own script has changed what was edited here, too: {clash}",
                where=self.path,
                remedy="declare the value as one of `settings`",
            )
        return Merged(
            whole.content, tuple(replace(one, outcome=MergeOutcome.SCRIPTED) for one in told)
        )

    def _merge(
        self,
        pristine: bytes | None,
        local: bytes,
        vendor: bytes,
        strategy: Strategy,
        kept: Collection[str],
    ) -> Merged:
        return merge(
            pristine=pristine,
            local=local,
            vendor=vendor,
            settings=self.wanted,
            strategy=strategy,
            form=self.form,
            kept=kept,
        )


def settle(host: Host, merger: Merger, versions: Versions) -> tuple[Difference, ...]:
    """Make a file on the host what it is to be; return what its package's scripts have changed.

    What somebody edits meanwhile is merged, too. Raises CentreonError, with the file untouched.
    """
    path = merger.path
    beside = [f"{path}{end}" for end in (*_ASIDE, *_BESIDE)]
    for _ in range(_TRIES):
        held = contents(host, (path, *beside))
        if path not in held:
            raise CentreonError(f"{path} isn't there any more", where=host.name)
        found = {name.removeprefix(path): content for name, content in held.items()}
        now = found.pop("")
        fresh = {
            end: content for end, content in found.items() if versions.leftovers.get(end) != content
        }
        merged = merger.final(versions, now, fresh)
        expect_decided({path: merged}, host)
        try:
            if merged.content != now:
                write_file(host, path, merged.content, read=now)
        except Edited:
            continue
        return merged.differences
    raise edited(host, path)


def expect_decided(merged: Mapping[str, Merged], host: Host) -> None:
    """Raise CentreonError when there is something that somebody has to decide."""
    undecided = [f"{path}: {one}" for path, file in merged.items() for one in file.undecided]
    if undecided:
        raise CentreonError(
            f"the configuration is to be reviewed: {'; '.join(undecided)}",
            where=host.name,
            remedy="declare the values as `settings`, or choose config: carry, vendor or keep",
            beside=(f"the configuration files: {summary(merged.values())}",),
        )


def summary(merged: Iterable[Merged]) -> str:
    """Return in one line what becomes of values: `13 of your values kept, 3 new defaults`."""
    count = dict.fromkeys(MergeOutcome, 0)
    for file in merged:
        for outcome, number in file.counts.items():
            count[outcome] += number
    kept = count[MergeOutcome.CARRIED] + count[MergeOutcome.KEPT]
    parts = [
        (kept, "of your values kept"),
        (count[MergeOutcome.TAKEN], "new defaults"),
        (count[MergeOutcome.DECLARED], "as declared"),
        (count[MergeOutcome.DROPPED], "of your values dropped"),
        (count[MergeOutcome.UNDECIDED], "to judge"),
    ]
    return ", ".join(f"{number} {what}" for number, what in parts if number) or "no value differs"


def merger_of(
    path: str,
    strategy: Strategy,
    wanted: Mapping[str, str],
    actions: Sequence[ReplaceWord | SetProperty],
) -> Merger | None:
    """Return how a file is merged; None for one of no known format."""
    form = format_of(path)
    return None if form is None else Merger(path, form, strategy, wanted, actions)


def _with_actions(content: bytes, path: str, actions: Iterable[ReplaceWord | SetProperty]) -> bytes:
    """Return a file with the extra steps of certain versions done."""
    form = format_of(path)
    for action in actions:
        if isinstance(action, SetProperty) and action.file == path and form is not None:
            content = with_settings(content, {action.key: action.value}, form)
        if isinstance(action, ReplaceWord) and path in action.files and form is not None:
            held = read_settings(content, form)
            changed = {
                key: value.replace(action.old, action.new)
                for key, value in held.items()
                if action.old in value and action.new not in value
            }
            content = with_settings(content, changed, form)
    return content
