"""The administrator's edits put into the vendor's file."""

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import pairwise

from mapinfra.config_files.model import BOM, ConfigFile, Format, Piece, PieceKind
from mapinfra.config_files.sides import Side, Sides, one_each, places_of_lines


def carried(sides: Sides, vendor: bytes, form: Format) -> bytes:
    """Return the vendor's file with the administrator's edits in it.

    A changed key takes the place that it has in the vendor's file, on the administrator's own
    line; what only the administrator has follows what it followed in his file.
    """
    keys = [key for key in sides.differing_keys() if sides.edited_key(key)]
    document = one_each(form.parse(vendor), form, only=frozenset(keys))
    return _Carrying(sides, document, form).result(keys)


class _Carrying:
    """The vendor's file as slots, one for each piece, and one before them all."""

    def __init__(self, sides: Sides, vendor: ConfigFile, form: Format) -> None:
        self._sides = sides
        self._vendor = vendor
        self._form = form
        both = ConfigFile(vendor.pieces + sides.local.document.pieces)
        self._line_end = both.line_end
        self._local = [form.adapted(piece, self._line_end) for piece in sides.local.document.pieces]
        self._slots: list[list[Piece]] = [[], *([piece] for piece in vendor.pieces)]
        self._inserted = set[int]()
        self._keys = _places_of_keys(vendor)
        self._lines = places_of_lines(vendor)

    def result(self, keys: Iterable[str]) -> bytes:
        for key in keys:
            self._carry_key(key)
        for line in self._sides.differing_lines():
            self._take_out(line)
        self._inserted |= _own_lines(self._sides)
        self._insert()
        return self._joined([piece for slot in self._slots for piece in slot])

    def _carry_key(self, key: str) -> None:
        chain = self._sides.local.document.chains.get(key, [])
        places = self._keys.get(key, [])
        if not chain:
            self._put(places, [])
            return
        if not places:
            self._inserted |= {index for index, _ in chain}
            return
        if not chain[0][1].continues:
            places = [index for index, _ in self._vendor.chains[key]]
        # What is left over follows what it follows in the local file, and may read that.
        self._inserted |= {index for index, _ in chain[len(places) :]}
        self._put(places, [self._local[index] for index, _ in chain])

    def _put(self, places: list[int], pieces: list[Piece]) -> None:
        """Put pieces one by one in the place of others."""
        for nth, place in enumerate(places):
            new = pieces[nth : nth + 1]
            if not (len(new) == 1 and _same(new[0], self._vendor.pieces[place])):
                self._slots[place + 1] = new

    def _take_out(self, line: str) -> None:
        places = self._lines.get(line, [])
        for place in places[len(places) - self._sides.removed(line) :]:
            self._slots[place + 1] = []

    def _insert(self) -> None:
        """Insert what only the local file has, in its order, so that references stay true."""
        places = self._waiting()
        at = int(self._vendor.pieces[:1] == (Piece(BOM, PieceKind.BLANK),))
        blanks = list[Piece]()
        for index, piece in enumerate(self._local):
            if index in self._inserted:
                self._slots[at] += [*blanks, piece]
                blanks = []
            elif piece.kind is not PieceKind.BLANK:
                at = max(at, next(places.get(_identity(piece), iter(())), at))
                blanks = []
            elif piece.raw != BOM:
                blanks.append(piece)

    def _waiting(self) -> dict[tuple[str, str], Iterator[int]]:
        """Return the slots of each key and line of the vendor's, first to last."""
        held = {("key", key): places for key, places in self._keys.items()}
        held |= {("line", line): places for line, places in self._lines.items()}
        return {identity: (at + 1 for at in places) for identity, places in held.items()}

    def _joined(self, pieces: list[Piece]) -> bytes:
        """Return the bytes, with a line end after each piece, and as the vendor's file ends."""
        if not pieces:
            return b""
        ended = [self._followed(piece, after) for piece, after in pairwise(pieces)]
        return b"".join((*ended, self._final(pieces[-1])))

    def _followed(self, piece: Piece, after: Piece) -> bytes:
        # A byte order mark stands before a comment; before a setting it would spoil that.
        if piece.raw == BOM and after.kind in (PieceKind.BLANK, PieceKind.COMMENT):
            return piece.raw
        return self._form.ended(piece, self._line_end)

    def _final(self, last: Piece) -> bytes:
        model = self._vendor.pieces or self._sides.local.document.pieces
        if not model[-1].line_end:
            return last.raw.removesuffix(last.line_end)
        if last.line_end or last.raw == BOM:
            return last.raw
        return self._form.ended(last, self._line_end)


def _identity(piece: Piece) -> tuple[str, str]:
    return ("key", piece.assignments[0].key) if piece.assignments else ("line", piece.text)


def _same(one: Piece, other: Piece) -> bool:
    return [held.meaning for held in one.assignments] == [
        held.meaning for held in other.assignments
    ]


def _places_of_keys(document: ConfigFile) -> dict[str, list[int]]:
    held: dict[str, list[int]] = {}
    for index, assignment in document.assignments():
        held.setdefault(assignment.key, []).append(index)
    return held


def _own_lines(sides: Sides) -> set[int]:
    """Return which pieces of the local file are lines to insert.

    Of equal lines those count as added that have no counterpart in the old file where they stand,
    then the last.
    """
    # The old file's lines stand where they stood; the vendor's new file may have moved them.
    aligned = _aligned(sides.pristine, sides.local) if sides.pristine else set[int]()
    chosen = set[int]()
    for line in sides.differing_lines():
        places = sides.local.places.get(line, [])
        places = sorted(places, key=lambda index: (index in aligned, -index))
        chosen.update(places[: sides.added(line)])
    return chosen


def _aligned(reference: Side, local: Side) -> set[int]:
    before = [_identity(piece) for piece in reference.document.pieces]
    now = [_identity(piece) for piece in local.document.pieces]
    blocks = SequenceMatcher(None, before, now, autojunk=False).get_matching_blocks()
    return {index for block in blocks for index in range(block.b, block.b + block.size)}
