"""Versions that are offered, and that a package manager is told to leave alone."""

import pytest

from mapinfra.hosts.packages import Offered, read_installed, read_offered

DNF = """\
family rpm
=map 22.10.1-1.el8
!centreon        25 kB/s | 2.5 kB     00:00
~by /etc/dnf/dnf.conf
~by /etc/yum.repos.d/centreon.repo
~map 22.10.1-1.el8
~map 22.10.5-1.el8
"""
APT = """\
family deb
map |  22.10.5-1 | http://mirror.example.net 22.10/main amd64 Packages
map |  22.10.1-1 | http://mirror.example.net 22.10/main amd64 Packages
licence |  22.10.5-1 | http://mirror.example.net 22.10/main amd64 Packages
~by /etc/apt/preferences.d/map
%map:
%  Installed: 22.10.1-1
%  Candidate: 22.10.1-1
%  Version table:
%     22.10.5-1 {newer}
%        500 http://mirror.example.net 22.10/main amd64 Packages
% *** 22.10.1-1 {older}
%        500 http://mirror.example.net 22.10/main amd64 Packages
%        100 /var/lib/dpkg/status
%licence:
%  Installed: (none)
%  Candidate: 22.10.5-1
%  Version table:
%     22.10.5-1 500
%        500 http://mirror.example.net 22.10/main amd64 Packages
"""


def test_what_dnf_excludes_is_withheld_and_the_files_are_named() -> None:
    assert read_offered(DNF) == Offered(
        versions={"map": ("22.10.1-1.el8",)},
        withheld={"map": ("22.10.5-1.el8",)},
        withheld_by=("/etc/dnf/dnf.conf", "/etc/yum.repos.d/centreon.repo"),
    )


@pytest.mark.parametrize(("newer", "older"), [("-1", "500"), ("500", "1001")])
def test_what_a_pin_keeps_away_is_withheld(newer: str, older: str) -> None:
    assert read_offered(APT.format(newer=newer, older=older)) == Offered(
        versions={"licence": ("22.10.5-1",), "map": ("22.10.1-1",)},
        withheld={"map": ("22.10.5-1",)},
        withheld_by=("/etc/apt/preferences.d/map",),
    )


def test_a_pin_that_only_prefers_keeps_nothing_away() -> None:
    found = read_offered(APT.format(newer="500", older="990"))
    assert found.versions["map"] == ("22.10.1-1", "22.10.5-1")
    assert found.withheld == {}


def test_a_package_on_hold_is_installed_whole_and_held() -> None:
    found = read_installed("family deb\nmap 22.10.1-1 hi \nlicence 22.10.1-1 ii \n")
    assert (found.versions["map"], found.faults) == ("22.10.1-1", ())
    assert found.held == {"map"}
