"""Extension Manager: modules and widgets on the disk against their rows in the database.

Sources: src/CentreonModule/Infrastructure/Source, src/CentreonLegacy/Core/{Module,Widget}, with
the traps of the real ones: installing twice adds a second row, updating or removing a module that
isn't installed raises nothing, a widget's update swallows its errors.
"""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from . import paths, php
from .database import Database

Json = dict[str, Any]


class ExtensionError(Exception):
    """Extension Manager refuses; the message is its own."""


@dataclass(frozen=True)
class Extension:
    """A module or a widget that is on the disk."""

    id: str
    type: str
    name: str
    author: str
    version: str
    description: str
    keywords: str
    current: str | None
    """The version in the database; None when it isn't installed."""
    license: Json | None
    stability: str = "stable"
    last_update: str | None = None
    release_note: str | None = None
    images: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    settings: Json = field(default_factory=dict)

    @property
    def is_current(self) -> bool:
        """Whether the version on the disk is the one in the database."""
        return (self.current or "").strip().lower() == self.version.strip().lower()

    @property
    def is_outdated(self) -> bool:
        """Whether it is installed in another version, be that an older or a newer one."""
        return self.current is not None and not self.is_current

    def summary(self) -> Json:
        """As the API lists it."""
        return {
            "id": self.id,
            "type": self.type,
            "description": self.name,
            "label": self.author,
            "version": {
                "current": self.current,
                "available": self.version,
                "outdated": self.is_outdated,
                "installed": self.current is not None,
            },
            "license": self.license,
        }

    def details(self) -> Json:
        """As the API details it."""
        return self.summary() | {
            "title": self.name,
            "description": self.description,
            "stability": self.stability,
            "images": list(self.images),
            "last_update": self.last_update,
            "release_note": self.release_note,
        }


class Source(Protocol):
    """The extensions of one type."""

    def all(self) -> list[Extension]:
        """Those on the disk, by id."""

    def find(self, id: str) -> Extension | None:
        """The one in this directory."""

    def install(self, id: str) -> None:
        """Bring it into the database."""

    def update(self, id: str) -> None:
        """Bring the disk's version into the database."""

    def remove(self, id: str) -> None:
        """Take it out of the database."""


class Modules:
    """Modules: a directory with conf.php, a row in modules_informations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Extension]:
        """The modules on the disk, by id."""
        return [self._read(file) for file in sorted(paths.MODULES.glob("*/conf.php"))]

    def find(self, id: str) -> Extension | None:
        """The module in this directory."""
        file = paths.MODULES / id / "conf.php"
        return self._read(file) if file.exists() else None

    def install(self, id: str) -> None:
        """Insert its row, after its dependencies; it isn't looked at whether there is one."""
        self._install_dependencies(id)
        module = self._on_disk(id)
        columns = ("rname", "mod_release", "is_removeable", "infos", "author")
        row = {column: module.settings.get(column) for column in columns}
        self._database.insert("modules_informations", {"name": id} | row)
        self._run_scripts(id, "install")

    def update(self, id: str) -> None:
        """Set its row to the disk's version, after its dependencies; without a row, nothing."""
        self._install_dependencies(id)
        module = self._on_disk(id)
        self._run_scripts(id, "upgrade")
        self._database.execute(
            "update modules_informations set rname = %s, infos = %s, author = %s, mod_release = %s"
            " where id = (select * from (select min(id) from modules_informations where name = %s)"
            " as found)",
            module.name,
            module.description,
            module.author,
            module.version,
            id,
        )

    def remove(self, id: str) -> None:
        """Delete one row of it; refused while an installed module needs it."""
        needing = [m.name for m in self.all() if m.current is not None and id in m.dependencies]
        if needing:
            names = ", ".join(needing)
            raise ExtensionError(f"Following modules need to be removed first: {names}")
        if self.find(id) is None:
            raise ExtensionError("Module configuration file not found.")
        self._run_scripts(id, "uninstall")
        self._database.execute(
            "delete from modules_informations where name = %s order by id limit 1", id
        )

    def _install_dependencies(self, id: str) -> None:
        for dependency in self._on_disk(id).dependencies:
            found = self.find(dependency)
            if found is None:
                raise ExtensionError(f'Module "{dependency}" is missing')
            if found.current is None:
                self.install(dependency)
            elif found.is_outdated:
                self.update(dependency)

    def _on_disk(self, id: str) -> Extension:
        module = self.find(id)
        if module is None:
            raise ExtensionError(f'Module "{id}" is missing')
        return module

    def _run_scripts(self, id: str, what: str) -> None:
        script = paths.MODULES / id / "sql" / f"{what}.sql"
        if script.exists():
            self._database.run_script(script.read_text())

    def _read(self, file: Path) -> Extension:
        id = file.parent.name
        settings = next(iter(php.read_arrays(file.read_text())["module_conf"].values()))
        row = self._database.row(
            "select mod_release from modules_informations where name = %s order by id desc", id
        )
        return Extension(
            id,
            "module",
            settings["rname"],
            settings["author"],
            settings["mod_release"],
            settings["infos"],
            keywords=id,
            current=None if row is None else row["mod_release"],
            license=_license(settings.get("require_license") is True),
            stability=settings.get("stability") or "stable",
            last_update=settings.get("last_update"),
            release_note=settings.get("release_note"),
            images=tuple(f"modules/{id}/{image}" for image in settings.get("images") or ()),
            dependencies=tuple(settings.get("dependencies") or ()),
            settings=settings,
        )


class Widgets:
    """Widgets: a directory with configs.xml, a row in widget_models."""

    _COLUMNS = (
        "title", "description", "url", "version", "author", "email", "website", "keywords",
        "thumbnail",
    )  # fmt: skip

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Extension]:
        """The widgets on the disk, by id."""
        return [self._read(file) for file in sorted(paths.WIDGETS.glob("*/configs.xml"))]

    def find(self, id: str) -> Extension | None:
        """The widget in this directory."""
        file = paths.WIDGETS / id / "configs.xml"
        return self._read(file) if file.exists() else None

    def install(self, id: str) -> None:
        """Insert its row; refused when there is one."""
        widget = self._on_disk(id)
        if widget.current is not None:
            raise ExtensionError("Widget is already installed.")
        self._database.insert("widget_models", {"directory": id} | self._row(widget))

    def update(self, id: str) -> None:
        """Set its row to the disk's version; refused when there is none."""
        widget = self._on_disk(id)
        if widget.current is None:
            raise ExtensionError(f'Widget "{id}" is not installed.')
        row = self._row(widget)
        assignments = ", ".join(f"{column} = %s" for column in row)
        self._database.execute(
            f"update widget_models set {assignments} where directory = %s", *row.values(), id
        )

    def remove(self, id: str) -> None:
        """Delete its row, if there is one."""
        self._on_disk(id)
        self._database.execute("delete from widget_models where directory = %s", id)

    def _on_disk(self, id: str) -> Extension:
        widget = self.find(id)
        if widget is None:
            raise ExtensionError(f'Cannot get configuration file of widget "{id}"')
        return widget

    def _row(self, widget: Extension) -> Json:
        values = {column: widget.settings.get(column) for column in self._COLUMNS}
        values["url"] = values["url"] or ""
        return values | {"autoRefresh": int(widget.settings.get("autoRefresh") or 0)}

    def _read(self, file: Path) -> Extension:
        id = file.parent.name
        settings = {
            element.tag.rpartition("}")[2]: (element.text or "").strip()
            for element in ET.parse(file).getroot()
        }
        row = self._database.row("select version from widget_models where directory = %s", id)
        return Extension(
            id,
            "widget",
            settings["title"],
            settings["author"],
            settings["version"],
            settings["description"],
            settings.get("keywords", ""),
            current=None if row is None else row["version"],
            license=None,
            stability=settings.get("stability") or "stable",
            last_update=settings.get("last_update") or None,
            release_note=settings.get("release_note") or None,
            settings=settings,
        )


def _license(required: bool) -> Json:
    """No licence is ever found in the lab, so one that is required has no end date."""
    return {"required": True, "expiration_date": None} if required else {"required": False}


def sources(database: Database) -> dict[str, Source]:
    """The types of extensions."""
    return {"module": Modules(database), "widget": Widgets(database)}


def in_order(extensions: list[Extension]) -> list[Extension]:
    """As the page shows them: those to update, those to install, the rest; each by name."""
    return sorted(extensions, key=lambda e: (not e.is_outdated, e.current is not None, e.name))
