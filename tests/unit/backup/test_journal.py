"""The journal: who may go on."""

import base64
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from mapinfra.backup import Back, Entry, Found, Holder, Reach, Standing, journal
from mapinfra.errors import CommandFailed

ELSEWHERE = Holder("ada", "console", 4711, "another machine")
ENTRY = Entry(
    "centreon-map",
    "upgrade",
    "23.10.1",
    ELSEWHERE,
    backup="/b/1",
    step="stop the service",
    since=1709208000,
    until=1709208900,
)
DONE = Back("done", "starting the service", "", Reach.ALL, "lease", "2024-02-29T12:00:00Z")
IN_TIME, LATE = ENTRY.until, ENTRY.until + 1


def ended() -> int:
    """The id of a process that has ended and was waited for."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


@pytest.mark.parametrize(
    ("found", "standing"),
    [
        (Found(IN_TIME), Standing.FREE),
        (Found(IN_TIME, ENTRY), Standing.HELD),
        (Found(LATE, ENTRY), Standing.ABANDONED),
        (Found(IN_TIME, ENTRY, DONE), Standing.WENT_BACK),
        (Found(LATE, ENTRY, DONE), Standing.WENT_BACK),
        (Found(LATE, ENTRY, None, going_back=True), Standing.HELD),
        (Found(IN_TIME, ENTRY, replace(DONE, state="failed")), Standing.HELD),
        (Found(LATE, ENTRY, replace(DONE, state="failed")), Standing.ABANDONED),
    ],
)
def test_who_may_go_on(found: Found, standing: Standing) -> None:
    assert found.standing is standing


def test_a_run_that_ended_on_this_machine_holds_nothing() -> None:
    me = Holder.myself()
    assert not me.has_ended
    dead = replace(me, pid=ended())
    assert dead.has_ended
    assert Found(IN_TIME, replace(ENTRY, holder=dead)).standing is Standing.ABANDONED
    for unknown in (replace(dead, machine="another"), replace(dead, machine="")):
        assert not unknown.has_ended


def test_a_process_of_another_user_is_alive() -> None:
    assert not replace(Holder.myself(), pid=1).has_ended
    assert os.getpid() != 1


def test_the_reason_names_holder_time_and_step() -> None:
    who = "upgrade of centreon-map to 23.10.1 by ada@console (process 4711) since 2024-02-29"
    assert Found(IN_TIME, ENTRY).reason == f"{who} 12:00:00 UTC: still on"
    assert Found(LATE, ENTRY).reason.endswith("its run ended after: stop the service")
    assert Found(LATE, ENTRY, DONE).reason.endswith("the host has gone back by itself")
    assert Found(IN_TIME).reason == ""


def test_an_entry_is_read_as_it_was_written() -> None:
    written = ENTRY.dumps(new=False).replace('"until": "until"', f'"until": {ENTRY.until}')
    assert Entry.loads(written) == ENTRY
    assert '"since": "now"' in ENTRY.dumps(new=True)


def printed(*lines: str) -> str:
    return "\n".join((str(IN_TIME), *lines, ""))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_what_the_probe_prints_is_read() -> None:
    written = ENTRY.dumps(new=False).replace('"until": "until"', f'"until": {ENTRY.until}')
    assert journal.parse(printed(), "map") == Found(IN_TIME)
    text = printed(encoded(written), "back ", "unit inactive")
    assert journal.parse(text, "map") == Found(IN_TIME, ENTRY)
    text = printed(encoded(written), "back ", "unit activating")
    assert journal.parse(text, "map").going_back


@pytest.mark.parametrize("content", ["", "{", "[]", '{"holder": {}}'])
def test_a_damaged_journal_is_told_with_what_to_do(content: str) -> None:
    with pytest.raises(CommandFailed, match=r"^map: the journal .* can't be read .*delete it$"):
        journal.parse(printed(encoded(content), "back ", "unit inactive"), "map")
