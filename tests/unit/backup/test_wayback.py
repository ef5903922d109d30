"""The script of the way back, as text."""

import shlex
import subprocess

import pytest

from mapinfra.backup import Back, Manifest, Reach
from mapinfra.backup.wayback import render
from tests.unit.backup.samples import MANIFEST, manifest


@pytest.mark.parametrize(
    "backup",
    [
        MANIFEST,
        manifest(family="deb"),
        manifest(packages={}, files={}),
        manifest(active=False),
        manifest(elsewhere=()),
    ],
    ids=["rpm", "deb", "no packages", "stopped", "one folder"],
)
def test_it_is_a_script_of_any_posix_shell(backup: Manifest) -> None:
    text = render(backup, start_mariadb=True)
    done = subprocess.run(["dash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert text.startswith("#!/bin/sh\n")


def test_what_it_works_on_is_what_the_manifest_says() -> None:
    lines = render(MANIFEST, start_mariadb=False).splitlines()
    given = dict(
        (words[0].split("=", 1))
        for line in lines[: lines.index("step=beginning")]
        if len(words := shlex.split(line, comments=True)) == 1 and "=" in words[0]
    )
    assert given["here"] == MANIFEST.directory
    assert given["service"] == "centreon-map-engine.service"
    assert (given["database"], given["config"]) == ("centreon_map", "/etc/centreon-map")
    assert (given["was_active"], given["enablement"], given["has_mariadb"]) == (
        "yes",
        "enabled",
        "no",
    )


def test_what_is_replaced_is_kept_before_a_package_can_replace_it() -> None:
    lines = render(MANIFEST, start_mariadb=False).splitlines()
    assert '  for path in "$config" /etc/my.cnf.d/map.cnf; do' in lines
    assert lines.index("  do_it keep_config") < lines.index("  do_it put_packages_back")


def test_it_refuses_a_word_it_does_not_know() -> None:
    text = render(manifest(directory="/"), start_mariadb=False)
    done = subprocess.run(
        ["sh", "-c", text, "back.sh", "everything"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, "all or service, not everything\n")


def test_its_report_is_read() -> None:
    text = (
        '{"state": "failed", "step": "putting the packages back", "message": "no space", '
        '"reach": "all", "by": "lease", "at": "2024-02-29T12:00:00Z"}\n'
    )
    back = Back.loads(text)
    assert (back.state, back.reach, back.by) == ("failed", Reach.ALL, "lease")
    assert str(back) == "putting the packages back: no space"
    for broken in ("", "[]", "{}", text.replace("failed", "lost"), text.replace('"all"', '"x"')):
        with pytest.raises(ValueError, match=r"."):
            Back.loads(broken)
