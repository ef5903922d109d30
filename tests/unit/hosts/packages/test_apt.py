"""What apt and dpkg print, read; the files in golden/ are real output."""

import pytest

from mapinfra.hosts.packages import PackageChange, read_installed, read_offered
from mapinfra.hosts.packages.apt import Apt
from tests.unit.hosts.packages.golden import completed, printed

SERVER = "centreon-map-server"


@pytest.mark.parametrize(
    ("golden", "status", "changes"),
    [
        (
            "apt-foresee-install",
            0,
            [
                PackageChange("install", "openjdk-17-jre-headless", "17.0.13-1"),
                PackageChange("install", SERVER, "22.10.1-1"),
            ],
        ),
        ("apt-foresee-change", 0, [PackageChange("change", SERVER, "22.10.5-1")]),
        ("apt-foresee-nothing", 0, []),
        (
            "apt-foresee-remove",
            0,
            [
                PackageChange("remove", SERVER, "22.10.1-1"),
                PackageChange("remove", "openjdk-17-jre-headless", "17.0.13-1"),
            ],
        ),
        ("apt-foresee-absent", 100, None),
        ("apt-foresee-dependency", 100, None),
    ],
)
def test_a_simulation_says_what_would_change(
    golden: str, status: int, changes: list[PackageChange] | None
) -> None:
    assert Apt().foreseen(completed(golden, status)) == changes


def test_a_package_that_only_lacks_its_configuration_is_a_change() -> None:
    text = "Conf centreon-map-server (22.10.1-1 Centreon:22.10 [all])\n"
    done = completed("apt-foresee-nothing", 0, stdout=text)
    assert Apt().foreseen(done) == [PackageChange("change", SERVER, "22.10.1-1")]


def test_a_missing_dependency_is_told_in_one_line() -> None:
    assert Apt().complaint(completed("apt-foresee-dependency", 100)) == (
        "unmet dependencies: centreon-map-server : Depends: centreon-map-keystore-tools but it is "
        "not installable"
    )


def test_a_script_that_failed_is_told_with_what_it_said() -> None:
    assert Apt().complaint(completed("apt-script-fails", 100)) == (
        "centreon-map-server: the keystore can't be converted dpkg: error processing package "
        "centreon-map-server (--configure): installed centreon-map-server package "
        "post-installation script subprocess returned error exit status 1"
    )


def test_a_lock_is_told_from_a_failure() -> None:
    assert Apt().is_busy(completed("apt-busy", 100))
    assert not Apt().is_busy(completed("apt-script-fails", 100))


def test_what_is_installed_is_read_with_the_system() -> None:
    found = read_installed(printed("apt-installed"))
    assert found.family == "deb"
    assert (found.system["ID"], found.system["VERSION_ID"]) == ("debian", "12")
    assert found.versions == {SERVER: "22.10.1-1", "openjdk-17-jre-headless": "17.0.13-1"}
    assert found.faults == ()


def test_a_half_configured_package_is_installed_and_a_fault() -> None:
    found = read_installed(printed("apt-installed-after-failure"))
    assert found.versions[SERVER] == "23.10.92-1"
    (fault,) = found.faults
    assert fault.startswith("centreon-map-server 23.10.92-1 is half configured")


@pytest.mark.parametrize("state", ["rc", "un", "pn"])
def test_a_package_that_left_only_its_configuration_is_not_installed(state: str) -> None:
    found = read_installed(f"family deb\ncentreon-map-server 22.10.1-1 {state} \n")
    assert (found.versions, found.faults) == ({}, ())


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("iU", "unpacked only"),
        ("iH", "half installed"),
        ("iiR", "marked for a new installation"),
        ("it", "waiting for its triggers"),
    ],
)
def test_every_unfinished_state_is_a_fault(state: str, told: str) -> None:
    (fault,) = read_installed(f"family deb\ncentreon-map-server 22.10.1-1 {state} \n").faults
    assert told in fault


def test_a_held_package_is_installed_without_fault() -> None:
    found = read_installed("family deb\ncentreon-map-server 22.10.1-1 hi \n")
    assert (dict(found.versions), found.faults) == ({SERVER: "22.10.1-1"}, ())


def test_every_version_on_offer_is_read_oldest_first() -> None:
    found = read_offered(printed("apt-offered"))
    assert found.versions[SERVER] == ("22.10.1-1", "22.10.5-1", "23.10.92-1", "23.10.93-1")
    assert found.versions["openjdk-17-jre-headless"] == ("17.0.13-1",)
    assert found.unreadable == ()


def test_a_repository_that_cannot_be_read_is_named_with_its_reason() -> None:
    found = read_offered(printed("apt-offered-partly"))
    assert found.versions == read_offered(printed("apt-offered")).versions
    gone, absent = found.unreadable
    assert gone.startswith("http://127.0.0.1:9/gone 22.10: Could not connect to 127.0.0.1:9")
    assert absent.startswith("file:/srv/absent 22.10: File not found")


def test_a_missing_key_is_told_once_for_all_repositories() -> None:
    said = "family deb\n"
    for number, suite in enumerate(("22.10", "23.10"), start=1):
        said += f"!Err:{number} file:/srv/deb {suite} InRelease\n!  NO_PUBKEY 57CF\n"
    for suite in ("22.10", "23.10"):
        said += f"!W: GPG error: file:/srv/deb {suite} InRelease: NO_PUBKEY 57CF\n"
        said += f"!E: The repository 'file:/srv/deb {suite} InRelease' is not signed.\n"
    assert read_offered(f"{said}!exit 100\n").unreadable == (
        "file:/srv/deb 22.10, file:/srv/deb 23.10: NO_PUBKEY 57CF",
    )


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        (124, "", "apt-get update: it took longer than 40 s"),
        (100, "", "apt-get update: exit 100 without a word, as on a full disk"),
        (100, "!E: Malformed entry 1 in list file gone.list\n", "Malformed entry 1"),
        (0, "!W: GPG error: file:/srv 22.10 InRelease: bad\n", "GPG error: file:/srv 22.10"),
    ],
)
def test_apt_that_could_not_ask_is_told(status: int, said: str, told: str) -> None:
    end = f"!exit {status}\n" if status else ""
    (fault,) = read_offered(f"family deb\n{said}{end}").unreadable
    assert told in fault


@pytest.mark.parametrize(
    ("conffiles", "options"),
    [
        ("keep", ["Dpkg::Options::=--force-confdef", "Dpkg::Options::=--force-confold"]),
        ("replace", ["Dpkg::Options::=--force-confnew"]),
    ],
)
def test_dpkg_is_told_what_to_do_with_edited_files(conffiles: str, options: list[str]) -> None:
    argv = Apt().install([f"{SERVER}=1"], "keep" if conffiles == "keep" else "replace")
    assert [word for word in argv if word.startswith("Dpkg::Options")] == options
