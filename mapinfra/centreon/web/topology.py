"""Pages of Centreon's menu: table `topology` of the configuration database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from mapinfra.errors import CentreonError


@dataclass(frozen=True)
class Page:
    """One row of `topology`: `number` is topology_page, `shown` is topology_show = '1'."""

    row: int
    name: str
    number: int
    parent: int | None
    shown: bool

    def __str__(self) -> str:
        return f"{self.name} (page {self.number})"


def pages(rows: Sequence[Mapping[str, object]]) -> list[Page]:
    """Return the pages of a topology query's rows."""
    return [
        Page(
            row=int(str(row["topology_id"])),
            name=str(row["topology_name"]),
            number=int(str(row["topology_page"])),
            parent=None if row["topology_parent"] is None else int(str(row["topology_parent"])),
            shown=str(row["topology_show"]) == "1",
        )
        for row in rows
    ]


def find_page(wanted: str, among: Sequence[Page], host: str) -> Page:
    """Return the one page with this name or page number.

    Raises CentreonError, listing what there is, when none or several match.
    """
    number = int(wanted) if wanted.isascii() and wanted.isdecimal() else None
    found = [page for page in among if wanted == page.name or page.number == number]
    if len(found) == 1:
        return found[0]
    where = f"{host}: page {wanted}"
    if found:
        raise _ambiguous(found, where)
    names = {page.name: page for page in among}
    numbers = {str(page.number): page for page in among}
    close = [str(names[name]) for name in get_close_matches(wanted, names, n=5, cutoff=0.5)]
    close += [str(numbers[n]) for n in get_close_matches(wanted, numbers, n=5, cutoff=0.7)]
    listed = ", ".join(close) or ", ".join(str(page) for page in among[:20]) or "no page at all"
    raise CentreonError(
        f"no such page in the menu; there is {listed}",
        where=where,
        remedy="give one of these, by name or number",
    )


def _ambiguous(found: Sequence[Page], where: str) -> CentreonError:
    if len({page.number for page in found}) < len(found):
        rows = ", ".join(str(page.row) for page in found)
        return CentreonError(
            f"the menu has that page {len(found)} times (topology_id {rows})",
            where=where,
            remedy="delete the rows of table topology that are doubled",
        )
    listed = ", ".join(f"{page.number} (under {page.parent})" for page in found)
    return CentreonError(
        f"{len(found)} pages of the menu have that name: {listed}",
        where=where,
        remedy="give the page's number instead of its name",
    )
