"""`mapinfra up` on a terminal: what it shows is what it does, however long the answer takes."""

import os
import pty
import subprocess
from collections.abc import Callable

from tests.lab.project import MAPINFRA, STACK, Project, images_shown, output_rows, query

FOREIGN = (
    "INSERT INTO cfg_centreonbroker_info (config_id, config_key, config_value, config_group, "
    "config_group_id, grp_level) SELECT config_id, k, v, 'output', 4, 0 FROM cfg_centreonbroker, "
    "(SELECT 'name' k, 'other' v UNION SELECT 'type', 'ipv4' UNION SELECT 'port', '7777' "
    "UNION SELECT 'host', 'elsewhere') rows_of_it WHERE config_name = 'paris-broker'"
)


def _up(project: Project, meanwhile: Callable[[], object]) -> tuple[int, str]:
    """Run `up` on a terminal, do something while it asks, then say yes."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [str(MAPINFRA), "up", "--stack", STACK],
        cwd=project.folder,
        env={**os.environ, **project.environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = bytearray()
        while b"Go on?" not in shown and (part := _read(ours)):
            shown += part
        meanwhile()
        os.write(ours, b"y\n")
        while part := _read(ours):
            shown += part
        os.close(ours)
        return process.wait(timeout=60), shown.decode()


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 4096)
    except OSError:  # the other end of a terminal is closed: that's how Linux tells
        return b""


def test_what_changes_while_it_asks_is_seen_and_fails_alone(project: Project) -> None:
    lab = project.lab
    code, shown = _up(project, lambda: query(lab.host("central"), FOREIGN))
    assert code == 1, shown
    assert "what is there has changed since the preview" in shown
    assert output_rows(lab, "paris") == []
    assert images_shown(lab, "paris")
    assert len(output_rows(lab, "lyon")) == 22


def test_what_stays_while_it_asks_is_done(project: Project) -> None:
    code, shown = _up(project, lambda: None)
    assert code == 0, shown
    project.expect_nothing_to_do()
