"""The legacy edition's desktop client: what a preview says, and what a mirror lacks."""

import pytest

from mapinfra.centreon.desktop import (
    Client,
    MirrorChange,
    clients,
    mirror_change,
    mirror_probe,
    read_mirror,
    told,
)
from mapinfra.centreon.editions import ENGINE, LEGACY, Edition
from mapinfra.centreon.map_servers import Offer, Report
from mapinfra.centreon.version import Version

V5 = Version.parse("22.10.5")
LINUX, WINDOWS = "map-client-22.10.5-linux.zip", "map-client-22.10.5-windows.exe"


def offer(*names: str, code: int | None = 200, error: str = "", size: int | None = 7) -> Offer:
    return Offer("http://localhost:8080/x/", code, error, dict.fromkeys(names, size))


def report(offered: Offer | None, edition: Edition = LEGACY) -> Report:
    return Report(edition, (), 5758, (), offered)


def test_a_client_s_version_and_platform_are_in_its_name() -> None:
    assert [(c.version, c.platform) for c in clients(offer(LINUX, "other.zip"))] == [
        ("22.10.5", "linux"),
        ("", "other.zip"),
    ]


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (None, "no desktop client: MAP is used in the browser"),
        (report(None, ENGINE), "no desktop client: MAP is used in the browser"),
        (report(None), "the server doesn't answer: what it offers for download isn't known"),
        (
            report(offer(LINUX, WINDOWS)),
            "users get desktop client 22.10.5 from the server (linux, windows)",
        ),
        (
            report(offer("map-client-22.10.1-linux.zip")),
            "the server offers desktop client 22.10.1, not 22.10.5: it is updated with it",
        ),
        (
            report(offer(code=404)),
            "http://localhost:8080/x/ offers no desktop client (HTTP 404)",
        ),
        (
            report(offer(code=None, error="timed out")),
            "http://localhost:8080/x/ offers no desktop client (timed out)",
        ),
    ],
)
def test_a_preview_says_what_users_will_get(found: Report | None, line: str) -> None:
    assert told(found, V5) == line


def test_a_mirror_lacks_what_is_missing_or_of_another_size() -> None:
    assert mirror_change(offer(LINUX, WINDOWS), {LINUX: 3}).fetch == (
        Client(LINUX, 7),
        Client(WINDOWS, 7),
    )
    assert mirror_change(offer(LINUX, WINDOWS), {LINUX: 7, WINDOWS: 7}) == MirrorChange((), ())
    assert mirror_change(offer(LINUX, size=None), {LINUX: 3}) == MirrorChange((), ())


def test_only_older_clients_are_deleted_from_a_mirror() -> None:
    old = "map-client-22.10.1-linux.zip"
    held = {old: 1, LINUX: 7, "README": 1, "photos-2024.10.1.zip": 1}
    assert mirror_change(offer(LINUX), held) == MirrorChange((), (old,))


def test_a_server_that_offers_nothing_empties_no_mirror() -> None:
    assert mirror_change(offer(), {LINUX: 7}) == MirrorChange((), ())


def test_a_listing_is_read_with_every_kind_of_name() -> None:
    assert read_mirror("12 a b.zip\n0 c\n") == {"a b.zip": 12, "c": 0}
    assert read_mirror("") == {}


def test_a_folder_s_name_is_no_command() -> None:
    assert "cd '/a;reboot'" in mirror_probe("/a;reboot").script


def test_a_name_that_leads_out_of_the_mirror_is_no_client() -> None:
    assert clients(offer("../x.zip", "a/b.zip", "..", "-rf.zip", LINUX)) == (Client(LINUX, 7),)
