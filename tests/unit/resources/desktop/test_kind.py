"""DesktopClient: what a preview says, and a plan that an update of the server doesn't change."""

import json
from dataclasses import replace

import pytest

from mapinfra.centreon.map.answers import Downloads
from mapinfra.centreon.releases.version import Version
from mapinfra.errors import CentreonError
from mapinfra.hosts import Ssh, Target
from mapinfra.resources.contract import Change, taken_back
from mapinfra.resources.desktop.kind import DesiredDesktop, DesktopClientKind, LiveDesktop
from mapinfra.resources.desktop.mirror import Folder, Kept
from mapinfra.resources.desktop.steps import (
    DropFetched,
    ForgetFound,
    PlaceClients,
    PutClientsBack,
    PutMirrorBack,
)

KIND = DesktopClientKind()
OLD, NEW = Version.parse("22.10.1"), Version.parse("22.10.5")
MIRROR = "/srv/clients"
WANTED = DesiredDesktop(Target(name="map", ssh=Ssh()), NEW, MIRROR)


def offer(*versions: Version) -> Downloads:
    names = [
        f"client-{version}-{system}.zip" for version in versions for system in ("linux", "mac")
    ]
    return Downloads("http://localhost:8080/x/", 200 if names else 404, "", dict.fromkeys(names, 7))


def kept(version: Version, folder: str = MIRROR) -> Kept:
    return Kept(folder, (), str(version), {f"client-{version}-linux.zip": "sum"})


BEFORE = LiveDesktop(OLD, offer(OLD), Folder((MIRROR,)), ())
DONE = LiveDesktop(NEW, offer(NEW), Folder((), kept(NEW).files), (kept(NEW),))


def test_the_plan_is_the_same_before_the_server_s_update_and_after_it() -> None:
    plan = KIND.plan(WANTED, BEFORE)
    assert plan.lines() == [
        "map: record what is found in /srv/clients",
        "map: fetch desktop client 22.10.5 from the server",
        "map: put it in /srv/clients, older clients aside",
        "map: record it, delete what mapinfra had put there before",
    ]
    assert plan.changes == (Change("mirrored", "", "22.10.5"),)
    for offered in (offer(NEW), None):
        assert KIND.plan(WANTED, replace(BEFORE, version=NEW, offer=offered)) == plan


def test_a_mirror_as_wanted_needs_nothing_and_says_what_users_get() -> None:
    plan = KIND.plan(WANTED, DONE)
    assert plan.steps == ()
    assert plan.reason.startswith(
        "/srv/clients holds desktop client 22.10.5; users get desktop client 22.10.5"
    )


def test_a_preview_shows_the_version_that_each_system_s_users_will_get() -> None:
    assert KIND.computed(WANTED, BEFORE)["users_get"] == {
        "linux": "22.10.1",
        "client-22.10.1-mac.zip": "22.10.1",
    }
    foreseen = KIND.foreseen(WANTED, BEFORE)
    assert set(foreseen["users_get"].values()) == {"22.10.5"}
    assert foreseen["mirrored"] == "22.10.5"
    assert KIND.foreseen(WANTED, DONE) == KIND.computed(WANTED, DONE)


def test_an_offer_that_no_update_will_change_is_no_difference() -> None:
    without = replace(WANTED, mirror=None)
    for offered in (offer(OLD), offer(), None):
        live = replace(BEFORE, version=NEW, offer=offered)
        assert KIND.plan(without, live).steps == ()
        assert KIND.foreseen(without, live) == KIND.computed(without, live)


@pytest.mark.parametrize(
    ("offered", "why"),
    [
        (offer(), r"offers no desktop client \(HTTP 404\), so there is nothing to mirror"),
        (offer(OLD), r"offers desktop client 22\.10\.1, not 22\.10\.5, so there is"),
    ],
)
def test_a_mirror_of_what_will_never_be_offered_is_refused(offered: Downloads, why: str) -> None:
    with pytest.raises(CentreonError, match=why):
        KIND.plan(WANTED, replace(BEFORE, version=NEW, offer=offered))
    assert KIND.plan(WANTED, replace(DONE, offer=offered)).steps == ()


def test_what_isn_t_right_in_the_mirror_is_named_and_fetched_again_alone() -> None:
    live = replace(DONE, folder=Folder())
    plan = KIND.plan(WANTED, live)
    name = "client-22.10.5-linux.zip"
    assert plan.changes == (Change("mirrored", f"22.10.5; {name} is missing", "22.10.5"),)
    assert plan.lines()[0] == f"map: fetch {name} from the server"


def test_a_mirror_that_isn_t_wanted_any_more_is_cleared() -> None:
    plan = KIND.plan(replace(WANTED, mirror=None), DONE)
    assert plan.lines() == [
        "map: take what mapinfra put there out of /srv/clients",
        "map: delete it, forget what was found in /srv/clients",
    ]
    assert KIND.removal(WANTED, DONE).steps == plan.steps
    assert KIND.removal(WANTED, BEFORE).steps == ()


def test_a_mirror_in_another_folder_is_there_before_the_first_is_cleared() -> None:
    elsewhere = replace(DONE, folder=Folder(("/new",)))
    lines = KIND.plan(replace(WANTED, mirror="/new"), elsewhere).lines()
    assert lines[0] == "map: record what is found in /new"
    assert lines[-2] == "map: take what mapinfra put there out of /srv/clients"


def test_undoing_goes_back_in_reverse() -> None:
    steps = KIND.plan(WANTED, BEFORE).steps
    placed = [type(step) for step in steps].index(PlaceClients) + 1
    back = [type(step) for step in taken_back(steps[:placed])]
    assert back == [PutClientsBack, DropFetched, ForgetFound]
    assert taken_back(steps) == []  # what was there before is deleted by then
    steps = KIND.removal(WANTED, DONE).steps
    assert [type(step) for step in taken_back(steps[:1])] == [PutMirrorBack]


def test_inputs_survive_pulumis_json() -> None:
    inputs = {"map": {"name": "map", "ssh": {}}, "version": "22.10.5", "mirror": MIRROR}
    desired = KIND.desired(json.loads(json.dumps(inputs)))
    assert (desired.version, desired.mirror) == (NEW, MIRROR)
    assert f"desktop {MIRROR}" in desired.map.reads
