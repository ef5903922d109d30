"""What differs between the administrator's config file and the vendor's, told in one line each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from mapinfra.config_files.concealment import (
    shown_line,
    shown_name,
    shown_option,
    shown_value,
)
from mapinfra.text import HIDDEN


class MergeOutcome(Enum):
    """What became of a difference."""

    CARRIED = "carried"
    """The administrator's edit, put into the vendor's file."""
    DROPPED = "dropped"
    """The administrator's edit, lost: the vendor's file is taken."""
    KEPT = "kept"
    """The local file stays as it is here; what the vendor has isn't taken."""
    TAKEN = "taken"
    """The vendor's change, with no edit of the administrator's in its way."""
    DECLARED = "declared"
    """The spec's setting, whatever the files say."""
    SCRIPTED = "scripted"
    """Changed by the package's own scripts while it was installed, and kept."""
    UNDECIDED = "undecided"
    """Somebody has to decide."""


_MAKES = "what it makes of the vendor's change"
_KEY_STORIES = {
    MergeOutcome.CARRIED: "local {local} carried over, the vendor has {vendor}{origin}",
    MergeOutcome.DROPPED: "local {local} dropped, the vendor has {vendor}{origin}",
    MergeOutcome.KEPT: "local {local} kept, the vendor has {vendor}{origin}",
    MergeOutcome.TAKEN: "the vendor's {vendor} taken, local has {local}",
    MergeOutcome.DECLARED: "{declared} as declared, local has {local}, the vendor has {vendor}",
    MergeOutcome.SCRIPTED: "{vendor} written by the package's script, it was {local}",
    MergeOutcome.UNDECIDED: "to be decided, local has {local}, the vendor has {vendor}{origin}",
}
_LOCAL_LINE_STORIES = {
    MergeOutcome.CARRIED: "carried over",
    MergeOutcome.DROPPED: "dropped",
    MergeOutcome.KEPT: "kept",
    MergeOutcome.TAKEN: "gone, as the vendor took it out",
    MergeOutcome.SCRIPTED: "taken out by the package's script",
    MergeOutcome.UNDECIDED: "to be decided",
}
_VENDOR_LINE_STORIES = {
    MergeOutcome.CARRIED: "left out, as it was taken out locally",
    MergeOutcome.DROPPED: "back, though it was taken out locally",
    MergeOutcome.KEPT: "not taken",
    MergeOutcome.TAKEN: "taken",
    MergeOutcome.SCRIPTED: "added by the package's script",
    MergeOutcome.UNDECIDED: "to be decided",
}


@dataclass(frozen=True)
class Difference:
    """One key, or one line that sets none, that differs; a side that has none of it is None.

    `pristine` is also None when the old package's file isn't known. References to secrets stay as
    they are written. Only `str()` may be shown: it hides what is secret, the fields don't.
    """

    outcome: MergeOutcome
    key: str | None = field(default=None, repr=False)
    line: str | None = field(default=None, repr=False)
    pristine: str | None = field(default=None, repr=False)
    local: str | None = field(default=None, repr=False)
    vendor: str | None = field(default=None, repr=False)
    declared: str | None = field(default=None, repr=False)
    place: str | None = None
    """The line in which the local file sets the key, or else the vendor's: `line 12`."""
    unjudged: str | None = None
    """A line that only a running shell can judge, with what the vendor changes of what it reads."""

    @property
    def conflict(self) -> bool:
        """Whether administrator and vendor both changed it since the pristine file."""
        return self.pristine is not None and self.pristine not in (self.local, self.vendor)

    @property
    def twofold(self) -> bool:
        """Whether both have set it, differently, since a pristine file that is known."""
        return self.conflict or (
            self.pristine is None and None not in (self.local, self.vendor) and self.key is not None
        )

    def __str__(self) -> str:
        if self.unjudged is not None:
            return f"{self.unjudged}: only a running shell can tell {_MAKES}"
        if self.key is None:
            return self._line_story()
        pristine, local, vendor, declared = self._told()
        origin = f", originally {pristine}" if self.conflict else ""
        story = _KEY_STORIES[self.outcome].format(
            local=local, vendor=vendor, origin=origin, declared=declared
        )
        return f"{self._name(self.key)}: {story}"

    def _name(self, key: str) -> str:
        known = (self.pristine, self.vendor, self.declared) != (None, None, None)
        valued = any(value and value.strip() for value in (self.local, self.vendor))
        shown = shown_name(key, valued=valued, public=known and self._is_public)
        return f"{self.place} {HIDDEN}" if shown == HIDDEN and self.place else shown

    @property
    def _is_public(self) -> bool:
        # What a script writes it may have taken from the administrator's own file.
        return self.outcome is not MergeOutcome.SCRIPTED

    def _line_story(self) -> str:
        public = self._is_public and (self.vendor is not None or self.pristine is not None)
        line = f'line "{shown_line(self.line or "", public=public)}"'
        if self.local is None:
            return f"{line}: only in the vendor's file, {_VENDOR_LINE_STORIES[self.outcome]}"
        return f"{line}: only in the local file, {_LOCAL_LINE_STORIES[self.outcome]}"

    def _quoted(self, value: str) -> str:
        shown = shown_value(self.key or "", value)
        return shown if shown == HIDDEN else f'"{shown}"'

    def _told(self) -> list[str]:
        """Return pristine, local, vendor and declared value; of option lists what differs."""
        values = (self.pristine, self.local, self.vendor, self.declared)
        lists = [value.split() for value in values if value is not None]
        if len(lists) < 2 or not all(_is_option_list(words) for words in lists):
            return ["nothing" if value is None else self._quoted(value) for value in values]
        common = _common(lists)
        return ["nothing" if value is None else _options(value.split(), common) for value in values]


def _is_option_list(words: Sequence[str]) -> bool:
    return bool(words) and all(
        word.startswith(("-", "${")) and not set("'\"\\") & set(word) for word in words
    )


def _common(lists: Sequence[Sequence[str]]) -> Counter[str]:
    """Return the options in all lists; none when nothing but their order differs."""
    common = Counter(lists[0])
    for words in lists[1:]:
        common &= Counter(words)
    return Counter() if all(len(words) == common.total() for words in lists) else common


def _options(words: Sequence[str], common: Counter[str]) -> str:
    """Return the options that aren't common to all, each with its own secret hidden."""
    left = common.copy()
    own = list[str]()
    for word in words:
        if left[word] > 0:
            left[word] -= 1
        else:
            own.append(shown_option(word))
    listed = f'"{" ".join(own)}"' if own else "no other option"
    return f"{listed} (of {len(words)} options)" if common else listed
