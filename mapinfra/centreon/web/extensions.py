"""MAP's module and widget in Extensions > Manager, and License Manager, which they need.

What is installed stands in Centreon's tables, what could be on the disk; a preview reads both from
the one pass (a login to the API would write a token). What changes goes through Extension Manager:
listed before, done, listed after, since it installs twice what it is told to install twice, and
calls done what it didn't do. Sources: CentreonModuleWebservice.php, CentreonLegacy/Core.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mapinfra.centreon.releases.editions import WEB_CLIENT
from mapinfra.centreon.web.api import CentreonApi
from mapinfra.errors import ApiError, CentreonError, DatabaseError, MapinfraError
from mapinfra.hosts import Database, Facts, Host, Probe, Query

Kind = Literal["module", "widget"]
Verb = Literal["install", "update", "remove"]
Rows = Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class ExtensionPart:
    """An extension that MAP needs in Centreon Web: a module by its id, a widget by its title."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


LICENSE_MANAGER = ExtensionPart("module", WEB_CLIENT.needed_module)
MODULE = ExtensionPart("module", WEB_CLIENT.module)
WIDGET = ExtensionPart("widget", WEB_CLIENT.widget_title)
PARTS = (LICENSE_MANAGER, MODULE, WIDGET)
"""In the order to install them."""

_WWW = "/usr/share/centreon/www"
_MODULE_FILES = " ".join(
    f"{_WWW}/modules/{name}/conf.php" for name in (MODULE.name, LICENSE_MANAGER.name)
)
_MARK = "file "
EXTENSIONS_ON_DISK = Probe(
    "extensions-on-disk",
    f"for file in {_MODULE_FILES} {_WWW}/widgets/*/configs.xml; do "
    '[ -f "$file" ] || continue; '
    f"""printf '{_MARK}%s\\n' "$file"; grep -E 'mod_release|<title|<version' "$file"; """
    "done; true",
)
MODULE_ROWS = Query(
    "modules", "SELECT id, name, mod_release AS version FROM modules_informations ORDER BY id"
)
WIDGET_ROWS = Query(
    "widgets",
    "SELECT widget_model_id AS id, directory AS name, title, version FROM widget_models "
    "ORDER BY widget_model_id",
)

_RELEASE = re.compile(r"""mod_release['"]\]\s*=\s*(['"])(.*?)\1""")
_TITLE = re.compile(r"<title>\s*(.*?)\s*</title>")
_VERSION = re.compile(r"<version>\s*(.*?)\s*</version>")


@dataclass(frozen=True)
class OnDisk:
    """An extension whose files are there; `version` is '' where it can't be read from them."""

    kind: Kind
    id: str
    title: str
    version: str


@dataclass(frozen=True)
class ExtensionRow:
    """A row of modules_informations or widget_models."""

    id: int
    version: str


@dataclass(frozen=True)
class Extension:
    """One part as it is: on the disk (`available`, None: not there) and in the database."""

    part: ExtensionPart
    id: str
    """The directory's name; '' for a widget that is nowhere."""
    available: str | None
    rows: tuple[ExtensionRow, ...]

    @property
    def installed(self) -> str | None:
        """The version in the database; None: not installed."""
        return self.rows[0].version if self.rows else None


@dataclass(frozen=True)
class Extensions:
    """The parts on one central or remote server, which is `where`."""

    where: str
    found: Mapping[ExtensionPart, Extension]

    def check(self) -> None:
        """Raise CentreonError where a part was installed twice, which makes MAP crash."""
        for part, extension in self.found.items():
            if len(extension.rows) > 1:
                raise self._twice(part, extension.rows)

    def _twice(self, part: ExtensionPart, rows: tuple[ExtensionRow, ...]) -> CentreonError:
        table, key = _TABLES[part.kind]
        listed = ", ".join(f"{row.id}: {row.version}" for row in rows)
        surplus = " or ".join(str(row.id) for row in rows[1:])
        return CentreonError(
            f"it was installed twice: {len(rows)} rows in {table} ({listed}), with which MAP "
            "crashes at its start",
            where=f"{self.where}: {part}",
            remedy=f"in {table}, remove the row whose {key} is {surplus}",
        )


_TABLES: Mapping[Kind, tuple[str, str]] = {
    "module": ("modules_informations", "id"),
    "widget": ("widget_models", "widget_model_id"),
}


@dataclass(frozen=True)
class ExtensionChange:
    """One change in Extension Manager; `before` and `after` are versions in the database.

    `after` None: the one that will be on the disk then; for "remove": none at all.
    """

    verb: Verb
    part: ExtensionPart
    before: str | None = None
    after: str | None = None

    def __str__(self) -> str:
        versions = " → ".join(version for version in (self.before, self.after) if version)
        return f"{self.verb} {self.part} {versions}".rstrip()

    @property
    def undone(self) -> "ExtensionChange":
        """What takes it back, once the disk holds the files of before again."""
        back: dict[Verb, Verb] = {"install": "remove", "update": "update", "remove": "install"}
        return ExtensionChange(back[self.verb], self.part, self.after, self.before)


def actions(found: Extensions, version: str) -> tuple[ExtensionChange, ...]:
    """Return what brings module and widget to the version that the disk will have, in order.

    License Manager comes first: installed, or updated when the disk has another version of it.
    Raises CentreonError when a part was installed twice.
    """
    found.check()
    manager = found.found[LICENSE_MANAGER]
    wanted = {LICENSE_MANAGER: manager.available, MODULE: version, WIDGET: version}
    planned = (_towards(found.found[part], wanted[part]) for part in PARTS)
    return tuple(action for action in planned if action is not None)


def removals(found: Extensions) -> tuple[ExtensionChange, ...]:
    """Return what takes widget and module out; License Manager stays, others need it, too.

    Raises CentreonError when a part was installed twice: a removal would leave one.
    """
    found.check()
    held = (found.found[part] for part in (WIDGET, MODULE))
    return tuple(
        ExtensionChange("remove", one.part, before=one.installed)
        for one in held
        if one.installed is not None
    )


def _towards(extension: Extension, version: str | None) -> ExtensionChange | None:
    if extension.installed is None:
        return ExtensionChange("install", extension.part, after=version)
    if version and not _same(extension.installed, version):
        return ExtensionChange("update", extension.part, extension.installed, version)
    return None


def _same(one: str, other: str) -> bool:
    """Compare as Centreon does."""
    return one.strip().lower() == other.strip().lower()


def observed(facts: Facts) -> Extensions:
    """Return the parts as the one pass found them.

    Raises HostError when the pass couldn't read them, CentreonError when two widgets have MAP's
    title.
    """
    on_disk = read_disk(facts.text(EXTENSIONS_ON_DISK.name))
    return joined(
        on_disk, facts.rows(MODULE_ROWS.name), facts.rows(WIDGET_ROWS.name), where=facts.host
    )


def read_disk(text: str) -> list[OnDisk]:
    """Return the extensions that EXTENSIONS_ON_DISK printed."""
    blocks = re.split(rf"^{_MARK}", text, flags=re.MULTILINE)[1:]
    return [_in_file(*block.partition("\n")[::2]) for block in blocks]


def _in_file(path: str, text: str) -> OnDisk:
    id = path.split("/")[-2]
    if path.endswith("conf.php"):
        release = _RELEASE.search(text)
        return OnDisk("module", id, id, release[2] if release else "")
    title, version = _TITLE.search(text), _VERSION.search(text)
    return OnDisk("widget", id, title[1] if title else "", version[1] if version else "")


def read_listing(body: Mapping[str, Any]) -> list[OnDisk]:
    """Return the extensions of the API's `list`; raise ApiError when it isn't one."""
    try:
        if body["status"] is not True:
            raise ApiError("Extension Manager doesn't list: it answers status false")
        return [
            OnDisk(kind, held["id"], held["description"], held["version"]["available"] or "")
            for kind in _TABLES
            for held in body["result"][kind]["entities"]
        ]
    except (KeyError, TypeError):
        raise ApiError("Extension Manager's list isn't one that mapinfra understands") from None


def joined(on_disk: Sequence[OnDisk], modules: Rows, widgets: Rows, *, where: str) -> Extensions:
    """Return the parts, from what is on the disk and from both tables.

    Raises CentreonError when two widgets have MAP's title.
    """
    found = {
        part: _joined_part(part, on_disk, modules if part.kind == "module" else widgets, where)
        for part in PARTS
    }
    return Extensions(where, found)


def _joined_part(
    part: ExtensionPart, on_disk: Sequence[OnDisk], rows: Rows, where: str
) -> Extension:
    there = [held for held in on_disk if held.kind == part.kind and part.name == _name(held)]
    if len(there) > 1:
        raise CentreonError(
            f"{len(there)} widgets have this title: {', '.join(held.id for held in there)}",
            where=f"{where}: {part}",
            remedy="remove the directory that isn't Centreon's",
        )
    id = there[0].id if there else _id_in_table(part, rows)
    return Extension(
        part,
        id,
        there[0].version if there else None,
        tuple(ExtensionRow(int(str(r["id"])), str(r["version"])) for r in rows if r["name"] == id),
    )


def _name(held: OnDisk) -> str:
    return held.title if held.kind == "widget" else held.id


def _id_in_table(part: ExtensionPart, rows: Rows) -> str:
    """Return the id of a part whose files are gone."""
    if part.kind == "module":
        return part.name
    return next((str(row["name"]) for row in rows if row["title"] == part.name), "")


class ExtensionManager:
    """Extension Manager of one central or remote server: its API, beside the tables of its host."""

    def __init__(self, api: CentreonApi, host: Host, database: Database) -> None:
        self._api = api
        self._host = host
        self._database = database

    def found(self) -> Extensions:
        """List the parts now.

        Raises ApiError, DatabaseError, and CentreonError when a part was installed twice (which
        the API doesn't show), or API and database tell different things.
        """
        body = self._api.extension_manager("GET", "list")
        modules, widgets = self._rows(MODULE_ROWS), self._rows(WIDGET_ROWS)
        found = joined(read_listing(body), modules, widgets, where=self._host.name)
        found.check()
        self._compare(body, found)
        return found

    def run(self, action: ExtensionChange) -> None:
        """Do it, unless it is done already; every claim of the API is checked by listing again.

        Also that it failed: what it had begun may be done all the same.
        Raises ApiError when Extension Manager refuses or does something else, CentreonError when
        things aren't as they were planned for, and what `found` raises.
        """
        before = self.found()
        if _is_done(action, before):
            return
        extension = before.found[action.part]
        _check(action, before)
        failure = self._asked(action, extension.id)
        after = self._found_after(failure)
        if _is_done(action, after):
            return
        version = after.found[action.part].installed or "not installed"
        raise failure or self._refused(action, f"it says done, but lists: {version}")

    def _asked(self, action: ExtensionChange, id: str) -> ApiError | None:
        """Ask for it; return what the API says against it, if anything."""
        method = "DELETE" if action.verb == "remove" else "POST"
        try:
            body = self._api.extension_manager(method, action.verb, id=id, type=action.part.kind)
        except ApiError as error:
            return error
        return None if body.get("status") is True else self._refused(action, _reason(body))

    def _found_after(self, failure: ApiError | None) -> Extensions:
        """List the parts; where that fails after a failure, that one is what is told."""
        try:
            return self.found()
        except MapinfraError as error:
            raise failure or error from None

    def _refused(self, action: ExtensionChange, reason: str) -> ApiError:
        return ApiError(
            f"Extension Manager doesn't {action.verb} it: {reason}",
            where=f"{self._host.name}: {action.part}",
            remedy="look at Administration > Extensions > Manager and at the web server's log",
        )

    def _rows(self, query: Query) -> Rows:
        answer = self._host.snapshot(self._database, [(query.name, query.sql)])[query.name]
        if isinstance(answer, DatabaseError):
            raise answer
        return answer

    def _compare(self, body: Mapping[str, Any], found: Extensions) -> None:
        """Refuse to go on when the API is that of another Centreon than the database's."""
        for part, extension in found.found.items():
            for held in body["result"][part.kind]["entities"]:
                said = held["version"]["current"]
                if held["id"] == extension.id and said != extension.installed:
                    raise CentreonError(
                        f"the API says {said or 'not installed'}, the database "
                        f"{extension.installed or 'not installed'}",
                        where=f"{self._host.name}: {part}",
                        remedy="check that api and database are those of one Centreon",
                    )


def _is_done(action: ExtensionChange, found: Extensions) -> bool:
    extension = found.found[action.part]
    wanted = action.after or extension.available
    if action.verb == "remove":
        return extension.installed is None
    return None not in (extension.installed, wanted) and _same(
        str(extension.installed), str(wanted)
    )


def _check(action: ExtensionChange, found: Extensions) -> None:
    """Raise CentreonError when the action would do harm, or something that wasn't planned."""
    fault = _fault(action, found)
    if fault is not None:
        what, remedy = fault
        raise CentreonError(what, where=f"{found.where}: {action.part}", remedy=remedy)


def _fault(action: ExtensionChange, found: Extensions) -> tuple[str, str] | None:
    extension = found.found[action.part]
    package = WEB_CLIENT.needed_module if action.part == LICENSE_MANAGER else WEB_CLIENT.package
    if extension.available is None:
        return "its files aren't on the disk", f"install package {package}"
    if action.part == MODULE and found.found[LICENSE_MANAGER].available is None:
        return (
            f"it needs module {LICENSE_MANAGER.name}, which isn't on the disk",
            f"install package {LICENSE_MANAGER.name}",
        )
    if action.verb == "install" and extension.installed is not None:
        return f"it is installed meanwhile, as {extension.installed}", "preview again"
    if action.verb == "update" and extension.installed is None:
        return "it isn't installed any more", "preview again"
    if action.after and not _same(extension.available, action.after):
        return (
            f"Extension Manager sees {extension.available} on the disk, not {action.after}",
            f"update package {package}; where that is done, restart php-fpm, which caches files",
        )
    return None


def _reason(body: Mapping[str, Any]) -> str:
    """Return why an answer says status false."""
    result = body.get("result")
    message = result.get("message") if isinstance(result, Mapping) else result
    return " ".join(str(message or "it doesn't say why").split())[:500]
