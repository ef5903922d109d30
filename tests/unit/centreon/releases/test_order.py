"""The vendor's order of an update, for each edition."""

import pytest

from mapinfra.centreon.releases.editions import ENGINE, LEGACY, Edition
from mapinfra.centreon.releases.order import Place, Stage, update_order


def _stages(edition: Edition) -> list[str]:
    return [str(one.stage) for one in update_order(edition)]


def test_the_legacy_server_is_whole_before_the_web_side() -> None:
    assert _stages(LEGACY) == [
        "dump",
        "prepare",
        "stop",
        "server package",
        "settings",
        "start",
        "web package",
        "module",
        "widget",
        "health",
    ]


def test_the_engine_stands_still_while_the_web_side_changes() -> None:
    assert _stages(ENGINE) == [
        "dump",
        "prepare",
        "stop",
        "web package",
        "server package",
        "settings",
        "module",
        "widget",
        "start",
        "health",
    ]


@pytest.mark.parametrize("edition", [LEGACY, ENGINE], ids=lambda edition: edition.name)
def test_every_stage_comes_once_with_place_text_and_source(edition: Edition) -> None:
    stages = update_order(edition)
    assert sorted(one.stage for one in stages) == sorted(Stage)
    web = {Stage.WEB_PACKAGE, Stage.MODULE, Stage.WIDGET}
    assert {one.stage for one in stages if one.place is Place.WEB} == web
    assert all(one.text and one.source.startswith("Centreon documentation ") for one in stages)
