"""The journal: who may go on."""

import base64
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from mapinfra import processes
from mapinfra.backup import Back, Reach
from mapinfra.errors import CommandFailed
from mapinfra.rollback import Entry, Found, Holder, Standing, journal
from tests.unit.backup.samples import MANIFEST

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
    assert not replace(Holder.myself(), pid=1, started="").has_ended
    assert os.getpid() != 1


def test_a_process_that_was_given_the_id_of_one_that_ended_is_another() -> None:
    me = Holder.myself()
    assert me.started.isdecimal()
    before = replace(me, started=str(int(me.started) - 1))
    assert before.has_ended
    assert Found(IN_TIME, replace(ENTRY, holder=before)).standing is Standing.ABANDONED
    assert not replace(before, started="").has_ended, "an earlier journal doesn't tell"


def test_facts_of_a_run_that_had_ended_stay_while_its_id_is_given_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Found(IN_TIME, replace(ENTRY, holder=replace(Holder.myself(), pid=ended())))
    assert found.standing is Standing.ABANDONED
    monkeypatch.setattr(processes, "has_ended", lambda *_: False)
    assert found.standing is Standing.ABANDONED


def test_the_reason_names_holder_time_and_step() -> None:
    who = "upgrade of centreon-map to 23.10.1 by ada@console (process 4711) since 2024-02-29"
    assert Found(IN_TIME, ENTRY).reason == f"{who} 12:00:00 UTC: still on"
    assert Found(LATE, ENTRY).reason.endswith("its run ended after: stop the service")
    assert Found(LATE, ENTRY, DONE).reason.endswith("the host has gone back by itself")
    assert Found(IN_TIME).reason == ""


def test_an_entry_is_read_as_it_was_written() -> None:
    written = written_by_the_host(ENTRY)
    assert Entry.loads(written) == ENTRY
    assert '"since": "now"' in ENTRY.dumps(new=True)


def written_by_the_host(entry: Entry) -> str:
    text = entry.dumps(new=False).replace('"until": "until"', f'"until": {entry.until}')
    return text.replace('"boot": "boot"', f'"boot": "{entry.boot}"')


def printed(*lines: str) -> str:
    return "\n".join((f"{IN_TIME} b1 700", *lines, ""))


def described(*words: str) -> str:
    return " ".join(("id", *words))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_what_the_probe_prints_is_read() -> None:
    first = replace(ENTRY, backup="")
    assert journal.parse(printed(), "map") == Found(IN_TIME, boot="b1", up=700)
    text = printed(encoded(written_by_the_host(first)))
    assert journal.parse(text, "map") == Found(IN_TIME, first, boot="b1", up=700)


def there(*, back: str = "", unsound: str = "") -> str:
    """What is printed of a whole backup."""
    names = {**{name: file.size for name, file in MANIFEST.files.items()}}
    names |= {"back.sh": 1, "SHA256SUMS": 1, "MANIFEST.json": 1}
    listed = "".join(f"{size} {name}\n" for name, size in names.items())
    packed = (encoded(text) for text in (MANIFEST.dumps(), listed, back, unsound))
    return described("armed", "7", *packed)


FAILED = (
    '{"state": "failed", "step": "checking the backup", "message": "x: FAILED", '
    '"reach": "all", "by": "lease", "at": ""}'
)
OURS = replace(ENTRY, backup=MANIFEST.directory)


@pytest.mark.parametrize(
    ("backup", "state", "standing", "blocked"),
    [
        (there(), "inactive", Standing.ABANDONED, ""),
        (there(), "activating", Standing.HELD, ""),
        (there(back=FAILED), "activating", Standing.STUCK, "checking the backup: x: FAILED"),
        (there(back=FAILED.replace("checking the backup", "starting")), "activating",
         Standing.HELD, ""),
        (there(unsound="back.sh is missing"), "inactive", Standing.STUCK, "back.sh is missing"),
        (described("refused", encoded("there is no /b/1 any more")), "activating", Standing.STUCK,
         "there is no /b/1 any more"),
        (there(back=FAILED.replace("failed", "done")), "inactive", Standing.WENT_BACK, ""),
    ],
)  # fmt: skip
def test_a_way_back_that_can_not_run_is_a_state_of_its_own(
    backup: str, state: str, standing: Standing, blocked: str
) -> None:
    late = replace(OURS, boot="b1", until=600)
    text = printed(encoded(written_by_the_host(late)), backup, state, "armed")
    found = journal.parse(text, "map")
    assert (found.standing, found.blocked) == (standing, blocked)
    assert (found.interrupted is not None) == (standing is Standing.ABANDONED)
    if standing is Standing.STUCK:
        assert found.reason.endswith(f"its run ended, and the host can't go back: {blocked}")


def test_a_run_at_work_is_not_ended_because_its_backup_is_gone() -> None:
    working = replace(OURS, boot="b1", until=900)
    gone = described("refused", encoded("there is no /b/1 any more"))
    text = printed(encoded(written_by_the_host(working)), gone, "inactive", "armed")
    assert journal.parse(text, "map").standing is Standing.HELD


@pytest.mark.parametrize("now", [0, IN_TIME, LATE, LATE + 10**9])
def test_no_clock_that_is_set_gives_the_lock_away_or_keeps_it(now: int) -> None:
    entry = replace(ENTRY, boot="b1", until=600, span=500)
    assert Found(now, entry, boot="b1", up=600).standing is Standing.HELD
    assert Found(now, entry, boot="b1", up=601).standing is Standing.ABANDONED
    # After a restart, it is held for as long as it was taken for.
    assert Found(now, entry, boot="b2", up=500).standing is Standing.HELD
    assert Found(now, entry, boot="b2", up=501).standing is Standing.ABANDONED


def test_a_beginning_in_the_future_is_told() -> None:
    assert "in the future" not in Found(ENTRY.since, ENTRY).reason
    told = "12:00:00 UTC (which is in the future by the host's clock): still on"
    assert Found(ENTRY.since - 3600, ENTRY).reason.endswith(told)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"holder": {}}'])
def test_a_damaged_journal_is_told_with_what_to_do(content: str) -> None:
    with pytest.raises(CommandFailed, match=r"^map: the journal .* can't be read .*delete it$"):
        journal.parse(printed(encoded(content), "back ", "unit inactive"), "map")
