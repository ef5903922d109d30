"""What dnf and rpm print, read; the files in golden/ are real output."""

import pytest

from mapinfra.hosts.packages import PackageChange, read_installed, read_offered
from mapinfra.hosts.packages.dnf import Dnf
from tests.unit.hosts.packages.golden import completed, printed

SERVER = "centreon-map-server"


@pytest.mark.parametrize(
    ("golden", "status", "changes"),
    [
        (
            "dnf-foresee-install",
            1,
            [
                PackageChange("install", SERVER, "22.10.1-1.el8"),
                PackageChange("install", "java-17-openjdk-headless", "17.0.13-1.el8"),
            ],
        ),
        ("dnf-foresee-change", 1, [PackageChange("change", SERVER, "22.10.5-1.el8")]),
        ("dnf-foresee-nothing", 0, []),
        (
            "dnf-foresee-remove",
            1,
            [
                PackageChange("remove", "java-17-openjdk-headless", "17.0.13-1.el8"),
                PackageChange("remove", SERVER, "22.10.1-1.el8"),
            ],
        ),
        ("dnf-foresee-absent", 1, None),
        ("dnf-foresee-dependency", 1, None),
    ],
)
def test_a_dry_run_says_what_would_change(
    golden: str, status: int, changes: list[PackageChange] | None
) -> None:
    assert Dnf().foreseen(completed(golden, status)) == changes


def test_a_row_that_dnf_breaks_and_a_package_that_is_replaced_are_read() -> None:
    table = """\
Dependencies resolved.
 Package                 Arch   Version        Repository                  Size
Installing:
 centreon-map-web-client-with-a-name-that-is-far-too-long-for-one-line
                         noarch 1:24.04.1-1.el8
                                               centreon-business-24.04     26 k
     replacing  centreon-map-web.noarch 23.10.1-1.el8
Installing dependencies:
 short                   noarch 2-1.el8        os                         6.6 k

Transaction Summary
Install  2 Packages
"""
    done = completed("dnf-foresee-nothing", 0, stdout=table)
    assert Dnf().foreseen(done) == [
        PackageChange(
            "install",
            "centreon-map-web-client-with-a-name-that-is-far-too-long-for-one-line",
            "1:24.04.1-1.el8",
        ),
        PackageChange("remove", "centreon-map-web", "23.10.1-1.el8"),
        PackageChange("install", "short", "2-1.el8"),
    ]


def test_a_missing_dependency_is_told_in_one_line() -> None:
    assert Dnf().complaint(completed("dnf-foresee-dependency", 1)) == (
        "Problem: conflicting requests - nothing provides centreon-map-keystore-tools needed by "
        "centreon-map-server-23.10.93-1.el8.noarch"
    )


def test_a_script_that_failed_is_found_though_dnf_ended_well() -> None:
    assert Dnf().script_faults(completed("dnf-script-fails", 0)) == [
        "%post of centreon-map-server-23.10.92-1.el8.noarch failed, exit status 1: "
        "centreon-map-server: the keystore can't be converted"
    ]
    assert Dnf().script_faults(completed("dnf-install", 0)) == []


def test_a_script_of_the_outgoing_package_does_not_count() -> None:
    warning = "warning: %postun(old-1-1.noarch) scriptlet failed, exit status 1\n"
    stderr = "Error in POSTUN scriptlet in rpm package old\n"
    done = completed("dnf-install", 0, stdout=warning, stderr=stderr)
    assert Dnf().script_faults(done) == []


def test_a_failed_script_is_found_even_where_only_dnf_tells_of_it() -> None:
    done = completed("dnf-script-fails", 0, stdout="")
    assert Dnf().script_faults(done) == ["the POSTIN script of centreon-map-server failed"]


def test_a_lock_is_told_from_a_failure() -> None:
    assert Dnf().is_busy(completed("dnf-busy", 200))
    assert not Dnf().is_busy(completed("dnf-foresee-dependency", 1))
    assert "RPMDB already locked by" in Dnf().complaint(completed("dnf-busy", 200))


def test_what_is_installed_is_read_with_the_system_and_its_keys() -> None:
    found = read_installed(printed("dnf-installed"))
    assert found.family == "rpm"
    assert found.system["ID"] == "almalinux"
    assert found.system["VERSION_ID"] == "8.10"
    assert found.versions == {
        SERVER: "22.10.1-1.el8",
        "java-17-openjdk-headless": "17.0.13-1.el8",
    }
    assert found.faults == ()
    assert len(found.signing_keys) == 1
    assert found.signing_keys[0].startswith("gpg-pubkey-")


def test_a_package_that_is_there_twice_is_a_fault() -> None:
    text = "family rpm\ncentreon-map-server 22.10.1-1.el8\ncentreon-map-server 22.10.5-1.el8\n"
    (fault,) = read_installed(text).faults
    assert "installed twice, 22.10.1-1.el8 and 22.10.5-1.el8" in fault


def test_every_version_on_offer_is_read() -> None:
    found = read_offered(printed("dnf-offered"))
    assert found.versions[SERVER][:2] == ("22.10.1-1.el8", "22.10.5-1.el8")
    assert found.versions["java-17-openjdk-headless"] == ("17.0.13-1.el8",)
    assert "openjdk-17-jre-headless" not in found.versions
    assert found.unreadable == ()


def test_a_repository_that_cannot_be_read_is_named_with_its_reason() -> None:
    found = read_offered(printed("dnf-offered-partly"))
    assert found.versions == read_offered(printed("dnf-offered")).versions
    absent, gone = found.unreadable
    assert absent.startswith("absent: Curl error (37): Couldn't read a file://")
    assert gone.startswith("gone: Curl error (7): Couldn't connect to server")


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        (124, "", "dnf: it took longer than 40 s"),
        (1, "", "dnf: exit 1 without a word, as on a full disk"),
        (1, "!Error: There are no enabled repositories\n", "There are no enabled repositories"),
    ],
)
def test_dnf_that_could_not_ask_at_all_is_told(status: int, said: str, told: str) -> None:
    (fault,) = read_offered(f"family rpm\n{said}!exit {status}\n").unreadable
    assert told in fault


def test_a_package_that_is_not_signed_is_named() -> None:
    stderr = " Package centreon-map-server-22.10.5-1.el8.noarch.rpm is not signed\n"
    done = completed("dnf-install", 1, stderr=f"{stderr}Error: GPG check FAILED\n")
    assert Dnf().complaint(done) == (
        "Package centreon-map-server-22.10.5-1.el8.noarch.rpm is not signed GPG check FAILED"
    )
