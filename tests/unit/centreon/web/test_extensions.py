"""What is read of MAP's extensions, and what is planned, without a host."""

from collections.abc import Sequence
from typing import Any

import pytest

from mapinfra.centreon.web.extensions import (
    EXTENSIONS_ON_DISK,
    LICENSE_MANAGER,
    MODULE,
    WIDGET,
    ExtensionChange,
    Extensions,
    OnDisk,
    actions,
    joined,
    read_disk,
    read_listing,
    removals,
)
from mapinfra.errors import ApiError, CentreonError

WIDGET_ID = "centreon-map-views"
Rows = Sequence[dict[str, object]]


def on_disk(version: str, manager: str = "22.10.1") -> list[OnDisk]:
    return [
        OnDisk("module", LICENSE_MANAGER.name, LICENSE_MANAGER.name, manager),
        OnDisk("module", MODULE.name, MODULE.name, version),
        OnDisk("widget", WIDGET_ID, WIDGET.name, version),
        OnDisk("widget", "clock", "Clock", "1.0"),
    ]


def module_row(id: int, name: str, version: str) -> dict[str, object]:
    return {"id": id, "name": name, "version": version}


def widget_row(id: int, version: str, directory: str = WIDGET_ID) -> dict[str, object]:
    return {"id": id, "name": directory, "title": WIDGET.name, "version": version}


def state(disk: Sequence[OnDisk] = (), modules: Rows = (), widgets: Rows = ()) -> Extensions:
    return joined(disk, modules, widgets, where="central")


def installed(version: str) -> Extensions:
    modules = [module_row(1, LICENSE_MANAGER.name, "22.10.1"), module_row(2, MODULE.name, version)]
    return state(on_disk(version), modules, [widget_row(3, version)])


def lines(planned: Sequence[ExtensionChange]) -> list[str]:
    return [str(action) for action in planned]


def test_the_first_installation_is_planned_before_any_file_is_there() -> None:
    assert lines(actions(state(), "22.10.5")) == [
        "install module centreon-license-manager",
        "install module centreon-map4-web-client 22.10.5",
        "install widget MAP - Display views 22.10.5",
    ]


def test_an_update_is_planned_for_the_version_that_the_package_will_bring() -> None:
    assert lines(actions(installed("22.10.1"), "22.10.5")) == [
        "update module centreon-map4-web-client 22.10.1 → 22.10.5",
        "update widget MAP - Display views 22.10.1 → 22.10.5",
    ]


def test_a_downgrade_is_an_update_for_centreon() -> None:
    verbs = [action.verb for action in actions(installed("23.04.1"), "22.10.5")]
    assert verbs == ["update", "update"]


def test_what_is_as_wanted_needs_nothing() -> None:
    assert actions(installed("22.10.5"), "22.10.5") == ()


def test_an_outdated_license_manager_is_updated_first() -> None:
    modules = [module_row(1, LICENSE_MANAGER.name, "22.04.0")]
    found = state(on_disk("22.10.5"), modules, [])
    assert lines(actions(found, "22.10.5"))[0] == (
        "update module centreon-license-manager 22.04.0 → 22.10.1"
    )


def test_only_what_is_installed_is_removed_widget_first() -> None:
    assert lines(removals(installed("22.10.5"))) == [
        "remove widget MAP - Display views 22.10.5",
        "remove module centreon-map4-web-client 22.10.5",
    ]
    assert removals(state(on_disk("22.10.5"))) == ()


def test_a_widget_whose_files_are_gone_is_known_by_its_row() -> None:
    widget = state(widgets=[widget_row(3, "22.10.5", "old-name")]).found[WIDGET]
    assert (widget.id, widget.available, widget.installed) == ("old-name", None, "22.10.5")


def test_each_action_is_taken_back_by_its_opposite() -> None:
    assert ExtensionChange("install", MODULE, after="2").undone == ExtensionChange(
        "remove", MODULE, before="2"
    )
    assert ExtensionChange("update", MODULE, "1", "2").undone == ExtensionChange(
        "update", MODULE, "2", "1"
    )
    assert ExtensionChange("remove", MODULE, before="2").undone == ExtensionChange(
        "install", MODULE, after="2"
    )


@pytest.mark.parametrize("kind", ["module", "widget"])
def test_a_part_installed_twice_stops_every_plan(kind: str) -> None:
    modules = [module_row(n, MODULE.name, "22.10.1") for n in (4, 9)]
    widgets = [widget_row(n, "22.10.1") for n in (4, 9)]
    found = state(modules=modules) if kind == "module" else state(widgets=widgets)
    told = f"^central: {kind} .* installed twice: 2 rows"
    with pytest.raises(CentreonError, match=told):
        actions(found, "22.10.5")
    with pytest.raises(CentreonError, match=told):
        removals(found)


def test_two_widgets_of_maps_title_are_told() -> None:
    twin = OnDisk("widget", "copy", WIDGET.name, "22.10.1")
    with pytest.raises(CentreonError, match="2 widgets have this title: centreon-map-views, copy"):
        state([*on_disk("22.10.1"), twin])


def test_the_disk_is_read_as_vendors_write_their_files() -> None:
    text = (
        "file /usr/share/centreon/www/modules/centreon-map4-web-client/conf.php\n"
        '$module_conf[\'centreon-map4-web-client\']["mod_release"]  = "23.10.0";\n'
        "file /usr/share/centreon/www/modules/centreon-license-manager/conf.php\n"
        "file /usr/share/centreon/www/widgets/map/configs.xml\n"
        "    <title>MAP - Display views</title><version> 23.10.0 </version>\n"
    )
    assert read_disk(text) == [
        OnDisk("module", MODULE.name, MODULE.name, "23.10.0"),
        OnDisk("module", LICENSE_MANAGER.name, LICENSE_MANAGER.name, ""),
        OnDisk("widget", "map", WIDGET.name, "23.10.0"),
    ]


def test_a_disk_without_extensions_is_empty() -> None:
    assert read_disk("") == []


def test_the_probe_only_reads() -> None:
    assert not any(word in EXTENSIONS_ON_DISK.script for word in (">", "rm ", "sed -i"))


def entity(**version: Any) -> dict[str, Any]:
    said = {"current": None, "available": "1", "outdated": False, "installed": False} | version
    return {"id": "x", "type": "module", "description": "X", "label": "", "version": said}


def listing(*entities: dict[str, Any]) -> dict[str, Any]:
    parts = {"module": {"entities": list(entities)}, "widget": {"entities": []}}
    return {"status": True, "result": parts}


def test_the_api_s_list_is_read() -> None:
    assert read_listing(listing(entity())) == [OnDisk("module", "x", "X", "1")]
    assert read_listing(listing(entity(available=None)))[0].version == ""


@pytest.mark.parametrize(
    "body",
    [
        {"status": False, "result": None},
        {"result": {}},
        {"status": True, "result": {"module": {}}},
        {"status": True, "result": []},
        listing({"id": "x"}),
    ],
)
def test_a_list_that_is_none_is_told(body: dict[str, Any]) -> None:
    with pytest.raises(ApiError):
        read_listing(body)
