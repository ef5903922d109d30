"""The steps on the central or remote that a MAP server serves: packages, extensions, options."""

from dataclasses import dataclass

from mapinfra.centreon.web import options
from mapinfra.centreon.web.extensions import LICENSE_MANAGER, MODULE, WIDGET, ExtensionChange
from mapinfra.hosts import packages
from mapinfra.resources.map import option_rows
from mapinfra.resources.map.context import Back, Done, MapContext, MapStep
from mapinfra.resources.map.model import Replace
from mapinfra.resources.map.steps import Turn

_UPDATED = {LICENSE_MANAGER: Turn.MANAGER, MODULE: Turn.MODULE, WIDGET: Turn.WIDGET}


@dataclass(frozen=True)
class KeepWebPackage(MapStep):
    """The package of before fetched for the way back, and the change seen to be possible."""

    package: Replace
    name = "keep"
    is_change = False

    def _act(self, context: MapContext) -> None:
        web = self.package
        if web.new is None:
            packages.foresee_removal(context.web, [web.package])
        else:
            packages.foresee(context.web, web.wanted)
            packages.download(context.web, web.wanted, f"mapinfra-download-{context.service}")
        if web.old is not None:
            folder = context.web_packages
            context.operation.kept_web = packages.fetch_afresh(context.web, web.past, folder)


@dataclass(frozen=True)
class ChangeWebPackage(MapStep):
    """A package of the web client installed, changed or removed."""

    package: Replace
    name = "web"
    turn = Turn.WEB_PACKAGES

    def _act(self, context: MapContext) -> None:
        context.change_package(context.web, self.package, "web")

    def undo(self, done: Done) -> Back:
        """See `Step.undo`."""
        old, name = self.package.old, self.package.package
        text = f"put {name} {old} back" if old else f"remove {name} again"
        yield PutWebPackageBack(self.host, text, self.package)


@dataclass(frozen=True)
class PutWebPackageBack(MapStep):
    """The package of before installed from what was kept; removed where there was none."""

    package: Replace
    name = "unweb"

    def _act(self, context: MapContext) -> None:
        web, unit = self.package, f"mapinfra-web-back-{context.service}"
        if web.old is None:
            packages.remove(context.web, [web.package], unit)
        elif self._installed(context) != web.old:
            packages.install_files(context.web, context.operation.kept_web, unit)

    def _installed(self, context: MapContext) -> str | None:
        """Return the version that is installed, None if it is not whole."""
        found = packages.installed(context.web, [self.package.package])
        return None if found.faults else found.versions.get(self.package.package)


@dataclass(frozen=True)
class Extend(MapStep):
    """What Extension Manager is to do with one extension."""

    action: ExtensionChange
    name = "extend"

    @property
    def turn(self) -> int:
        """See `Step.turn`."""
        is_update = self.action.verb == "update"
        return _UPDATED[self.action.part] if is_update else Turn.NEW_EXTENSIONS

    def _act(self, context: MapContext) -> None:
        context.extensions.run(self.action)

    def undo(self, done: Done) -> Back:
        """See `Step.undo`."""
        yield extend(self.host, self.action.undone)


def extend(host: str, action: ExtensionChange) -> Extend:
    """Return the step of an action."""
    return Extend(host, str(action), action)


@dataclass(frozen=True)
class Retire(MapStep):
    """An extension removed; the module's own removal deletes its options."""

    action: ExtensionChange
    options: options.Values
    name = "retire"
    turn = Turn.RETIRED_EXTENSIONS

    def _act(self, context: MapContext) -> None:
        context.extensions.run(self.action)

    def undo(self, done: Done) -> Back:
        """See `Step.undo`. The options come after all extensions: the first one's is the last."""
        yield extend(self.host, self.action.undone)
        if self is next(step for step in done if isinstance(step, Retire)):
            yield SetOptions(self.host, "put its options back", self.options, self.options)


@dataclass(frozen=True)
class SetOptions(MapStep):
    """Rows of table `options` written, which the module reads."""

    before: options.Values
    after: options.Values
    name = "options"
    turn = Turn.OPTIONS

    def _act(self, context: MapContext) -> None:
        option_rows.write(context.web, context.web_database, self.after)

    def undo(self, done: Done) -> Back:
        """See `Step.undo`."""
        yield SetOptions(self.host, "put the old options back", self.after, self.before)
