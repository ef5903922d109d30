"""The legacy edition's desktop client: what users are told that they get."""

import pytest

from mapinfra.centreon.map.answers import Downloads
from mapinfra.centreon.map.desktop import Download, clients, fitting, platforms, told
from mapinfra.centreon.releases.version import Version

V5 = Version.parse("22.10.5")
LINUX, WINDOWS = "map-client-22.10.5-linux.zip", "map-client-22.10.5-windows.exe"


def offer(*names: str, code: int | None = 200, error: str = "", size: int | None = 7) -> Downloads:
    return Downloads("http://localhost:8080/x/", code, error, dict.fromkeys(names, size))


def test_a_client_s_version_and_platform_are_in_its_name() -> None:
    assert [(c.version, c.platform) for c in clients(offer(LINUX, "other.zip"))] == [
        ("22.10.5", "linux"),
        ("", "other.zip"),
    ]


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (None, "the server doesn't answer: what it offers for download isn't known"),
        (
            offer(LINUX, WINDOWS),
            "users get desktop client 22.10.5 from the server (linux, windows); one that is "
            "online brings itself to it",
        ),
        (
            offer("map-client-22.10.1-linux.zip"),
            "http://localhost:8080/x/ offers desktop client 22.10.1, not 22.10.5",
        ),
        (
            offer("client.zip"),
            "http://localhost:8080/x/ offers desktop client of no version, not 22.10.5",
        ),
        (offer(code=404), "http://localhost:8080/x/ offers no desktop client (HTTP 404)"),
        (
            offer(code=None, error="timed out"),
            "http://localhost:8080/x/ offers no desktop client (timed out)",
        ),
    ],
)
def test_users_are_told_what_they_get(found: Downloads | None, line: str) -> None:
    assert told(found, V5) == line


def test_only_clients_of_the_server_s_version_fit() -> None:
    offered = offer(LINUX, "map-client-22.10.1-windows.exe", "other.zip")
    assert fitting(offered, V5) == (Download(LINUX, 7),)


def test_each_system_has_the_versions_offered_for_it() -> None:
    offered = offer(LINUX, "map-client-22.10.1-linux.zip", WINDOWS)
    assert platforms(offered) == {"linux": "22.10.1, 22.10.5", "windows": "22.10.5"}
    assert platforms(None) == {}


def test_a_name_that_leads_out_of_a_folder_is_no_client() -> None:
    assert clients(offer("../x.zip", "a/b.zip", "..", "-rf.zip", LINUX)) == (Download(LINUX, 7),)
