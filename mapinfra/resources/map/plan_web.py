"""The web side of a MAP installation: the package, module, widget and options. Pure."""

from collections.abc import Callable, Iterator

from mapinfra.centreon.releases.editions import WEB_CLIENT
from mapinfra.centreon.releases.version import Version
from mapinfra.centreon.web import extensions, options
from mapinfra.centreon.web.extensions import LICENSE_MANAGER, ExtensionPart
from mapinfra.errors import CentreonError
from mapinfra.resources.map.context import MapStep
from mapinfra.resources.map.model import (
    DesiredMap,
    LiveMap,
    Replace,
    expect_unheld,
    offered_as,
)
from mapinfra.resources.map.steps_web import (
    ChangeWebPackage,
    Extend,
    KeepWebPackage,
    Retire,
    SetOptions,
    extend,
)


class WebSide:
    """Steps on the central or remote that a MAP server serves."""

    def __init__(self, desired: DesiredMap, live: LiveMap) -> None:
        self._desired = desired
        self._live = live
        self._host = desired.web.name

    def packages(self) -> list[Replace]:
        """Return the packages to change; raise CentreonError where none is offered as wanted."""
        return [*self._license_manager(), *self._web_client()]

    def keep(self, package: Replace) -> KeepWebPackage:
        """Return the step before it: what the package manager would refuse is told in time."""
        name, old, new = package.package, package.old, package.new
        text = f"see that {name} {new} can be installed"
        if new is None:
            text = f"fetch {name} {old} for the way back, see that it can be removed"
        elif old is not None:
            text = f"fetch {name} {old} for the way back, see that {new} can be installed"
        return KeepWebPackage(self._host, text, package)

    def change(self, package: Replace) -> ChangeWebPackage:
        """Return the step that changes a package."""
        name, old, new = package.package, package.old, package.new
        text = f"change {name} from {old} to {new}"
        if new is None:
            text = f"remove {name} {old}"
        elif old is None:
            text = f"install {name} {new}"
        return ChangeWebPackage(self._host, text, package)

    def extensions(
        self, chosen: Callable[[ExtensionPart], bool] = lambda _: True
    ) -> Iterator[Extend]:
        """Return what Extension Manager has to do with the parts chosen."""
        for action in extensions.actions(self._live.extensions, str(self._desired.web_client)):
            if chosen(action.part):
                yield extend(self._host, action)

    def options(self, address: str | None) -> Iterator[SetOptions]:
        """Return the step that tells the module where users reach this server."""
        if address is None:
            return
        wanted = options.wanted(self._desired.edition, address)
        differing = options.differences(self._live.options, wanted)
        if differing:
            text = ", ".join(f"{one.key} to {one.desired}" for one in differing)
            before = {one.key: self._live.options.get(one.key) for one in differing}
            after = {one.key: one.desired for one in differing}
            yield SetOptions(self._host, f"set {text}", before, after)

    def leave(self) -> Iterator[MapStep]:
        """Return the steps that remove widget, module and package; License Manager stays.

        Other extensions may need that one.
        """
        old = self._live.web_installed.versions.get(WEB_CLIENT.package)
        gone = Replace(WEB_CLIENT.package, old, None)
        if old is not None:
            expect_unheld(self._live.web_installed, WEB_CLIENT.package, self._host)
            yield self.keep(gone)
        for action in extensions.removals(self._live.extensions):
            yield Retire(self._host, str(action), action, self._live.options)
        if old is not None:
            yield self.change(gone)

    def _web_client(self) -> Iterator[Replace]:
        name, wanted = WEB_CLIENT.package, self._desired.web_client
        old = self._live.web_installed.versions.get(name)
        if old is None or Version.of_package(old) != wanted:
            expect_unheld(self._live.web_installed, name, self._host)
            new = offered_as(self._live.web_offered, name, wanted, self._host)
            yield Replace(name, old, new)

    def _license_manager(self) -> Iterator[Replace]:
        """MAP's module needs it; where its files are missing, its package is installed."""
        if self._live.extensions.found[LICENSE_MANAGER].available is not None:
            return
        name, line = WEB_CLIENT.needed_module, self._desired.web_client.line
        offered = self._live.web_offered.versions.get(name, ())
        fitting = [text for text in offered if Version.of_package(text).line == line]
        if not fitting:
            raise CentreonError(
                f"the files of {name}, which MAP needs, aren't there, and no repository offers "
                f"its package of line {line}",
                where=self._host,
                remedy=f"install package {name}, or configure the repository of its line",
            )
        yield Replace(name, None, fitting[-1])
