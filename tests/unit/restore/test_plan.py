"""What a restore would do, and how it is taken back."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from mapinfra.backup import MariadbClient, Reach
from mapinfra.errors import CentreonError, MapinfraError
from mapinfra.resources.contract import Step, StepNotBegun, taken_back
from mapinfra.resources.map.model import CHANGED
from mapinfra.resources.map.own_database import OwnDatabase
from mapinfra.resources.map.steps import LockedStep, NamedStep, TakeLock
from mapinfra.restore import plan_restore
from mapinfra.restore.steps import (
    BackUpPresent,
    CancelFormer,
    GoBackFirst,
    InstallMissing,
    PutPresentBack,
    RestoreContext,
)
from mapinfra.rollback import Entry, Found, Holder
from tests.unit.backup.samples import MANIFEST, manifest
from tests.unit.resources.lamp import empty_session
from tests.unit.restore.samples import PACKAGE, PRESENT, SAME, SERVER, observed

S = TypeVar("S", bound=Step[RestoreContext])

HOLDER = Holder("ada", "console", 4711, "another machine")


def entry(step: str = "") -> Entry:
    return Entry("centreon-map-engine", "update", "22.10.5", HOLDER, step=step, until=10)


def names(steps: Iterable[Step[RestoreContext]]) -> list[str]:
    return [step.name for step in steps if isinstance(step, NamedStep)]


def the(kind: type[S], steps: Iterable[Step[RestoreContext]]) -> S:
    (step,) = (step for step in steps if isinstance(step, kind))
    return step


def test_a_backup_of_another_host_is_told_as_such() -> None:
    here, there = "map (machine-id 1)", "old-map (machine-id 2)"
    backup = replace(MANIFEST, machine=there)
    first, *_ = plan_restore(SERVER, backup, observed(machine=here)).notes
    assert first.startswith(f"the backup was taken on another host, {there}, and this is {here}")
    for one in ("", here):
        notes = plan_restore(SERVER, replace(MANIFEST, machine=one), observed(machine=here)).notes
        assert not any("another host" in note for note in notes)


def test_each_part_is_told_as_it_is_and_as_it_will_be() -> None:
    told = {one.part: one for one in plan_restore(SERVER, MANIFEST, observed()).differences}
    package = told[f"package {PACKAGE}"]
    assert (package.now, package.then) == ("22.10.5-1.el8", "22.10.1-1.el8")
    database = told["database centreon_map (2.5 MB)"]
    assert (database.now, database.then) == ("3 tables, 8 rows", "2 tables, 3 rows")
    assert database.details == ("table map_view: 7 rows → 3 rows", "table new: 1 row → not there")
    files = told["configuration /etc/centreon-map"]
    assert files.now == "1 file differs"
    assert files.details == ("/etc/centreon-map/x.conf: content",)
    service = told["service centreon-map-engine"]
    assert (service.now, service.then) == ("active, enabled", "active, enabled")


def test_what_is_as_in_the_backup_is_told_so() -> None:
    for one in plan_restore(SERVER, MANIFEST, observed(SAME)).differences:
        assert (one.now, one.details) == (one.then, ())


def test_a_restore_has_a_way_back_of_its_own() -> None:
    plan = plan_restore(SERVER, MANIFEST, observed())
    assert names(plan.plan.steps) == ["lock", "backup", "arm", "restore", "health", "release"]
    assert the(BackUpPresent, plan.plan.steps).server.old == "22.10.5-1.el8"


def test_the_health_of_a_service_that_did_not_run_is_not_waited_for() -> None:
    plan = plan_restore(SERVER, manifest(active=False), observed())
    assert "health" not in names(plan.plan.steps)


def test_without_a_database_there_is_no_way_back_and_that_is_said() -> None:
    plan = plan_restore(SERVER, MANIFEST, observed(database=None, packages={}))
    assert names(plan.plan.steps) == ["lock", "install", "restore", "health", "release"]
    assert plan.notes[0].startswith("there is no database centreon_map now, so no backup is taken")
    assert plan.differences[0].now == "not installed"


def test_a_package_that_is_missing_is_installed_first_and_removed_when_that_fails() -> None:
    plan = plan_restore(SERVER, MANIFEST, observed(packages={}))
    assert names(plan.plan.steps)[:5] == ["lock", "backup", "arm", "install", "restore"]
    assert the(BackUpPresent, plan.plan.steps).server.old is None
    assert the(InstallMissing, plan.plan.steps).server.wanted == {PACKAGE: "22.10.1-1.el8"}
    undone = taken_back(plan.plan.steps[:4])
    assert names(undone) == ["uninstall", "return", "release"]
    assert the(PutPresentBack, undone).reach == Reach.ALL


def test_what_isnt_part_of_it_is_told() -> None:
    version, web = plan_restore(SERVER, MANIFEST, observed()).notes
    assert 'version: "22.10.1" → "22.10.5", and the next `up` brings that again' in version
    assert web.startswith("MAP's web client on central isn't part of the backup")
    same = manifest(packages={PACKAGE: "22.10.5-1.el8"})
    assert len(plan_restore(SERVER, same, observed()).notes) == 1


def test_a_lock_that_is_held_stops_it() -> None:
    with pytest.raises(CentreonError, match=r"by ada@console .* still on; wait until it has ended"):
        plan_restore(SERVER, MANIFEST, observed(found=Found(5, entry())))


def test_a_backup_of_the_other_edition_is_refused() -> None:
    with pytest.raises(CentreonError, match="it is of centreon-map, not of centreon-map-engine"):
        plan_restore(SERVER, manifest(service="centreon-map"), observed())


def test_a_backup_of_another_database_is_refused_unless_its_configuration_names_it() -> None:
    other = manifest(database="centreon_maq")
    with pytest.raises(CentreonError, match="database centreon_maq, which its own configuration"):
        plan_restore(SERVER, other, observed())
    seen = replace(observed(), own_databases=frozenset({"centreon_maq"}))
    assert plan_restore(SERVER, other, seen).plan.steps


def test_a_restore_tells_when_it_endangers_a_server_that_runs() -> None:
    assert plan_restore(SERVER, MANIFEST, observed()).endangers == ""
    assert plan_restore(SERVER, MANIFEST, observed(database=None)).endangers == PACKAGE
    stopped = observed(database=None, active="inactive")
    assert plan_restore(SERVER, MANIFEST, stopped).endangers == ""


def test_an_automatic_rollback_that_can_not_run_is_cancelled_first() -> None:
    held = replace(entry("stop"), backup="/b/before")
    found = Found(20, held, armed=True, blocked="back.sh is missing")
    steps = plan_restore(SERVER, MANIFEST, observed(found=found)).plan.steps
    assert names(steps)[:3] == ["lock", "cancel", "backup"]
    assert steps[1].text.endswith("to backup before, which can't run: back.sh is missing")
    assert the(CancelFormer, steps).directory == "/b/before"
    assert the(TakeLock, steps).lock.unfinished
    undone = taken_back(steps[:2])
    assert names(undone) == ["lost"]


@pytest.mark.parametrize(
    ("step", "reach"), [("stop", Reach.SERVICE), (f"server{CHANGED}", Reach.ALL)]
)
def test_an_interrupted_run_is_gone_back_from_first(step: str, reach: Reach) -> None:
    before = manifest(id="before", packages={PACKAGE: "22.10.3-1.el8"})
    found = Found(20, entry(step))
    seen = observed(PRESENT, found, interrupted=before, packages={}, database=None)
    steps = plan_restore(SERVER, MANIFEST, seen).plan.steps
    assert names(steps)[:4] == ["lock", "resume", "backup", "arm"]
    lock, back = the(TakeLock, steps).lock, the(GoBackFirst, steps)
    assert (lock.over, lock.unfinished) == (found.entry, True)
    assert (back.reach, back.former) == (reach, before)
    # What is installed then is what the interrupted run had found.
    assert the(BackUpPresent, steps).server.old == "22.10.3-1.el8"


def test_a_lock_that_was_left_without_a_change_is_taken_over() -> None:
    steps = plan_restore(SERVER, MANIFEST, observed(found=Found(20, entry()))).plan.steps
    assert steps[0].text.endswith("over from a run that was interrupted")
    assert (the(TakeLock, steps).lock.unfinished, names(steps)[1]) == (False, "backup")


@pytest.mark.parametrize(
    ("done", "back", "reach"),
    [
        (1, ["release"], None),
        (2, ["release"], None),
        (3, ["return", "release"], Reach.SERVICE),
        (4, ["return", "release"], Reach.ALL),
        (5, ["return", "release"], Reach.ALL),
        (6, ["return", "release"], Reach.ALL),
    ],
)
def test_what_was_done_is_taken_back(done: int, back: list[str], reach: Reach | None) -> None:
    steps = plan_restore(SERVER, MANIFEST, observed()).plan.steps[:done]
    undone = taken_back(steps)
    assert names(undone) == back
    if reach is not None:
        assert the(PutPresentBack, undone).reach == reach


def test_what_can_not_be_taken_back_is_said_after_the_lock_is_released() -> None:
    steps = plan_restore(SERVER, MANIFEST, observed(database=None)).plan.steps
    undone = taken_back(steps[:2])
    assert names(undone) == ["release", "lost"]


def test_an_interrupted_run_that_can_not_be_gone_back_from_keeps_its_journal() -> None:
    seen = observed(found=Found(20, entry()), interrupted=manifest(id="before"))
    steps = plan_restore(SERVER, MANIFEST, seen).plan.steps[:2]
    undone = taken_back(steps)
    assert names(undone) == ["lost"]


THEN = replace(MANIFEST, socket="/run/a.sock", datadir="/var/lib/mysql/")


def own(socket: str, datadir: str, name: str = "centreon_map") -> OwnDatabase:
    return OwnDatabase(name, MariadbClient(socket=socket, datadir=datadir))


@pytest.mark.parametrize(
    ("own", "is_refused"),
    [
        (own("/run/a.sock", "/var/lib/mysql/"), False),
        (own("/new.sock", "/var/lib/mysql/"), False),
        (own("/run/a.sock", "/srv/mysql/"), False),
        (own("/run/b.sock", "/srv/b/"), True),
        (own("/run/a.sock", "/var/lib/mysql/", "other"), True),
        (CentreonError("its login is refused", where="map"), False),
        (None, False),
    ],
)
def test_a_database_that_map_does_not_use_is_not_brought_back(
    own: OwnDatabase | CentreonError | None, is_refused: bool
) -> None:
    if is_refused:
        with pytest.raises(
            CentreonError, match=r"is of database centreon_map by /run/a\.sock, and"
        ):
            plan_restore(SERVER, THEN, observed(own=own))
        return
    told = plan_restore(SERVER, THEN, observed(own=own)).notes
    assert any("its login is refused" in note for note in told) == isinstance(own, CentreonError)


@pytest.mark.parametrize(
    ("client", "is_refused"),
    [
        (MariadbClient(socket="/run/a.sock", unit="mariadb", datadir="/srv/mysql/"), False),
        (MariadbClient(socket="/run/b.sock", unit="", datadir="/var/lib/mysql/"), False),
        (MariadbClient(socket="/run/b.sock", unit="mariadb@second", datadir="/srv/b/"), True),
        (MariadbClient(socket="/run/b.sock", unit="", datadir="/srv/b/"), True),
    ],
)
def test_a_backup_of_an_earlier_version_is_of_the_usual_mariadb(
    client: MariadbClient, *, is_refused: bool
) -> None:
    seen = observed(own=OwnDatabase("centreon_map", client))
    if is_refused:
        with pytest.raises(CentreonError, match="of database centreon_map by the usual socket"):
            plan_restore(SERVER, MANIFEST, seen)
    else:
        assert plan_restore(SERVER, MANIFEST, seen).plan.steps


def test_a_restore_that_is_to_end_begins_no_step_until_the_backup_is_brought_back(
    tmp_path: Path,
) -> None:
    with closing(empty_session(tmp_path)) as session:
        context = RestoreContext(
            SERVER.desired, session, manifest=MANIFEST, stopped=lambda: True, tell=print
        )
        steps = plan_restore(SERVER, MANIFEST, observed(packages={})).plan.steps
        locked = [step for step in steps if isinstance(step, LockedStep)]
        spared = [step for step in locked if step.can_be_spared]
        assert names(spared) == ["backup", "arm", "install", "restore"]
        for step in spared:
            with pytest.raises(StepNotBegun, match="central/map: interrupted"):
                context.expect_wanted(step)


def test_what_takes_over_from_an_interrupted_run_counts_as_begun(tmp_path: Path) -> None:
    seen = observed(found=Found(20, entry()), interrupted=manifest(id="before"))
    back = the(GoBackFirst, plan_restore(SERVER, MANIFEST, seen).plan.steps)
    with closing(empty_session(tmp_path)) as session:
        context = RestoreContext(
            SERVER.desired, session, manifest=MANIFEST, stopped=lambda: True, tell=print
        )
        with pytest.raises(MapinfraError, match="interrupted") as refused:
            context.expect_wanted(back)
    assert back.can_be_spared
    assert not isinstance(refused.value, StepNotBegun)
